package volumes_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/opskit-go/opskit/ebssnap/volumes"
)

// A data directory on one volume whose write-ahead log was moved to another.
func ExampleFinder_Find() {
	root, err := os.MkdirTemp("", "opskit-volumes-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	for _, part := range []machine{
		ebs("nvme1n1", "259:2", "vol0a1b2c3d4e5f60718"), ebs("nvme2n1", "259:3", "vol0918273645afbecd0"),
		mountinfo("20 1 259:2 / / rw - xfs /dev/nvme1n1 rw", "31 20 259:3 / /wal rw - xfs /dev/nvme2n1 rw"),
		{"pg/base/1/": "", "wal/15/": "", "pg/pg_wal": "-> /wal/15"},
	} {
		if err := part.write(root); err != nil {
			log.Fatal(err)
		}
	}

	layout, err := volumes.Finder{Root: root}.Find(context.Background(), "/pg") // without Root: this machine
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(layout)
	fmt.Println(layout.Check("vol-0a1b2c3d4e5f60718"))
	// Output:
	// volumes vol-0918273645afbecd0 vol-0a1b2c3d4e5f60718
	//   /pg on nvme1n1 vol-0a1b2c3d4e5f60718
	//   /pg/pg_wal (symlink to /wal/15) on nvme2n1 vol-0918273645afbecd0
	// not checked: nothing more
	// split: a snapshot of vol-0a1b2c3d4e5f60718 does not hold all of the data
	//   /pg/pg_wal on vol-0918273645afbecd0 (nvme2n1)
	// next: take one snapshot of the set vol-0a1b2c3d4e5f60718 vol-0918273645afbecd0
	// not checked: nothing more
}

func ExampleLayout_Check() {
	layout := volumes.Layout{Paths: []string{"/data"}, Parts: []volumes.Part{{
		Path:    "/data",
		Devices: []volumes.Device{{Name: "nvme1n1", Kind: volumes.KindDisk, Store: volumes.StoreEBS, Volume: "vol-0a1b2c3d4e5f60718"}},
	}}}
	fmt.Println(layout.Check("vol-0a1b2c3d4e5f60718").Err())
	fmt.Println(layout.Check("vol-0918273645afbecd0").Err())
	// Output:
	// <nil>
	// check the set: outside the set of volumes: /data lies on vol-0a1b2c3d4e5f60718 (nvme1n1), which is not in the set; add the volume, or name the path in Skip if it holds no data to keep
}
