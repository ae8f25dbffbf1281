//go:build !linux || opskit_portable

package ipsec

import "os"

func preflightHost() []Capability {
	const why = "Linux only"
	files := Capability{Name: "write_files", OK: true, Why: "a folder of your choice"}
	if info, err := os.Stat(os.TempDir()); err != nil || !info.IsDir() {
		files = Capability{Name: "write_files", Why: "no temporary folder", Fix: "export TMPDIR=FOLDER"}
	}
	return []Capability{
		{Name: "sockets", Why: why}, {Name: "socket_owners", Why: why}, files, {Name: "sysctls", Why: why},
	}
}
