package ipsec

import (
	"context"
	"os/exec"

	"github.com/opskit-go/opskit"
)

// Preflight says what this package may do here and what would allow the rest.
// It opens and reads only, changes nothing, starts nothing, and returns at once;
// the names are stable: parse, sockets, socket_owners, write_files, sysctls,
// ipsec_command. A cancelled ctx leaves what was not tried not OK.
func Preflight(ctx context.Context) []opskit.Capability {
	list := []opskit.Capability{{Name: "parse", OK: true, Why: "configurations and status texts need nothing"}}
	if err := ctx.Err(); err != nil {
		for _, name := range []string{"sockets", "socket_owners", "write_files", "sysctls", "ipsec_command"} {
			list = append(list, opskit.Capability{Name: name, Why: err.Error()})
		}
		return list
	}
	list = append(list, preflightHost()...)
	command := opskit.Capability{Name: "ipsec_command", Fix: "apt-get install strongswan-starter"}
	if path, err := exec.LookPath("ipsec"); err == nil {
		command = opskit.Capability{Name: "ipsec_command", OK: true, Why: path}
	} else {
		command.Why = err.Error()
	}
	return append(list, command)
}
