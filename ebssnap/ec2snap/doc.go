// Package ec2snap is the AWS side of ebssnap, over aws-sdk-go-v2:
//
//	cloud, err := ec2snap.New(ctx, ec2snap.Options{})
//	here, err := ec2snap.Locate(ctx, "/dev/sdb", ec2snap.Options{})
//	result, err := ebssnap.Consistent(ctx, ebssnap.Volume{Cloud: cloud, IDs: []string{here.Volume}}, freezer, 10*time.Second)
//
// # Usage
//
// New makes a Cloud from the environment, the shared configuration or the instance profile, as
// every AWS tool does. Locate answers where this program runs and which volume a device name stands
// for: instance, region and zone from the metadata service by IMDSv2 only, the volume from
// DescribeInstances. Where the mount point is known and not the device, its Mappings lead to the
// volumes:
//
//	here, err := ec2snap.Locate(ctx, "", ec2snap.Options{})
//	layout, err := volumes.Finder{Mappings: here.Mappings}.Find(ctx, "/data")
//	err = layout.Check(layout.Volumes()...).Err()                     // nil: these volumes hold all of it
//	volume := ebssnap.Volume{Cloud: cloud, IDs: layout.Volumes(), Instance: here.Instance}
//
// A Create is sent once: the retries of the SDK are off for it, and an error says whether the
// snapshot can exist. Nothing else (credentials, DNS, TLS, the list of volumes to leave out of a
// set, the time) is asked for while writers are stopped, because the DryRun before did it, over a
// connection that nothing else uses. While writers are stopped none is made.
//
// If that connection ends before writers are stopped, the DryRun is sent again. If it ends while
// they are stopped, and that is seen before the request, nothing is sent: everything is thawed, and
// another attempt made, with a new DryRun; each attempt counts against the budget, and is one of
// Volume.Attempts. If it is seen only afterwards, the outcome is unknown and looked up. An endpoint
// or a proxy that closes its connection with every answer is refused by the DryRun. With an HTTP
// client of the caller's in Cloud.Client all of that is as net/http does it; Result.Unseen tells
// when a connection was made for the request, or that it cannot be told.
//
// Credentials that would expire within the budget are renewed before. A wrong clock is corrected by
// the time that EC2 answers with, also before.
//
// # Privileges
//
// The instance profile needs this policy. Tags are set in the same request that creates the
// snapshot, which needs ec2:CreateTags too; the last statement lets Consistent raise the tag
// opskit:consistency, and nothing else, on snapshots that carry opskit:token.
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
// Deleting (Volume.DeleteUnproven) needs ec2:DeleteSnapshot with the same condition on
// aws:ResourceTag/opskit:token.
//
// # Platforms
//
// Pure Go, everywhere. Locate works only on an EC2 instance, or against ebssnaptest.
//
// # Testing
//
// ebssnaptest.NewServer is an EC2 endpoint and a metadata service on loopback: set Options.Endpoint
// and Options.Metadata to its URL.
package ec2snap
