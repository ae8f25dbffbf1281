package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec"
)

// render shows one end's files and, with -yes, writes them.
func render(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("tunnel render", "[flags] TUNNEL.json (- for standard input)"+exitCodes+describing, stdout, stderr)
	end := p.String("end", "a", "which `END` this host is, a or b")
	key := p.String("psk", "", "`FILE` with the pre-shared key; with -yes it is made if it is not there, to be copied to the other end")
	root := p.String("root", "/", "`DIRECTORY` to write below")
	proc := p.String("proc", "/proc/sys", "`DIRECTORY` with the kernel's settings")
	interfaces := p.String("interfaces", "", "network interfaces, separated by commas; empty: all of this host")
	sysctls := p.Bool("sysctls", false, "with -yes: set the running kernel too")
	replace := p.Bool("replace", false, "with -yes: also replace files that are there with another content")
	yes := p.Bool("yes", false, "write the files")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, ipsec.Preflight(ctx))
	}
	if p.NArg() != 1 {
		return p.Misused("name one description")
	}
	side := ipsec.Side(*end)
	if side != ipsec.SideA && side != ipsec.SideB {
		return p.Misused("-end is a or b")
	}
	if *yes && *key == "" {
		return p.Misused("-yes needs -psk FILE: the other end must get the same key")
	}
	tunnel, err := readTunnel(p.Arg(0))
	if err != nil {
		return p.Fail(err)
	}
	if tunnel.PSK, err = keyFor(*key, *yes); err != nil {
		return p.Fail(err)
	}
	r := rendering{End: side, Root: *root}
	names, err := interfaceNames(*interfaces)
	if err != nil {
		return p.Fail(err)
	}
	if r.Files, err = tunnel.Render(side, names...); err != nil {
		return p.Fail(err)
	}
	list := tunnel.Sysctls(names...)
	if *yes {
		if err := r.write(list, *proc, *sysctls, *replace); err != nil {
			return p.Fail(err)
		}
	}
	r.Sysctls = list.Read(os.DirFS(*proc))
	return p.Print(r, program.Healthy)
}

// keyFor reads the key, or makes one and keeps it in a file for root only.
func keyFor(name string, write bool) (ipsec.Secret, error) {
	key, err := readKey(name)
	if !errors.Is(err, os.ErrNotExist) {
		return key, err
	}
	key = ipsec.GenerateSecret()
	if !write {
		return key, nil
	}
	text, _ := key.Reveal()
	f, err := os.OpenFile(filepath.Clean(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return key, err
	}
	_, err = f.WriteString(text + "\n")
	return key, errors.Join(err, f.Close())
}

func interfaceNames(list string) ([]string, error) {
	if list != "" {
		return strings.Split(list, ","), nil
	}
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, i := range all {
		if i.Flags&net.FlagLoopback == 0 {
			names = append(names, i.Name)
		}
	}
	return names, nil
}
