package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/rssac002"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/limits"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/origin"
	"github.com/opskit-go/opskit/reach/rootca"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/bulk"
)

// Whatever package a result is of, the last line of its text tells what was not
// checked, and every gap that it has stands there.
func TestLastLineOfEveryResultTellsWhatWasNotChecked(t *testing.T) {
	for _, r := range []fmt.Stringer{
		&dnsroot.Sweep{}, &dnsroot.Priming{}, &rssac002.Report{},
		&reach.HTTPAnswer{}, &reach.DNSAnswer{}, &reach.Comparison{}, &reach.Connection{}, &reach.Ping{},
		&rootca.Report{}, &origin.Exposure{},
		&ipsec.ListenerReport{},
		&procstate.BlockedReport{}, &procstate.Report{}, &limits.Report{},
		&procstate.Group{}, &procstate.Plan{}, &procstate.Outcome{}, &procstate.Blocked{},
		&whoislookup.Record{}, &bulk.Result{},
	} {
		t.Run(fmt.Sprintf("%T", r), func(t *testing.T) {
			last := func() string {
				lines := strings.Split(strings.TrimRight(r.String(), "\n"), "\n")
				return lines[len(lines)-1]
			}
			assert.True(t, strings.HasPrefix(last(), "not checked: "), "without a gap: %q", last())
			unseen := reflect.ValueOf(r).Elem().FieldByName("Unseen")
			require.True(t, unseen.IsValid())
			for _, what := range []string{"the moon", "the tide"} {
				gap := reflect.New(unseen.Type().Elem()).Elem()
				gap.FieldByName("What").SetString(what)
				gap.FieldByName("Why").SetString("it is cloudy")
				unseen.Set(reflect.Append(unseen, gap))
			}
			assert.True(t, strings.HasPrefix(last(), "not checked: "), "with gaps: %q", last())
			assert.Contains(t, last(), "the moon")
			assert.Contains(t, last(), "the tide")
		})
	}
}
