package ipsec

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// Render returns one end's complete files: etc/ipsec.conf, etc/ipsec.secrets
// (mode 0600) and a file of etc/sysctl.d, as paths from the root directory; for
// swanctl two files of etc/swanctl/conf.d in place of the first two. The
// same Tunnel always gives the same bytes; the two ends' files have the same
// left and right, so they can be read side by side.
//
// interfaces are the end's network interfaces for the list of sysctls; see
// Sysctls. A Tunnel with fatal findings is not rendered: the error matches
// ErrTunnel, and ErrWeakKey where that is the reason. Without a key the error
// matches ErrKeyText.
func (t *Tunnel) Render(s Side, interfaces ...string) (Files, error) {
	if err := t.Check().fatal("render"); err != nil {
		return nil, err
	}
	key, ok := t.PSK.Reveal()
	if !ok {
		return nil, &opskit.Error{Op: "render", Target: t.Name, Err: fmt.Errorf("%w: set PSK; JSON does not carry it", ErrKeyText)}
	}
	own, other := t.end(s)
	sysctls := newFile("etc/sysctl.d/60-ipsec-"+t.Name+".conf", 0o644, []byte(t.Sysctls(interfaces...).String()+"\n"))
	if own.dialect() == conf.DialectSwanctl {
		secrets := fmt.Sprintf("# the same key on both ends; for root only\nsecrets {\n\tike-%s {\n\t\tid-1 = %s\n\t\tid-2 = %s\n\t\tsecret = \"%s\"\n\t}\n}\n", t.Name, own.id(), other.id(), key)
		return Files{
			newFile("etc/swanctl/conf.d/"+t.Name+".conf", 0o644, []byte(t.swanctl(s))),
			newFile("etc/swanctl/conf.d/"+t.Name+"-key.conf", 0o600, []byte(secrets)),
			sysctls,
		}, nil
	}
	secrets := fmt.Sprintf("# the same key on both ends; for root only\n%s %s : PSK \"%s\"\n", own.id(), other.id(), key)
	return Files{
		newFile("etc/ipsec.conf", 0o644, []byte(t.conf(s))),
		newFile("etc/ipsec.secrets", 0o600, []byte(secrets)),
		sysctls,
	}, nil
}

// conf is one end's ipsec.conf.
func (t *Tunnel) conf(s Side) string {
	own, other := t.end(s)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# %s, %s end: tunnel %s to %s", own.label(s), own.dialect(), t.Name, other.label(opposite(s)))
	line("config setup")
	switch own.dialect() {
	case conf.DialectOpenswan:
		line("\tprotostack=netkey")
		line("\tnat_traversal=yes")
	case conf.DialectStrongSwan:
		line("\tuniqueids=yes")
	default:
		line("\tprotostack=xfrm")
	}
	line("")
	line("conn %s", t.Name)
	line("\ttype=tunnel")
	line("\tauthby=secret")
	line("\tauto=%s", t.auto(s))
	t.addresses(s, line)
	if own.dialect() == conf.DialectStrongSwan {
		t.strongOptions(s, line)
	} else {
		t.swanOptions(s, line)
	}
	return b.String()
}

func (t *Tunnel) auto(s Side) string {
	if t.opens(s) {
		return "start"
	}
	return "add"
}

// addresses renders left and right: each end knows its own address and the one
// under which it reaches the other.
func (t *Tunnel) addresses(s Side, line func(string, ...any)) {
	for _, e := range []struct {
		word string
		side Side
		end  *Endpoint
	}{{"left", SideA, &t.A}, {"right", SideB, &t.B}} {
		addr := e.end.seen()
		if e.side == s {
			addr = e.end.Addr
		}
		line("\t%s=%s", e.word, addr)
		line("\t%sid=%s", e.word, e.end.id())
		own, _ := t.end(s)
		switch nets := e.end.Subnets; {
		case len(nets) == 0:
		case len(nets) == 1:
			line("\t%ssubnet=%s", e.word, nets[0])
		case own.dialect() == conf.DialectStrongSwan:
			line("\t%ssubnet=%s", e.word, joinPrefixes(nets, ","))
		default:
			line("\t%ssubnets={%s}", e.word, joinPrefixes(nets, ","))
		}
	}
}

func joinPrefixes(nets []netip.Prefix, sep string) string {
	texts := make([]string, len(nets))
	for i, p := range nets {
		texts[i] = p.String()
	}
	return strings.Join(texts, sep)
}

// swanOptions renders what libreswan and Openswan call differently.
func (t *Tunnel) swanOptions(s Side, line func(string, ...any)) {
	if t.IKEv1 {
		line("\tikev2=no")
	} else {
		line("\tikev2=insist")
	}
	group := t.ike()[strings.LastIndexByte(t.ike(), '-')+1:]
	line("\tike=%s;%s", strings.TrimSuffix(t.ike(), "-"+group), group)
	line("\tphase2=esp")
	line("\tphase2alg=%s", t.esp())
	line("\tpfs=yes")
	line("\tkeyingtries=%%forever")
	if t.DPD.Off {
		return
	}
	line("\tdpddelay=%d", int(t.DPD.delay()/time.Second))
	line("\tdpdtimeout=%d", int(t.DPD.timeout()/time.Second))
	if t.opens(s) {
		line("\tdpdaction=restart")
	} else {
		line("\tdpdaction=clear")
	}
}

// strongOptions renders what strongSwan's starter calls differently.
func (t *Tunnel) strongOptions(s Side, line func(string, ...any)) {
	if t.IKEv1 {
		line("\tkeyexchange=ikev1")
	} else {
		line("\tkeyexchange=ikev2")
		line("\treauth=no") // it would take the tunnel down for a moment; a rekey does not
	}
	group := t.ike()[strings.LastIndexByte(t.ike(), '-')+1:]
	line("\tike=%s!", t.ike())
	line("\tesp=%s-%s!", t.esp(), group)
	line("\tkeyingtries=%%forever")
	// Only the end that opens the tunnel opens it again when the other has
	// closed it: two that both do renegotiate for ever.
	action, closed := "clear", "none"
	if t.opens(s) {
		action, closed = "restart", "restart"
	}
	line("\tcloseaction=%s", closed)
	if t.DPD.Off {
		line("\tdpdaction=none")
		return
	}
	line("\tdpddelay=%ds", int(t.DPD.delay()/time.Second))
	if t.IKEv1 {
		line("\tdpdtimeout=%ds", int(t.DPD.timeout()/time.Second))
	}
	line("\tdpdaction=%s", action)
}

// swanctl is one end's connection in swanctl.conf. A rekey leaves no gap, as a
// reauthentication would, which is off.
func (t *Tunnel) swanctl(s Side) string {
	own, other := t.end(s)
	group := t.ike()[strings.LastIndexByte(t.ike(), '-')+1:]
	version, start, action, again := 2, "none", "clear", "none"
	if t.IKEv1 {
		version = 1
	}
	if t.opens(s) {
		start, action, again = "start", "restart", "start"
	}
	var b strings.Builder
	line := func(depth int, format string, args ...any) {
		fmt.Fprintf(&b, strings.Repeat("\t", depth)+format+"\n", args...)
	}
	line(0, "# %s, swanctl end: tunnel %s to %s", own.label(s), t.Name, other.label(opposite(s)))
	line(0, "connections {")
	line(1, "%s {", t.Name)
	line(2, "version = %d", version)
	line(2, "local_addrs = %s", own.Addr)
	line(2, "remote_addrs = %s", other.seen())
	line(2, "proposals = %s", t.ike())
	line(2, "keyingtries = 0")
	line(2, "reauth_time = 0")
	if !t.DPD.Off {
		line(2, "dpd_delay = %ds", int(t.DPD.delay()/time.Second))
		if t.IKEv1 {
			line(2, "dpd_timeout = %ds", int(t.DPD.timeout()/time.Second))
		}
	}
	for _, side := range []struct{ name, id string }{{"local", own.id()}, {"remote", other.id()}} {
		line(2, "%s {", side.name)
		line(3, "auth = psk")
		line(3, "id = %s", side.id)
		line(2, "}")
	}
	line(2, "children {")
	line(3, "%s {", t.Name)
	line(4, "esp_proposals = %s-%s", t.esp(), group)
	if len(own.Subnets) > 0 {
		line(4, "local_ts = %s", joinPrefixes(own.Subnets, ","))
	}
	if len(other.Subnets) > 0 {
		line(4, "remote_ts = %s", joinPrefixes(other.Subnets, ","))
	}
	line(4, "start_action = %s", start)
	line(4, "dpd_action = %s", action)
	line(4, "close_action = %s", again)
	for depth := 3; depth >= 0; depth-- {
		line(depth, "}")
	}
	return b.String()
}
