package ec2snap_test

import (
	"context"
	"fmt"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
)

func ExampleNew() {
	server := ebssnaptest.NewServer() // on an instance: leave the options empty
	defer server.Close()
	server.AddInstance(ebssnaptest.Instance{ID: "i-0abc", Devices: map[string]string{"/dev/sdb": "vol-0abc"}})
	ctx, options := context.Background(), ec2snap.Options{Endpoint: server.URL, Metadata: server.URL, Region: "eu-west-1"}

	cloud, err := ec2snap.New(ctx, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	volume := ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0abc"}}
	result, err := ebssnap.Consistent(ctx, volume, &ebssnaptest.Freezer{}, 10*time.Second)
	fmt.Println(result.Verdict, err)
	// Output: consistent <nil>
}

func ExampleLocate() {
	server := ebssnaptest.NewServer()
	defer server.Close()
	server.AddInstance(ebssnaptest.Instance{ID: "i-0abc", Devices: map[string]string{"/dev/sdb": "vol-0abc"}})
	here, err := ec2snap.Locate(context.Background(), "/dev/xvdb", ec2snap.Options{Endpoint: server.URL, Metadata: server.URL})
	fmt.Println(here.Instance, here.Region, here.Volume, err)
	// Output: i-0abc eu-west-1 vol-0abc <nil>
}
