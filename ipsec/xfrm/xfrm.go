package xfrm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ipsec"
)

// Tables are what the kernel itself holds of tunnels, as ip xfrm state and ip xfrm
// policy print it, without any key. They are evidence beside an [ipsec.Status]: a daemon may
// think that a tunnel is up whose SAs the kernel does not have.
type Tables struct {
	States   []State      `json:"states,omitempty"`   // one for each direction of an SA
	Policies []Policy     `json:"policies,omitempty"` // which packets are protected, let through or dropped; sockets' own among them
	Unseen   []opskit.Gap `json:"unseen,omitempty"`   // lines that are not known
}

// State is one SA in one direction.
type State struct {
	Src        string   `json:"src"`                  // the gateway that sends
	Dst        string   `json:"dst"`                  // the gateway that receives
	Protocol   string   `json:"protocol,omitempty"`   // esp, ah or comp
	SPI        string   `json:"spi,omitempty"`        // as printed
	Mode       string   `json:"mode,omitempty"`       // tunnel, transport or beet
	Dir        string   `json:"dir,omitempty"`        // in or out; empty: not printed, as before Linux 6.10
	Algorithms []string `json:"algorithms,omitempty"` // as printed, without keys; none: not negotiated yet (larval)
	InUDP      bool     `json:"in_udp"`               // ESP in UDP
	Line       int      `json:"line"`                 // of the output
}

// Policy is one policy.
type Policy struct {
	Selector  string  `json:"selector"`            // the packets, as printed
	Dir       string  `json:"dir,omitempty"`       // in, out, fwd, or of a socket
	Block     bool    `json:"block"`               // packets are dropped
	Templates []State `json:"templates,omitempty"` // how packets are protected; none of a policy that does not block: they pass in clear
	Line      int     `json:"line"`                // of the output
}

// passed are lines of ip-xfrm(8) that say nothing of what is kept here.
var passed = []string{
	"replay-window", "lastused", "anti-replay", "seq-hi", "replay_window", "seq", "lifetime", "limit:", "expire", "stats:", "security", "output-mark",
	"if_id", "mark", "sel", "level", "flag", "tfcpad", "coa", "crypto", "out", "in", "replay", "failed",
}

// Parse reads the outputs of ip xfrm state and ip xfrm policy, with -s or
// without, joined or alone. Keys are dropped while reading. An empty output is an
// answer: the kernel holds nothing. The error matches [ipsec.ErrNoStatus] for a text that is
// neither.
func Parse(text string) (*Tables, error) {
	k := &Tables{}
	var head string // a line "src ... dst ..." that is not yet known to be a state or a policy
	var state *State
	line, at := 0, 0
	for raw := range strings.SplitSeq(text, "\n") {
		line++
		f := strings.Fields(raw)
		if len(f) == 0 {
			continue
		}
		get := func(name string) string {
			if i := slices.Index(f, name); i >= 0 && i+1 < len(f) {
				return f[i+1]
			}
			return ""
		}
		last := len(k.Policies) - 1
		switch indented := strings.TrimLeft(raw, " \t") != raw; {
		case !indented && len(f) > 3 && f[0] == "src" && f[2] == "dst":
			head, state, at = strings.Join(f, " "), nil, line
		case head == "":
			return k, &opskit.Error{Op: "parse xfrm", Target: "ip xfrm", Err: errors.Join(ipsec.ErrNoStatus, fmt.Errorf("line %d begins no state and no policy", line))}
		case f[0] == "proto" && state == nil:
			words := strings.Fields(head)
			k.States = append(k.States, State{Src: words[1], Dst: words[3], Line: at})
			state = &k.States[len(k.States)-1]
			fallthrough
		case f[0] == "proto":
			state.Protocol, state.SPI, state.Mode = f[1%len(f)], get("spi"), get("mode")
		case f[0] == "dir" && state != nil && !strings.Contains(raw, "priority"):
			state.Dir = get("dir")
		case f[0] == "dir", f[0] == "socket":
			k.Policies = append(k.Policies, Policy{Selector: head, Dir: get(f[0]), Block: get("action") == "block", Line: at})
			if f[0] == "socket" {
				k.Policies[len(k.Policies)-1].Dir = "socket " + get("socket")
			}
			state = nil
		case f[0] == "tmpl" && last >= 0 && k.Policies[last].Line == at:
			p := &k.Policies[last]
			p.Templates = append(p.Templates, State{Src: get("src"), Dst: get("dst"), Line: line})
			state = &p.Templates[len(p.Templates)-1]
		case slices.Contains([]string{"enc", "auth", "auth-trunc", "aead", "comp"}, f[0]) && state != nil && len(f) > 1:
			state.Algorithms = append(state.Algorithms, f[1])
		case f[0] == "encap" && state != nil:
			state.InUDP = get("type") == "espinudp"
		case slices.Contains(passed, strings.TrimRight(f[0], ",")), strings.Trim(f[0], "0123456789abcdefABCDEFX()[]") == "", strings.HasSuffix(f[0], "(bytes),"):
		default:
			k.Unseen = append(k.Unseen, opskit.Gap{What: fmt.Sprintf("line %d of ip xfrm, which begins %q", line, f[0][:min(len(f[0]), 12)]), Why: "not known here"})
		}
	}
	return k, nil
}

// String prints one line for each state and each policy.
func (k *Tables) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d states, %d policies\n", len(k.States), len(k.Policies))
	for _, s := range k.States {
		fmt.Fprintf(&b, "  %s\n", opskit.Escape(strings.Join(append([]string{s.Protocol, s.Mode, s.Src, "to", s.Dst}, s.Algorithms...), " ")))
	}
	for _, p := range k.Policies {
		how := map[bool]string{true: "dropped", false: "in clear"}[p.Block]
		for i, t := range p.Templates {
			how = map[bool]string{true: "", false: how + ", "}[i == 0] + fmt.Sprintf("%s %s %s to %s", t.Protocol, t.Mode, t.Src, t.Dst)
		}
		fmt.Fprintf(&b, "  %s %s: %s\n", opskit.Escape(p.Dir), opskit.Escape(p.Selector), opskit.Escape(how))
	}
	for _, g := range k.Unseen {
		fmt.Fprintf(&b, "  not checked: %s\n", opskit.Escape(g.What))
	}
	return b.String()
}
