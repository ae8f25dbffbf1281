package ipsec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/opskit-go/opskit"
)

// Sysctl is one kernel setting that a gateway needs, and what it is set to
// where that was read.
type Sysctl struct {
	Key   string `json:"key"`             // as in sysctl.d(5): a '.' of an interface's name is written '/'
	Want  string `json:"want"`            // the value that it needs
	Have  string `json:"have,omitempty"`  // the value it has, once read
	Why   string `json:"why"`             // why a gateway needs it
	Unset bool   `json:"unset,omitempty"` // read, and not there or not readable: Have says nothing
}

// Sysctls are a gateway's kernel settings.
type Sysctls []Sysctl

// Sysctls lists the kernel settings that a gateway of this tunnel needs. The
// kernel takes the stricter of all and the interface's own rp_filter, and an
// interface that exists already does not follow default: name the gateway's
// interfaces, or their settings are not in the list.
func (t *Tunnel) Sysctls(interfaces ...string) Sysctls {
	var list Sysctls
	add := func(key, want, why string) { list = append(list, Sysctl{Key: key, Want: want, Why: why}) }
	v4, v6 := t.families()
	scopes := append([]string{"all", "default"}, interfaces...)
	if v4 {
		add("net.ipv4.ip_forward", "1", "the gateway routes for the hosts behind it")
		for _, s := range scopes {
			conf := "net.ipv4.conf." + strings.ReplaceAll(s, ".", "/")
			add(conf+".rp_filter", "0", "decrypted packets arrive where no route leads back")
			add(conf+".send_redirects", "0", "a redirect would send hosts around the tunnel")
			add(conf+".accept_redirects", "0", "a redirect would send the gateway around the tunnel")
		}
	}
	if v6 {
		add("net.ipv6.conf.all.forwarding", "1", "the gateway routes for the hosts behind it")
		for _, s := range scopes {
			add("net.ipv6.conf."+strings.ReplaceAll(s, ".", "/")+".accept_redirects", "0", "a redirect would send the gateway around the tunnel")
		}
	}
	return list
}

// families tells which address families the tunnel's networks have.
func (t *Tunnel) families() (v4, v6 bool) {
	for _, e := range []*Endpoint{&t.A, &t.B} {
		for _, p := range e.networks() {
			v4 = v4 || p.Addr().Is4()
			v6 = v6 || p.Addr().Is6()
		}
	}
	return v4, v6
}

// path is the file of a setting below /proc/sys.
func (s Sysctl) path() string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '.':
			return '/'
		case '/':
			return '.'
		}
		return r
	}, s.Key)
}

// Read returns the list with what the settings are, from the files of a
// /proc/sys; os.DirFS("/proc/sys") is the running kernel's.
func (l Sysctls) Read(proc fs.FS) Sysctls {
	out := append(Sysctls{}, l...)
	for i := range out {
		value, err := fs.ReadFile(proc, out[i].path())
		out[i].Have, out[i].Unset = strings.TrimSpace(string(value)), err != nil
	}
	return out
}

// Differing returns those that were read and are not as wanted, and those that
// could not be read.
func (l Sysctls) Differing() Sysctls {
	var out Sysctls
	for _, s := range l {
		if s.Unset || s.Have != s.Want {
			out = append(out, s)
		}
	}
	return out
}

// Apply writes the wanted values into a /proc/sys, opened by
// os.OpenRoot("/proc/sys"), and reads each back. It goes on after an error and
// returns all of them joined. It changes the running kernel only: the file that
// Render returns makes the values last.
func (l Sysctls) Apply(proc *os.Root) error {
	var errs []error
	for _, s := range l {
		if err := s.apply(proc); err != nil {
			errs = append(errs, &opskit.Error{Op: "set", Target: s.Key, Err: err})
		}
	}
	return errors.Join(errs...)
}

func (s Sysctl) apply(proc *os.Root) error {
	f, err := proc.OpenFile(s.path(), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(s.Want + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	have, err := proc.ReadFile(s.path())
	if err != nil {
		return err
	}
	if got := strings.TrimSpace(string(have)); got != s.Want {
		return fmt.Errorf("the kernel keeps %q instead of %q", got, s.Want)
	}
	return nil
}

// String returns the list in the format of sysctl.d(5).
func (l Sysctls) String() string {
	lines := make([]string, len(l))
	for i, s := range l {
		lines[i] = s.Key + " = " + s.Want
	}
	return strings.Join(lines, "\n")
}
