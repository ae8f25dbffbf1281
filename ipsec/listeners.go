package ipsec

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit"
)

// ListenerReport tells who listens on the UDP ports of IKE: 500, and 4500 for
// IKE and ESP behind NAT. It is safe for concurrent reading.
type ListenerReport struct {
	// Verdict is Sound when both ports are open on an address that another host
	// can reach, Flawed when only one is, Broken when none is, and Unknown when
	// the list of sockets could not be read.
	Verdict   Verdict      `json:"verdict"`
	Tables    []string     `json:"tables,omitempty"`    // of /proc, that were read: "net/udp"
	Listeners []Listener   `json:"listeners,omitempty"` // by port, then address
	Unseen    []opskit.Gap `json:"unseen,omitempty"`    // tables and owners that could not be read
}

// Listener is one UDP socket.
type Listener struct {
	Local netip.AddrPort `json:"local"` // unspecified: every address of the family
	UID   uint32         `json:"uid"`   // of the user who opened it
	Inode uint64         `json:"inode"` // of the socket; 0: the kernel's own
	// Processes hold the socket open; empty when they could not be seen.
	Processes []Holder `json:"processes,omitempty"`
}

// Holder is a process that holds a socket open.
type Holder struct {
	PID  int    `json:"pid"`            // in the namespace of that /proc
	Comm string `json:"comm,omitempty"` // its name, up to 15 bytes, as it is
}

// ikePorts are the ports of RFC 7296 and RFC 3948.
var ikePorts = [...]uint16{500, 4500}

// Listeners reads which UDP sockets are bound to ports 500 and 4500 in this
// process's network namespace, and which processes hold them, from the files
// of a /proc; nil is the /proc of this host, which needs Linux (elsewhere the
// error matches errors.ErrUnsupported). It reads net/udp, net/udp6, and of
// every process fd and comm, and blocks no longer than ctx allows between two
// processes. Whose sockets cannot be seen without privilege is in Unseen.
func Listeners(ctx context.Context, proc fs.FS) (*ListenerReport, error) {
	r := &ListenerReport{}
	if proc == nil {
		host, err := hostProc()
		if err != nil {
			r.Unseen = []opskit.Gap{{What: "UDP sockets", Why: err.Error(), Need: "Linux"}}
			return r, &opskit.Error{Op: "list sockets", Err: err}
		}
		proc = host
	}
	var first error
	for _, name := range []string{"net/udp", "net/udp6"} {
		text, err := fs.ReadFile(proc, name)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) || name == "net/udp" {
				r.Unseen = append(r.Unseen, opskit.Gap{What: "sockets of /proc/" + name, Why: err.Error()})
				first = cmp.Or(first, err)
			} else {
				r.Unseen = append(r.Unseen, opskit.Gap{What: "IPv6 sockets", Why: "this kernel has no IPv6"})
			}
			continue
		}
		r.Tables = append(r.Tables, name)
		r.sockets(name, string(text))
	}
	if len(r.Tables) == 0 {
		return r, &opskit.Error{Op: "list sockets", Err: first}
	}
	slices.SortFunc(r.Listeners, func(a, b Listener) int {
		return cmp.Or(cmp.Compare(a.Local.Port(), b.Local.Port()), a.Local.Compare(b.Local), cmp.Compare(a.Inode, b.Inode))
	})
	err := r.holders(ctx, proc)
	r.Judge()
	return r, err
}

// sockets reads one of the kernel's tables; a line that is not as expected is
// in Unseen.
func (r *ListenerReport) sockets(name, text string) {
	head, body, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(strings.TrimLeft(head, " "), "sl ") {
		r.Unseen = append(r.Unseen, opskit.Gap{What: "sockets of /proc/" + name, Why: "the table has no head: it was cut off"})
		return
	}
	n := 1
	for line := range strings.Lines(body) {
		n++
		f := strings.Fields(line)
		var l Listener
		var err error
		if len(f) < 10 {
			err = errors.New("too few fields")
		} else {
			l.Local, err = procAddr(f[1])
		}
		if err == nil && (!slices.Contains(ikePorts[:], l.Local.Port()) || !strings.HasSuffix(f[2], ":0000")) {
			continue // another port, or connected to one peer
		}
		if err == nil {
			var uid uint64
			uid, err = strconv.ParseUint(f[7], 10, 32)
			l.UID = uint32(uid)
		}
		if err == nil {
			l.Inode, err = strconv.ParseUint(f[9], 10, 64)
		}
		if err != nil {
			r.Unseen = append(r.Unseen, opskit.Gap{What: fmt.Sprintf("sockets of /proc/%s, line %d", name, n), Why: err.Error()})
			continue
		}
		r.Listeners = append(r.Listeners, l)
	}
}

// procAddr reads an address as the kernel prints it: 32-bit words in the
// machine's byte order, then the port.
func procAddr(s string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(s, ":")
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("%q is no address", s)
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is no address", s)
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr, uint16(n)), nil
}

// holders looks through the descriptors of every process for the sockets.
func (r *ListenerReport) holders(ctx context.Context, proc fs.FS) error {
	want := map[string][]int{}
	for i, l := range r.Listeners {
		if l.Inode != 0 {
			key := fmt.Sprintf("socket:[%d]", l.Inode)
			want[key] = append(want[key], i)
		}
	}
	if len(want) == 0 {
		return nil
	}
	hidden := 0
	entries, err := fs.ReadDir(proc, ".")
	if err != nil {
		r.Unseen = append(r.Unseen, opskit.Gap{What: "which processes there are", Why: err.Error()})
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid <= 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			r.Unseen = append(r.Unseen, opskit.Gap{What: fmt.Sprintf("sockets of process %d and those after it", pid), Why: err.Error(), Need: "more time"})
			return &opskit.Error{Op: "list sockets", Err: err}
		}
		if !r.holder(proc, pid, want) {
			hidden++
		}
	}
	unowned := 0
	for _, l := range r.Listeners {
		if l.Inode != 0 && len(l.Processes) == 0 {
			unowned++
		}
	}
	if unowned > 0 {
		r.Unseen = append(r.Unseen, opskit.Gap{
			What: fmt.Sprintf("which process holds %d of the sockets", unowned),
			Why:  fmt.Sprintf("the descriptors of %d processes may not be read, or the holder is in another PID namespace", hidden),
			Need: "root, or CAP_SYS_PTRACE and no hidepid",
		})
	}
	return nil
}

// holder looks through one process's descriptors; false when they may not be
// read. A process that ended meanwhile holds nothing.
func (r *ListenerReport) holder(proc fs.FS, pid int, want map[string][]int) bool {
	dir := strconv.Itoa(pid) + "/fd"
	fds, err := fs.ReadDir(proc, dir)
	if err != nil {
		return !errors.Is(err, fs.ErrPermission)
	}
	seen := map[int]bool{}
	for _, fd := range fds {
		target, err := fs.ReadLink(proc, dir+"/"+fd.Name())
		if err != nil {
			if errors.Is(err, fs.ErrPermission) {
				return false
			}
			continue
		}
		for _, i := range want[target] {
			if !seen[i] {
				seen[i] = true
				comm, _ := fs.ReadFile(proc, strconv.Itoa(pid)+"/comm") // empty when the process has ended
				r.Listeners[i].Processes = append(r.Listeners[i].Processes, Holder{PID: pid, Comm: strings.TrimSuffix(string(comm), "\n")})
			}
		}
	}
	return true
}

// Level is OK for Sound, Problem for Flawed and Broken: IKE needs both ports.
func (r *ListenerReport) Level() opskit.Level {
	switch r.Verdict {
	case Sound:
		return opskit.OK
	case Flawed, Broken:
		return opskit.Problem
	}
	return opskit.Unknown
}

// Gaps returns Unseen.
func (r *ListenerReport) Gaps() []opskit.Gap { return orNothing(r.Unseen, r.Level()) }

// Seen tells whether a table of sockets was read.
func (r *ListenerReport) Seen() bool { return r != nil && len(r.Tables) > 0 }

// Judge derives the verdict from the list.
func (r *ListenerReport) Judge() opskit.Level {
	open := map[uint16]bool{}
	for _, l := range r.Listeners {
		if l.Local.IsValid() && !l.Local.Addr().IsLoopback() {
			open[l.Local.Port()] = true
		}
	}
	unread := slices.ContainsFunc(r.Unseen, func(g opskit.Gap) bool { return strings.HasPrefix(g.What, "sockets of /proc/") })
	switch {
	case open[500] && open[4500]:
		r.Verdict = Sound
	case unread || !slices.Contains(r.Tables, "net/udp"):
		r.Verdict = Unknown
	case len(open) > 0:
		r.Verdict = Flawed
	default:
		r.Verdict = Broken
	}
	return r.Level()
}

// String prints the verdict, one line per socket, and what was not seen.
func (r *ListenerReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d sockets on UDP 500 and 4500\n", r.Verdict, len(r.Listeners))
	for _, l := range r.Listeners {
		fmt.Fprintf(&b, "  udp %s", opskit.Escape(l.Local.String()))
		for _, p := range l.Processes {
			fmt.Fprintf(&b, " %d/%s", p.PID, opskit.Escape(p.Comm))
		}
		b.WriteByte('\n')
	}
	if r.Verdict == Broken || r.Verdict == Flawed {
		b.WriteString("next: start the IKE daemon, and open UDP 500 and 4500 on the address that the other end uses\n")
	}
	return b.String() + opskit.NotChecked(r)
}
