package ebssnap

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap/volumes"
)

// unrelated returns an error if it is certain that no filesystem which is to be frozen lies on any
// of the volumes: a freeze of it would prove nothing of them. Layouts has what each mount lies on;
// where one cannot be told, nothing is certain.
func unrelated(mounts []string, layouts []*volumes.Layout, ids []string) error {
	var on []string
	for _, layout := range layouts {
		if len(layout.Volumes()) == 0 {
			return nil
		}
		on = append(on, layout.Volumes()...)
	}
	if len(on) == 0 || slices.ContainsFunc(on, func(volume string) bool { return slices.Contains(ids, volume) }) {
		return nil
	}
	return &opskit.Error{Op: "snapshot", Target: strings.Join(ids, " "), Err: fmt.Errorf("%w: %s lies on %s: to freeze it proves nothing of another volume",
		ErrUsage, strings.Join(mounts, " "), strings.Join(on, " "))}
}
