// Package limits tells which limit on processes will stop the next fork, and
// when.
//
//	report, err := limits.Read(ctx, limits.Query{PID: 4242})
//	binding := report.Limits[0] // the one that is reached first
//	fmt.Println(binding.Name, binding.Left(), "more")
//
// # Usage
//
// A fork fails with EAGAIN when any of several limits is reached, and threads
// and zombies count like processes: RLIMIT_NPROC of the user, pids.max of the
// control group and of every one above it, the PIDs of the PID namespace, and
// kernel.threads-max. [Read] counts all of them for one process as the kernel
// does, the binding one first. [Forecast] tells from several reports when each
// is reached at the present rate.
//
// # Privileges
//
// The kernel counts a user's tasks in all PID namespaces: look from the host's.
// None, unless /proc is mounted with hidepid or control groups are not readable:
// what cannot be counted is in Unseen.
//
// # Platforms
//
// Linux, or a copy of its /proc and /sys/fs/cgroup anywhere.
//
// # Testing
//
// The tests let real programs fork until the kernel refuses, and compare.
package limits
