package ipsec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit/ipsec/conf"
)

// What can take a tunnel down while both configurations stay as they are.
const (
	eventCrash   = "crash"        // one end dies without a word and comes back
	eventStop    = "orderly_stop" // one end stops, says so (DELETE), and comes back
	eventAbsence = "long_absence" // one end dies and is away for longer than the other tries
	eventAway    = "long_stop"    // one end stops, says so, and is away for longer than the other tries
	eventDeleted = "deleted"      // one end deletes the SAs by hand or by a rule
	eventRefused = "refused_once" // one end refuses once, as while it is loading
)

// Recovery predicts whether a tunnel is there again after an event, by itself and
// before a rekey.
type Recovery struct {
	Event   string `json:"event"`             // crash, orderly_stop, long_absence, long_stop, deleted, refused_once
	At      string `json:"at"`                // the end that it happens to
	Returns bool   `json:"returns"`           // the tunnel is there again
	Traffic bool   `json:"traffic,omitempty"` // only once a packet wants through
	Why     string `json:"why"`               // which end opens it, or why none does
}

// behaviour is what one end does by itself.
type behaviour struct {
	label   string
	starts  bool   // opens when it is loaded
	trapped bool   // opens when a packet wants through
	notices bool   // a dead peer
	onDead  string // what it does then: restart, trap or clear
	onClose string // what it does when the peer deletes: restart, trap or none
	onError bool   // goes on after a refusal
	tries   int    // 0: for ever
}

// recoveries is the table of events for two ends: for each event, what brings the
// tunnel back, from the first that holds.
func recoveries(a, b behaviour) []Recovery {
	var list []Recovery
	for _, x := range [][2]behaviour{{a, b}, {b, a}} {
		gone, left := x[0], x[1]
		back := gone.label + " opens it when it is back"
		waits := gone.label + " does not open the tunnel again, and " + left.label
		reopen := func(action, notice string) (bool, bool, string) {
			switch action {
			case "restart":
				return true, false, left.label + " " + notice + " and opens it again"
			case "trap":
				return true, true, left.label + " " + notice + " and opens it when a packet wants through"
			}
			return false, false, waits + " " + notice + ", but does not open it again either"
		}
		for _, e := range []string{eventCrash, eventStop, eventAbsence, eventAway, eventDeleted, eventRefused} {
			r := Recovery{Event: e, At: gone.label}
			again := gone.starts || gone.trapped
			switch {
			case e == eventRefused:
				r.Returns, r.Why = left.onError || left.trapped || again, left.label+" tries again"
				if !r.Returns {
					r.Why = left.label + " does not try again after a refusal"
				}
			case again && e != eventDeleted:
				r.Returns, r.Traffic, r.Why = true, !gone.starts, back
			case e == eventStop, e == eventAway, e == eventDeleted:
				r.Returns, r.Traffic, r.Why = reopen(left.onClose, "is told that it is closed")
				if e == eventDeleted && !r.Returns && gone.trapped {
					r.Returns, r.Traffic, r.Why = true, true, gone.label+" opens it when a packet wants through"
				}
			case !left.notices:
				r.Why = waits + " has no dead peer detection and keeps sending into the old SA"
			default:
				r.Returns, r.Traffic, r.Why = reopen(left.onDead, "notices that it is dead")
			}
			long := e == eventAbsence || e == eventAway
			switch waited := r.Returns && !r.Traffic && !again && e != eventDeleted && e != eventRefused; {
			case waited && long && left.tries > 0:
				r.Returns, r.Why = false, fmt.Sprintf("%s gives up after %s, and %s does not open it itself", left.label, attempts(left.tries), gone.label)
			case waited && !left.onError:
				// Seen live: charon that answers before its connections are loaded refuses.
				r.Why += ", unless it asks before " + gone.label + " has loaded its connections: a refusal ends its tries"
			}
			list = append(list, r)
		}
	}
	return list
}

func attempts(n int) string {
	if n == 1 {
		return "one attempt (about three minutes by default)"
	}
	return fmt.Sprintf("%d attempts (about three minutes each by default)", n)
}

// behaviour reads what an end does by itself.
func (v *view) behaviour() behaviour {
	strong, r, d := conf.Strong(v.conn.Dialect), v.role(), v.dpd()
	b := behaviour{label: v.label, starts: r.starts && v.dialable(), trapped: r.trapped && v.dialable(), notices: d.on, onDead: "clear", onClose: "none", onError: !strong}
	switch d.action {
	case "restart", "start", "restart_by_peer":
		b.onDead = "restart"
	case "hold", "trap", "route":
		b.onDead = "trap"
	}
	switch close := v.value("none", "closeaction"); {
	case strong && (close == "restart" || close == "start"):
		b.onClose = "restart"
	case strong && (close == "hold" || close == "trap"):
		b.onClose = "trap"
	case !strong && b.starts: // pluto revives what is to be up
		b.onClose = "restart"
		if d.action == "" || d.action == "clear" {
			b.onDead = "restart"
		}
	}
	if b.trapped {
		for _, action := range []*string{&b.onDead, &b.onClose} {
			if *action != "restart" {
				*action = "trap" // the trap stays when the SA goes
			}
		}
	}
	if !v.dialable() {
		b.onDead, b.onClose = "clear", "none"
	}
	b.tries = v.tries()
	return b
}

// tries is keyingtries, 0 for ever.
func (v *view) tries() int {
	def := map[conf.Dialect]string{conf.DialectStrongSwan: "3", conf.DialectSwanctl: "1"}[v.conn.Dialect]
	n, err := strconv.Atoi(v.value(quotedOr(def, "0"), "keyingtries"))
	if err != nil || n < 0 {
		return 0 // %forever
	}
	return n
}

// dialable tells whether an end knows where the other is. strongSwan dials the first
// of several peers.
func (v *view) dialable() bool {
	strong := conf.Strong(v.conn.Dialect)
	for i := range v.sides {
		p := &v.sides[i]
		addr := strings.ToLower(p.addr.Value)
		if strong {
			addr, _, _ = strings.Cut(addr, ",")
		}
		anybody := p.addrKind == addrNone || p.addrKind == addrMagic && (p.ip.IsValid() || strings.ContainsAny(addr, ",/-") ||
			slices.Contains([]string{"%any", "%any4", "%any6", "0.0.0.0", "::", "%group", "%opportunistic"}, addr))
		if anybody && (!strong || p.word == "right") {
			return false
		}
	}
	return true
}

// eventTexts say what an event is, in a finding.
var eventTexts = map[string][2]string{
	eventCrash:   {"no_recovery", "a reboot of %s is not repaired until a rekey"},
	eventStop:    {"no_reopen", "after an orderly stop of %s the tunnel stays down"},
	eventAbsence: {"gives_up", "after a long absence of %s the tunnel stays down"},
	eventAway:    {"gives_up", "after a long stop of %s the tunnel stays down"},
}

// unrecovered reports the events after which a tunnel stays down, each end's first
// one only where a longer absence says nothing new.
func (o *outcome) unrecovered(list []Recovery, refs func(at string, e string) []Ref) {
	lost := map[string]bool{}
	for _, r := range list {
		texts, told := eventTexts[r.Event]
		if r.Returns || !told || (r.Event == eventAbsence || r.Event == eventAway) && lost[r.At] {
			continue
		}
		lost[r.At] = true
		fix := map[string]string{
			eventCrash:   "write dpddelay=10, dpdtimeout=60 and dpdaction=restart at the other end, or auto=start at " + r.At,
			eventStop:    "write closeaction=restart at the end that opens the tunnel",
			eventAbsence: "write keyingtries=%forever (swanctl: 0) at the end that opens the tunnel",
			eventAway:    "write keyingtries=%forever (swanctl: 0) at the end that opens the tunnel",
		}[r.Event]
		o.add(texts[0], SeverityProblem, map[string]string{"no_recovery": "dpddelay", "no_reopen": "closeaction", "gives_up": "keyingtries"}[texts[0]], fix, refs(r.At, r.Event),
			texts[1]+": %s", r.At, r.Why)
	}
}
