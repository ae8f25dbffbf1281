package volumes_test

import (
	"testing"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap/volumes"
	"github.com/opskit-go/opskit/internal/contract"
)

func TestContract(t *testing.T) {
	known := &volumes.Layout{Paths: []string{"/data"}, Parts: []volumes.Part{{
		Path: "/data", Devices: []volumes.Device{{Name: "nvme1n1", Kind: volumes.KindDisk, Store: volumes.StoreEBS, Volume: volA}},
	}}}
	contract.Check(t, contract.Package{
		Prefix: "ebssnap_",
		Results: map[string]opskit.Result{
			"layout": sample(t), "layout known": known, "split": sample(t).Check(volA), "whole": known.Check(volA), "unknown": (&volumes.Layout{}).Check(volA),
		},
		Sentinels: []error{
			volumes.ErrNoPath, volumes.ErrNoBlockDevice, volumes.ErrUnknownDevice, volumes.ErrOutside, volumes.ErrCannotTell, volumes.ErrMalformed, volumes.ErrUsage,
		},
	})
}
