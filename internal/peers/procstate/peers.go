// Package peers compares package procstate with the Go libraries that people
// use today, on the same processes in the same run. It is a module of its own,
// so that none of them is in a user's module graph.
//
//	cd internal/peers/procstate && OPSKIT_BARS=full go test -p 1 -count=1 -run '^TestBar' -v .
//
// # Usage
//
// Every figure is printed as a line "bar NAME: FIGURE". CPU time is that of the
// process (getrusage), medians of several scans; ratios are those of one run.
//
// # Privileges
//
// Root, for the BPF source.
//
// # Platforms
//
// Linux.
//
// # Testing
//
// Without OPSKIT_BARS the tests only check that all give the same answer.
package peers
