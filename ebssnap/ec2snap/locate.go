package ec2snap

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/volumes"
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
		return aws.Config{}, &opskit.Error{Op: "load AWS configuration", Err: err}
	}
	return loaded, nil
}

// Location is where a program runs, what is attached there, and what a device name stands for.
type Location struct {
	Instance string            `json:"instance"`           // "i-..."
	Region   string            `json:"region"`             // such as "eu-west-1"
	Zone     string            `json:"zone"`               // such as "eu-west-1a"
	Device   string            `json:"device,omitempty"`   // as the instance's block device mapping writes it
	Volume   string            `json:"volume,omitempty"`   // "vol-..."; empty if no device was asked for
	Mappings []volumes.Mapping `json:"mappings,omitempty"` // all block device mappings, for volumes.Finder: Xen disks cannot be told without them
}

// Locate asks the metadata service for instance, region, zone and the instance's own disks, and
// DescribeInstances for the volumes that are attached. A device such as "/dev/sdb" may be written
// with any of the prefixes sd, xvd and hd: they name the same attachment. An empty device leaves
// Volume empty. The error matches ErrUnknownVolume if nothing is attached as device, or several
// volumes are and none under exactly that name, and names what is attached; the Location then holds
// everything else. If it matches ErrDenied there are no Mappings, and the rest is right.
func Locate(ctx context.Context, device string, o Options) (Location, error) {
	service := o.metadata()
	document, err := service.GetInstanceIdentityDocument(ctx, nil)
	if err != nil {
		return Location{}, &opskit.Error{Op: "ask the metadata service", Err: fmt.Errorf("not on an EC2 instance, or IMDSv2 is out of reach: %w", err)}
	}
	here := Location{Instance: document.InstanceID, Region: document.Region, Zone: document.AvailabilityZone}
	if o.Region == "" {
		o.Region = here.Region
	}
	cloud, err := New(ctx, o)
	if err != nil {
		return here, err
	}
	attached, err := cloud.attached(ctx, ebssnap.Request{Instance: here.Instance})
	if err != nil {
		return here, failure("describe instances", here.Instance, err)
	}
	var names []string
	var alike []volumes.Mapping
	for _, mapping := range attached.BlockDeviceMappings {
		name := aws.ToString(mapping.DeviceName)
		names = append(names, name)
		if mapping.Ebs == nil {
			continue
		}
		volume := aws.ToString(mapping.Ebs.VolumeId)
		found := volumes.Mapping{Device: name, Volume: volume}
		here.Mappings = append(here.Mappings, found)
		if device != "" && sameDevice(name, device) {
			alike = append(alike, found)
		}
		if name == device {
			here.Device, here.Volume = name, volume
		}
	}
	if here.Volume == "" && len(alike) == 1 {
		here.Device, here.Volume = alike[0].Device, alike[0].Volume
	}
	here.Mappings = append(here.Mappings, stores(ctx, service, names)...)
	if device != "" && here.Volume == "" {
		return here, &opskit.Error{Op: "locate", Target: device, Err: fmt.Errorf("%w: attached to %s are %q", ebssnap.ErrUnknownVolume, here.Instance, names)}
	}
	return here, nil
}

// stores returns the instance's own disks, which DescribeInstances does not list. The metadata
// service tells what was asked for at launch: where a volume is attached now, it is no longer so.
// What it does not tell is left out, and a disk that has no mapping stays unknown.
func stores(ctx context.Context, service *imds.Client, attached []string) []volumes.Mapping {
	const directory = "block-device-mapping/"
	var list []volumes.Mapping
	for name := range strings.FieldsSeq(metadataText(ctx, service, directory)) {
		if !strings.HasPrefix(name, "ephemeral") {
			continue
		}
		device := strings.TrimSpace(metadataText(ctx, service, directory+name))
		if device != "" && !slices.ContainsFunc(attached, func(other string) bool { return sameDevice(other, device) }) {
			list = append(list, volumes.Mapping{Device: device})
		}
	}
	return list
}

// metadataText returns what the metadata service says, or "".
func metadataText(ctx context.Context, service *imds.Client, path string) string {
	output, err := service.GetMetadata(ctx, &imds.GetMetadataInput{Path: path})
	if err != nil {
		return ""
	}
	defer output.Content.Close()
	text, err := io.ReadAll(io.LimitReader(output.Content, 1<<16))
	if err != nil {
		return ""
	}
	return string(text)
}

// sameDevice reports whether two device names stand for the same attachment: the kernel calls
// /dev/sdb xvdb.
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
