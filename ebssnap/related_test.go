package ebssnap

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap/volumes"
)

func TestAFreezeOfAnotherVolumeIsRefused(t *testing.T) {
	on := func(ids ...string) *volumes.Layout {
		l := &volumes.Layout{Parts: []volumes.Part{{Path: "/dev/x"}}}
		for _, id := range ids {
			l.Parts[0].Devices = append(l.Parts[0].Devices, volumes.Device{Kind: volumes.KindDisk, Store: volumes.StoreEBS, Volume: id})
		}
		return l
	}
	tests := []struct {
		name    string
		layouts []*volumes.Layout
		ids     []string
		refused bool
	}{
		{"the volume itself", []*volumes.Layout{on("vol-a")}, []string{"vol-a"}, false},
		{"another volume", []*volumes.Layout{on("vol-a")}, []string{"vol-b"}, true},
		{"a stripe of which one is asked for", []*volumes.Layout{on("vol-a", "vol-b")}, []string{"vol-b"}, false},
		{"more is frozen than asked for", []*volumes.Layout{on("vol-a"), on("vol-b")}, []string{"vol-a"}, false},
		{"a set with a volume of no filesystem", []*volumes.Layout{on("vol-a")}, []string{"vol-a", "vol-raw"}, false},
		{"one cannot be told", []*volumes.Layout{on("vol-a"), on()}, []string{"vol-b"}, false},
		{"nothing is frozen by the kernel", nil, []string{"vol-b"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := unrelated([]string{"/data"}, test.layouts, test.ids)
			if !test.refused {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrUsage)
			assert.EqualError(t, err, "snapshot vol-b: wrong use: /data lies on vol-a: to freeze it proves nothing of another volume")
		})
	}
}
