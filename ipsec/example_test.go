package ipsec_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"testing/fstest"

	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

func ExampleMirror() {
	west, _ := conf.Parse("west.conf", westStanza, conf.DialectOpenswan)
	east, _ := conf.Parse("east.conf", eastStanza, conf.DialectOpenswan)
	report := ipsec.Mirror(
		ipsec.End{Name: "eu-west-1", Conf: west, Public: netip.MustParseAddr("198.51.100.1")},
		ipsec.End{Name: "us-east-1", Conf: east, Public: netip.MustParseAddr("198.51.100.2")},
	)
	fmt.Println(report.Verdict)
	for _, f := range report.Findings {
		fmt.Println(f.Severity, f.Code, f.Refs[0].File, f.Refs[0].Line)
	}
	// Output:
	// flawed
	// problem no_recovery east.conf 1
	// problem not_loaded west.conf 1
	// warning no_dpd west.conf 1
	// warning no_dpd east.conf 1
	// note nat west.conf 4
	// note nat west.conf 6
}

func ExampleCheckLog() {
	fmt.Println(ipsec.CheckLog("restart.log", restartLog).Findings[0].Message)
	// Output:
	// protostack is not set: the daemon asked for KLIPS, which this kernel does not have, and fell back to NETKEY by luck
}

func ExampleCompareKeys() {
	a, b := blogEnds(nil)
	keys := ipsec.CompareKeys(a, b, `10.0.61.63 172.31.16.163: PSK "bjimQ0jc"`, `172.31.16.163 10.0.61.63: PSK "bjimQ0jc"`)
	fmt.Println(*keys.Same, keys.Weakness)
	// Output:
	// true 8 characters worth at most 41 bits, under the 112 that resist guessing
}

func ExampleNewSecret() {
	_, err := ipsec.NewSecret("bjimQ0jc")
	fmt.Println(errors.Is(err, ipsec.ErrWeakKey))
	fmt.Println(err)
	// Output:
	// true
	// accept key: weak pre-shared key: 8 characters worth at most 41 bits, under the 112 that resist guessing; let GenerateSecret make one
}

func ExampleGenerateSecret() {
	key := ipsec.GenerateSecret()
	text, _ := key.Reveal()
	fmt.Println(key, len(text))
	// Output:
	// redacted: strong 43
}

func ExampleTunnel_Check() {
	tunnel := blogTunnel(conf.DialectOpenswan)
	tunnel.DPD.Off = true
	report := tunnel.Check()
	fmt.Println(report.Verdict, report.Findings[0].Code)
	// Output:
	// flawed no_recovery
}

func ExampleTunnel_Render() {
	files, err := blogTunnel(conf.DialectStrongSwan).Render(ipsec.SideB, "eth0")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range files {
		fmt.Println(f)
	}
	text, _ := files.Find("etc/ipsec.conf")
	fmt.Printf("%s", text.Bytes())
	// Output:
	// etc/ipsec.conf (mode 0644, 424 bytes)
	// etc/ipsec.secrets (mode 0600, 120 bytes)
	// etc/sysctl.d/60-ipsec-tunnel.conf (mode 0644, 363 bytes)
	// # us-east-1, strongswan end: tunnel tunnel to eu-west-1
	// config setup
	// 	uniqueids=yes
	//
	// conn tunnel
	// 	type=tunnel
	// 	authby=secret
	// 	auto=add
	// 	left=198.51.100.1
	// 	leftid=172.31.16.163
	// 	leftsubnet=172.31.0.0/16
	// 	right=10.0.61.63
	// 	rightid=10.0.61.63
	// 	rightsubnet=10.0.0.0/16
	// 	keyexchange=ikev2
	// 	reauth=no
	// 	ike=aes256-sha256-modp2048!
	// 	esp=aes256-sha256-modp2048!
	// 	keyingtries=%forever
	// 	closeaction=none
	// 	dpddelay=10s
	// 	dpdaction=clear
}

func ExampleFiles_WriteTo() {
	files, err := blogTunnel(conf.DialectLibreswan).Render(ipsec.SideA)
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "opskit")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	root, err := os.OpenRoot(dir) // "/" on the gateway itself
	if err != nil {
		fmt.Println(err)
		return
	}
	defer root.Close()
	fmt.Println("replaces:", files.Replaced(root))
	fmt.Println(files.WriteTo(root))
	info, err := root.Stat("etc/ipsec.secrets")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(info.Mode())
	// Output:
	// replaces: []
	// <nil>
	// -rw-------
}

func ExampleTunnel_Sysctls() {
	proc := fstest.MapFS{"net/ipv4/ip_forward": {Data: []byte("1\n")}, "net/ipv4/conf/eth0/rp_filter": {Data: []byte("1\n")}}
	for _, s := range blogTunnel(conf.DialectLibreswan).Sysctls("eth0").Read(proc).Differing() {
		if !s.Unset {
			fmt.Println(s.Key, "is", s.Have, "and should be", s.Want)
		}
	}
	// Output:
	// net.ipv4.conf.eth0.rp_filter is 1 and should be 0
}

func ExampleParseStatus() {
	status, err := ipsec.ParseStatus("service ipsec status", serviceStatus)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(status.State("tunnel")) // the one connection that is configured
	// Output:
	// up: service ipsec status
	//   tunnel up: tunnel, 0 IKE SA, 2 Child SA
	//   warning duplicate_sa: tunnel is one tunnel with 2 SAs: a rekey is under way, or both ends open it
	//     next: look again after a minute; if there are still as many, let one end only open it
	//   note counts_sas: "2 tunnels up" counts established IPsec SAs, not tunnels: this is one tunnel with 2 SAs
	//     service ipsec status: 2 tunnels up
	// not checked: whether packets take tunnel (the output shows no counters; need: ipsec auto --status, or a capture)
}

func ExampleListeners() {
	report, err := ipsec.Listeners(context.Background(), fakeProc()) // nil: this host
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report)
	// Output:
	// sound: 4 sockets on UDP 500 and 4500
	//   udp 10.0.61.63:500 2372/pluto
	//   udp [::1]:500 2372/pluto
	//   udp 10.0.61.63:4500 2372/pluto
	//   udp 127.0.0.1:4500 2372/pluto
	// not checked: nothing more
}

func ExamplePreflight() {
	for _, c := range ipsec.Preflight(context.Background())[:1] {
		fmt.Println(c.Name, c.OK)
	}
	// Output:
	// parse true
}
