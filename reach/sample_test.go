package reach

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Loss, a slow way and a dead address look alike in one connection, and not in many.
func TestJudgeSample(t *testing.T) {
	one := func(tried, opened, resent int, median time.Duration, failed map[Verdict]int) SampleAddress {
		return SampleAddress{Target: addr("192.0.2.80:80"), Tried: tried, Opened: opened, Resent: resent, Failed: failed, Median: median, Bound: median}
	}
	fast, dead := one(100, 100, 0, time.Millisecond, nil), one(100, 0, 0, 0, map[Verdict]int{NoAnswer: 100})
	for name, tt := range map[string]struct {
		list []SampleAddress
		want Verdict
	}{
		"all open":                            {[]SampleAddress{fast, fast}, Open},
		"one dead of three":                   {[]SampleAddress{fast, dead, fast}, PartlyOpen},
		"all dead":                            {[]SampleAddress{dead, dead}, NoAnswer},
		"two of a hundred SYNs sent again":    {[]SampleAddress{one(100, 100, 2, time.Millisecond, nil)}, Lossy},
		"some never open":                     {[]SampleAddress{one(100, 97, 0, time.Millisecond, map[Verdict]int{NoAnswer: 3})}, Lossy},
		"half of them sent again":             {[]SampleAddress{one(100, 100, 50, time.Second, nil)}, Lossy},
		"every one opens after three seconds": {[]SampleAddress{one(100, 100, 100, 3*time.Second, nil)}, Slow},
		"refused by one of two":               {[]SampleAddress{fast, one(100, 0, 0, 0, map[Verdict]int{Refused: 100})}, PartlyOpen},
		"this host could not ask":             {[]SampleAddress{one(100, 0, 0, 0, map[Verdict]int{LocalFailure: 100})}, Unknown},
		"nothing":                             {nil, Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			s := Sample{Name: "x", Addresses: tt.list}
			s.Judge()
			assert.Equal(t, tt.want, s.Verdict, "%s", &s)
		})
	}
}
