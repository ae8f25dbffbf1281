package ebssnap_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
)

// telling is a freezer that can tell without freezing.
type telling struct {
	ebssnap.Freezer
	found opskit.Capability
}

func (t telling) Check(context.Context, []string) ([]opskit.Capability, []opskit.Gap) {
	return []opskit.Capability{t.found}, nil
}

func TestCheckSaysReadyOnlyOfWhatItSaw(t *testing.T) {
	cloud, sick := &ebssnaptest.Cloud{}, &ebssnaptest.Cloud{Unknown: []string{"vol-0"}}
	silent := &ebssnaptest.Freezer{}
	for name, test := range map[string]struct {
		cloud   ebssnap.Cloud
		freezer ebssnap.Freezer
		ready   bool
		says    string
	}{
		"all is there":          {cloud, telling{silent, opskit.Capability{Name: "freeze", OK: true}}, true, "ready\n"},
		"the freezer cannot":    {cloud, telling{silent, opskit.Capability{Name: "freeze", Why: errors.ErrUnsupported.Error()}}, false, "not ready: 1 of 2 things are missing\n"},
		"the freezer tells not": {cloud, silent, true, "cannot tell: nothing is missing, but 1 thing could not be checked\n"},
		"and the cloud says no": {sick, silent, false, "not ready: 1 of 1 things are missing\n"},
	} {
		report, err := ebssnap.Check(t.Context(), ebssnap.Volume{Cloud: test.cloud, IDs: []string{"vol-0"}}, test.freezer)
		require.NoError(t, err, name)
		assert.Equal(t, test.ready, report.Ready, name)
		assert.True(t, strings.HasPrefix(report.String(), test.says), "%s: %s", name, report)
	}
	assert.Empty(t, silent.Intervals())
	assert.Empty(t, cloud.Snapshots())
}
