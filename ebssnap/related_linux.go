//go:build linux && !opskit_portable

package ebssnap

import (
	"context"
	"strings"

	"github.com/opskit-go/opskit/ebssnap/volumes"
)

// related refuses mounts of which it is certain that they lie on other volumes than ids. What cannot be read here is refused by Prepare.
func related(ctx context.Context, mounts, ids []string) error {
	var layouts []*volumes.Layout
	for _, path := range mounts {
		m, err := checkMount(path)
		if err != nil || !strings.HasPrefix(m.entry.Source, "/dev/") {
			return nil //nolint:nilerr // not certain
		}
		layout, err := volumes.Finder{}.Find(ctx, m.entry.Source) // the device alone: no folder is read
		if err != nil {
			return nil //nolint:nilerr // not certain
		}
		layouts = append(layouts, layout)
	}
	return unrelated(mounts, layouts, ids)
}
