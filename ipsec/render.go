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
// (mode 0600) and a file of etc/sysctl.d, as paths from the root directory. The
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
	secrets := fmt.Sprintf("# the same key on both ends; for root only\n%s %s : PSK \"%s\"\n", own.id(), other.id(), key)
	return Files{
		newFile("etc/ipsec.conf", 0o644, []byte(t.conf(s))),
		newFile("etc/ipsec.secrets", 0o600, []byte(secrets)),
		newFile("etc/sysctl.d/60-ipsec-"+t.Name+".conf", 0o644, []byte(t.Sysctls(interfaces...).String()+"\n")),
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
