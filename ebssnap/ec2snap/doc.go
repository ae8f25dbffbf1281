// Package ec2snap is the AWS side of ebssnap, over aws-sdk-go-v2:
//
//	cloud, err := ec2snap.New(ctx, ec2snap.Options{})
//	here, err := ec2snap.Locate(ctx, "/dev/sdb", ec2snap.Options{})
//	result, err := ebssnap.Consistent(ctx, ebssnap.Volume{Cloud: cloud, IDs: []string{here.Volume}}, freezer, 10*time.Second)
//
// # Usage
//
// New makes a Cloud from the environment, the shared configuration or the instance profile, as every AWS tool does. Locate answers
// where this program runs and which volume a device name stands for: instance, region and zone from the metadata service by IMDSv2 only, the
// volume from DescribeInstances.
//
// A Create is sent once: the retries of the SDK are off for it, and an error says whether the snapshot can exist. Nothing else
// (credentials, DNS, TLS, the list of volumes to leave out of a set) is asked for while writers are stopped, because the DryRun before did it.
//
// # Privileges
//
// The instance profile needs this policy. Tags are set in the same request that creates the snapshot, which needs ec2:CreateTags too; the last
// statement lets Consistent raise the tag opskit:consistency, and nothing else, on snapshots that carry opskit:token.
//
//	{
//	  "Version": "2012-10-17",
//	  "Statement": [
//	    {"Sid": "Look", "Effect": "Allow", "Resource": "*",
//	     "Action": ["ec2:DescribeInstances", "ec2:DescribeSnapshots"]},
//	    {"Sid": "Create", "Effect": "Allow",
//	     "Action": ["ec2:CreateSnapshot", "ec2:CreateSnapshots"],
//	     "Resource": ["arn:aws:ec2:*:*:volume/*", "arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*::snapshot/*"]},
//	    {"Sid": "TagAtCreation", "Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "arn:aws:ec2:*::snapshot/*",
//	     "Condition": {"StringEquals": {"ec2:CreateAction": ["CreateSnapshot", "CreateSnapshots"]}}},
//	    {"Sid": "RaiseConsistency", "Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "arn:aws:ec2:*::snapshot/*",
//	     "Condition": {"Null": {"aws:ResourceTag/opskit:token": "false"},
//	                   "ForAllValues:StringEquals": {"aws:TagKeys": ["opskit:consistency"]}}}
//	  ]
//	}
//
// Deleting (Volume.DeleteUnproven) needs ec2:DeleteSnapshot with the same condition on aws:ResourceTag/opskit:token.
//
// # Platforms
//
// Pure Go, everywhere. Locate works only on an EC2 instance, or against ebssnaptest.
//
// # Testing
//
// ebssnaptest.NewServer is an EC2 endpoint and a metadata service on loopback: set Options.Endpoint and Options.Metadata to its URL.
package ec2snap
