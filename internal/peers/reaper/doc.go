// Package peers compares package reaper with the reapers that Go programs use
// today, in one run of one harness: commands started through os/exec, whose
// exit codes are known, and the orphans that they leave.
//
//	cd internal/peers/reaper && go test -v .
//	// bar reaper against peers: ours 0 of 1000 stolen; hashicorp/go-reap 159; wait4(-1) 166
//
// It is a module of its own, so that no user of the library downloads the peers.
package peers
