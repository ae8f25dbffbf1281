package ec2snap_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/ebssnap/volumes"
)

// xenMachine writes what the kernel of a Xen instance shows of a disk that is mounted at /data.
func xenMachine(root, disk, number string, xenNumber int) error {
	xen := fmt.Sprintf("vbd-%d", xenNumber)
	block := xen + "/block/" + disk
	for _, directory := range []string{"data", "proc/self", "sys/block", "sys/dev/block", "sys/devices/" + block + "/slaves"} {
		if err := os.MkdirAll(filepath.Join(root, directory), 0o755); err != nil {
			return err
		}
	}
	mounts := fmt.Sprintf("20 1 %s / / rw - xfs /dev/%s rw\n31 20 %s / /data rw - xfs /dev/%s rw\n", number, disk, number, disk)
	return errors.Join(
		os.WriteFile(filepath.Join(root, "proc/self/mountinfo"), []byte(mounts), 0o600),
		os.WriteFile(filepath.Join(root, "sys/devices", block, "dev"), []byte(number+"\n"), 0o600),
		os.Symlink("../../devices/"+block, filepath.Join(root, "sys/dev/block", number)),
		os.Symlink("../devices/"+block, filepath.Join(root, "sys/block", disk)),
		os.Symlink("../../../"+xen, filepath.Join(root, "sys/devices", block, "device")),
	)
}

// From a mount point to the volumes to take: a Xen disk tells its volume only together with what is
// attached to the instance.
func ExampleLocate_mount() {
	root, err := os.MkdirTemp("", "opskit-locate-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(root)
	if err := xenMachine(root, "xvdb", "202:16", 51728); err != nil {
		fmt.Println(err)
		return
	}
	server := ebssnaptest.NewServer()
	defer server.Close()
	server.AddInstance(ebssnaptest.Instance{ID: "i-0abc", Devices: map[string]string{"/dev/sda1": "vol-0aaa", "/dev/sdb": "vol-0bbb"}, Root: "/dev/sda1"})
	ctx, options := context.Background(), ec2snap.Options{Endpoint: server.URL, Metadata: server.URL} // on an instance: empty

	here, err := ec2snap.Locate(ctx, "", options)
	if err != nil {
		fmt.Println(err)
		return
	}
	layout, err := volumes.Finder{Mappings: here.Mappings, Root: root}.Find(ctx, "/data") // on an instance: without Root
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := layout.Check(layout.Volumes()...).Err(); err != nil { // a part may lie on no volume
		fmt.Println(err)
		return
	}
	cloud, err := ec2snap.New(ctx, options)
	volume := ebssnap.Volume{Cloud: cloud, IDs: layout.Volumes(), Instance: here.Instance}
	fmt.Println(volume.IDs, volume.Instance, err)
	// Output: [vol-0bbb] i-0abc <nil>
}

func TestMappingsOfAnInstance(t *testing.T) {
	server := ebssnaptest.NewServer()
	t.Cleanup(server.Close)
	server.AddInstance(ebssnaptest.Instance{
		ID: "i-0abc", Root: "/dev/sda1", Stores: []string{"sdc", "xvdb"},
		Devices: map[string]string{"/dev/sda1": "vol-0aaa", "/dev/sdb": "vol-0bbb"},
	})
	options := ec2snap.Options{Endpoint: server.URL, Metadata: server.URL}
	here, err := ec2snap.Locate(t.Context(), "", options)
	require.NoError(t, err)
	assert.Equal(t, []volumes.Mapping{{Device: "/dev/sda1", Volume: "vol-0aaa"}, {Device: "/dev/sdb", Volume: "vol-0bbb"}, {Device: "sdc"}}, here.Mappings,
		"the launch had a disk of the instance where a volume is attached now")
	assert.Empty(t, here.Volume)

	// A Xen disk of the instance is no volume, and known not to be one.
	root := t.TempDir()
	require.NoError(t, xenMachine(root, "xvdc", "202:32", 51744))
	layout, err := volumes.Finder{Mappings: here.Mappings, Root: root}.Find(t.Context(), "/data")
	require.NoError(t, err)
	assert.Equal(t, volumes.VerdictSplit, layout.Check("vol-0bbb").Verdict, "%v", layout)
	layout, err = volumes.Finder{Root: root}.Find(t.Context(), "/data")
	require.NoError(t, err)
	assert.Equal(t, volumes.VerdictUnknown, layout.Check("vol-0bbb").Verdict)

	server.Deny("DescribeInstances")
	here, err = ec2snap.Locate(t.Context(), "", options)
	require.ErrorIs(t, err, ebssnap.ErrDenied)
	assert.Equal(t, "i-0abc", here.Instance)
	assert.Empty(t, here.Mappings)
}
