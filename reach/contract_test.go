package reach

import (
	"testing"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/contract"
)

func TestContract(t *testing.T) {
	open, silent := openTo("192.0.2.80:80"), silentTo("192.0.2.80:80")
	rejected := rejectedWith("192.0.2.80:80", ICMP{Type: 3, Code: 13, Name: "admin-prohibited"})
	local := Connection{Target: addr("192.0.2.80:80"), Errno: "EACCES", Immediate: true}
	early := Connection{Target: addr("192.0.2.80:80"), TimedOut: true, SYNRetransmits: new(0), Took: time.Second}
	whole, lossy := pingOf("192.0.2.80", 3), pingOf("192.0.2.80", 2)
	none, no := pingOf("192.0.2.80", 0), Ping{}
	good, bad, certificate := page("192.0.2.80:80", 200), page("192.0.2.80:80", 503), certified("192.0.2.80:443")
	mute := HTTPAnswer{URL: "http://" + site + "/", Method: "HEAD", Connection: open, TimedOut: true, RequestAcked: new(true), Took: 4 * time.Second}
	head, portal := page("192.0.2.80:80", 405), page("192.0.2.80:80", 511)
	answered, disagree := rcodes("NOERROR"), rcodes("NOERROR", "NXDOMAIN")
	fails, silence := rcodes("SERVFAIL"), Comparison{Name: site, Type: "A", Answers: []DNSAnswer{{Resolver: "192.0.2.53:53", TimedOut: true, Took: time.Second}}}
	counts, trace, way := counted(), traced(), led()
	steady := Sample{Name: "x", Addresses: []SampleAddress{{Target: addr("192.0.2.80:80"), Tried: 30, Opened: 30, Median: time.Millisecond}}}
	near := Way{To: way.To, Route: &Route{Type: "unicast", Device: "eth0", Neighbour: "reachable"}}
	survey := Survey{Connections: []Connection{open, rejected}, Unresolved: []Unresolved{{"nosuch.example:80", opskit.Fail(ErrTarget)}}}
	fine := Survey{Connections: []Connection{open}}
	results := map[string]opskit.Result{
		"open": &open, "silent": &silent, "rejected": &rejected, "local": &local, "early": &early,
		"whole": &whole, "lossy": &lossy, "none": &none, "no ping": &no,
		"good": &good, "bad": &bad, "certificate": &certificate, "mute": &mute, "head": &head, "portal": &portal,
		"answered": &answered, "disagree": &disagree, "fails": &fails, "silence": &silence, "one answer": &answered.Answers[0],
		"counts": &counts, "steady": &steady, "trace": &trace, "way": &way, "near": &near,
		"survey": &survey, "fine": &fine, "unresolved": &survey.Unresolved[0],
	}
	for _, r := range results {
		if judged, ok := r.(opskit.Judged); ok {
			judged.Judge()
		}
	}
	contract.Check(t, contract.Package{
		Prefix: "reach_", Results: results,
		Sentinels: []error{ErrTarget, ErrLocal, ErrNoRoute, ErrMalformed, ErrCertificate},
	})
}
