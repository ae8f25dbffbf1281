// Package procstatetest gives tests processes to look at: a /proc as a literal,
// and real zombies.
//
//	root := procstatetest.Tree{
//		{PID: 1, Comm: "init"},
//		{PID: 40, PPID: 1, Comm: "worker"},
//		{PID: 41, PPID: 40, Comm: "job", State: 'Z'},
//	}.Dir(t)
//	report, err := (&procstate.Scanner{Root: root}).Zombies(t.Context())
//
// # Usage
//
// A [Tree] becomes files in a directory, which procstate.Scanner.Root names; that
// works on every system and without privileges. Broken files, hidden processes
// and mount options are written through the Files of its elements.
//
// [Zombies] starts a real parent that does not reap and ends it when the test
// ends.
//
// # Privileges
//
// None.
//
// # Platforms
//
// A Tree can be written anywhere. Zombies needs Linux.
//
// # Testing
//
// The tests of package procstate stand on this package; its own compare the
// tree's files with those of the running kernel.
package procstatetest
