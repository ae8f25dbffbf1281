//go:build !linux || opskit_portable

package ipsec

import (
	"os"

	"github.com/opskit-go/opskit"
)

func preflightHost() []opskit.Capability {
	const why = "Linux only"
	files := opskit.Capability{Name: "write_files", OK: true, Why: "a directory of your choice"}
	if info, err := os.Stat(os.TempDir()); err != nil || !info.IsDir() {
		files = opskit.Capability{Name: "write_files", Why: "no temporary directory", Fix: "export TMPDIR=DIRECTORY"}
	}
	return []opskit.Capability{
		{Name: "sockets", Why: why}, {Name: "socket_owners", Why: why}, files, {Name: "sysctls", Why: why},
	}
}
