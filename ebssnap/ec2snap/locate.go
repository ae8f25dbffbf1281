package ec2snap

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/opskit-go/opskit/ebssnap"
)

// Options say where AWS is. The zero value is the real one.
type Options struct {
	Endpoint string // of EC2; empty: the region's
	Metadata string // of the metadata service; empty: http://169.254.169.254, or what AWS_EC2_METADATA_SERVICE_ENDPOINT says
	Region   string // empty: from the environment, the shared configuration, or the metadata service
}

// New returns a Cloud. It may ask the metadata service for the region, and otherwise sends nothing.
func New(ctx context.Context, o Options) (*Cloud, error) {
	loaded, err := o.load(ctx)
	if err != nil {
		return nil, err
	}
	return &Cloud{Client: ec2.NewFromConfig(loaded)}, nil
}

func (o Options) metadata() *imds.Client {
	return imds.New(imds.Options{Endpoint: o.Metadata, EnableFallback: aws.FalseTernary})
}

func (o Options) load(ctx context.Context) (aws.Config, error) {
	client := o.metadata()
	options := []func(*config.LoadOptions) error{
		config.WithEC2RoleCredentialOptions(func(role *ec2rolecreds.Options) { role.Client = client }),
		config.WithEC2IMDSRegion(func(region *config.UseEC2IMDSRegion) { region.Client = client }),
	}
	if o.Region != "" {
		options = append(options, config.WithRegion(o.Region))
	}
	if o.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(o.Endpoint))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, &ebssnap.Error{Op: "load AWS configuration", Err: err}
	}
	return loaded, nil
}

// Location is where a program runs and what a device name stands for there.
type Location struct {
	Instance string `json:"instance"`         // "i-..."
	Region   string `json:"region"`           // such as "eu-west-1"
	Zone     string `json:"zone"`             // such as "eu-west-1a"
	Device   string `json:"device,omitempty"` // as the instance's block device mapping writes it
	Volume   string `json:"volume,omitempty"` // "vol-..."; empty if no device was asked for
}

// Locate asks the metadata service for instance, region and zone, and DescribeInstances for the volume of a device such as
// "/dev/sdb". A device may be written with any of the prefixes sd, xvd and hd: they name the same attachment. An empty device
// leaves Volume empty. The error matches ErrUnknownVolume if nothing is attached as device, and names what is.
func Locate(ctx context.Context, device string, o Options) (Location, error) {
	document, err := o.metadata().GetInstanceIdentityDocument(ctx, nil)
	if err != nil {
		return Location{}, &ebssnap.Error{Op: "ask the metadata service", Err: fmt.Errorf("not on an EC2 instance, or IMDSv2 is out of reach: %w", err)}
	}
	here := Location{Instance: document.InstanceID, Region: document.Region, Zone: document.AvailabilityZone}
	if device == "" {
		return here, nil
	}
	if o.Region == "" {
		o.Region = here.Region
	}
	cloud, err := New(ctx, o)
	if err != nil {
		return here, err
	}
	output, err := cloud.Client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{here.Instance}}, patient)
	if err != nil {
		return here, failure("describe instances", here.Instance, err)
	}
	var attached []string
	for _, reservation := range output.Reservations {
		for _, instance := range reservation.Instances {
			for _, mapping := range instance.BlockDeviceMappings {
				name := aws.ToString(mapping.DeviceName)
				attached = append(attached, name)
				if mapping.Ebs != nil && sameDevice(name, device) {
					here.Device, here.Volume = name, aws.ToString(mapping.Ebs.VolumeId)
					return here, nil
				}
			}
		}
	}
	return here, &ebssnap.Error{Op: "locate", Target: device, Err: fmt.Errorf("%w: attached to %s are %q", ebssnap.ErrUnknownVolume, here.Instance, attached)}
}

// sameDevice reports whether two device names stand for the same attachment: the kernel calls /dev/sdb xvdb.
func sameDevice(a, b string) bool { return deviceLetters(a) == deviceLetters(b) }

func deviceLetters(name string) string {
	name = strings.TrimPrefix(name, "/dev/")
	for _, prefix := range []string{"xvd", "sd", "hd"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}
