package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec"
)

// describing shows what a description looks like.
const describing = `
TUNNEL.json, whose fields go doc github.com/opskit-go/opskit/ipsec.Tunnel tells:
{
  "name": "tunnel",
  "a": {"name": "west", "addr": "172.31.16.163", "public": "198.51.100.1", "subnets": ["172.31.0.0/16"], "dialect": "strongswan"},
  "b": {"name": "east", "addr": "10.0.61.63", "public": "198.51.100.2", "subnets": ["10.0.0.0/16"], "dialect": "strongswan"}
}
`

// check judges the description of a tunnel.
func check(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("tunnel check", "[flags] TUNNEL.json (- for standard input)"+exitCodes+describing, stdout, stderr)
	p.EvidenceFlags()
	key := p.String("psk", "", "`FILE` with the pre-shared key; without it, one is to be made")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, ipsec.Preflight(ctx))
	}
	if p.From == "" && p.NArg() != 1 {
		return p.Misused("name one description")
	}
	look := func() (*ipsec.Report, error) {
		tunnel, err := readTunnel(p.Arg(0))
		if err != nil {
			return nil, err
		}
		if tunnel.PSK, err = readKey(*key); errors.Is(err, os.ErrNotExist) && *key != "" {
			return nil, err
		} else if err != nil && !errors.Is(err, ipsec.ErrWeakKey) {
			return nil, err // a weak key is a finding
		}
		return tunnel.Check(), nil
	}
	return judged(p, "ipsec_report", look)
}

// readTunnel reads a description, which holds no key.
func readTunnel(name string) (*ipsec.Tunnel, error) {
	text, err := readText(name)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	tunnel := &ipsec.Tunnel{}
	if err := decoder.Decode(tunnel); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return tunnel, nil
}

// readKey reads a key from a file of its own; without a name it makes one.
func readKey(name string) (ipsec.Secret, error) {
	if name == "" {
		return ipsec.GenerateSecret(), nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return ipsec.Secret{}, err
	}
	return ipsec.NewSecret(strings.TrimRight(string(text), "\r\n"))
}

// readText reads a file, or standard input for "-".
func readText(name string) (string, error) {
	if name == "-" {
		text, err := io.ReadAll(os.Stdin)
		return string(text), err
	}
	text, err := os.ReadFile(name)
	return string(text), err
}
