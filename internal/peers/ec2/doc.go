// Package peers runs what ebssnap/ec2snap says to EC2 and to the metadata service against servers that nobody here wrote: the metadata
// service against Amazon's own mock, in every run, and EC2 against whatever server OPSKIT_EC2 names; without that it is
// ebssnaptest, so that the same calls are made everywhere.
//
//	cd internal/peers/ec2 && go test -v .
//	OPSKIT_EC2=http://127.0.0.1:5000 go test -v -run EC2 .     # moto's server, for example
//
// It is a module of its own, so that no user of the library downloads the mock.
package peers
