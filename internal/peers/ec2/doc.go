// Package peers runs what ebssnap/ec2snap says to EC2 and to the metadata service against servers that nobody here wrote: the metadata
// service against Amazon's own mock, in every run, and EC2 against whatever server OPSKIT_EC2 names; without that it is
// ebssnaptest, so that the same calls are made everywhere.
//
//	cd internal/peers/ec2 && go test -v .
//
// Against moto's server, for example, which knows neither ExcludeDataVolumeIds nor the filter block-device-mapping.volume-id, so that the
// instance has just these two volumes besides its own:
//
//	moto_server -p 5000 & alias ec2="aws --region us-east-1 --output text --endpoint-url http://127.0.0.1:5000 ec2"
//	i=$(ec2 run-instances --image-id ami-12c6146b --query 'Instances[0].InstanceId')
//	for d in f g; do
//	  v=$(ec2 create-volume --size 8 --availability-zone us-east-1a --query VolumeId); set -- "$@" $v
//	  ec2 attach-volume --instance-id $i --volume-id $v --device /dev/sd$d
//	done
//	OPSKIT_EC2=http://127.0.0.1:5000 OPSKIT_EC2_SET="$i $*" go test -v -run EC2 .
//
// It is a module of its own, so that no user of the library downloads the mock.
package peers
