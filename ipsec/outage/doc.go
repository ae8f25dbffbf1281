// Package outage turns a log of ping, or live probes, into outages: first and last
// lost probe, and between which bounds each outage began, ended and lasted.
//
//	report, err := outage.ParsePing(file) // what ping printed, with -D and -O if you can
//	fmt.Println(report)
//	// interrupted: 2 outages in 76 probes, 54 lost
//	//   probes 12 to 12 (1 lost): between 0s and 2.1s
//	//   probes 16 to 68 (53 lost): between 52.6s and 54.8s
//
// # Usage
//
// [ParsePing] reads what ping of iputils, BusyBox, BSD or macOS printed.
// [Watch.Run] sends probes itself, each when it is due, whatever became of those
// before, and asks for the tunnel's state while none is answered.
//
// What was lost times the interval is no length of an outage: ping sends late,
// and more so while nothing answers. An outage lasted at least from the first lost
// probe to the last, less the longest round trip before it, and at most from the last
// probe that was answered before it to the arrival of the first answer after it.
//
// The levels, and why:
//
//	verdict      level    why
//	steady       ok       every probe was answered
//	interrupted  warning  some were not, and the last were again
//	out          problem  the last probes were not answered, two at least
//	unknown      unknown  nothing was answered or lost that is known of
//
// The package is below ipsec because the question is asked of a tunnel, what a
// reboot of one end cost, and the tunnel's state stands beside the answer.
// Probes are a function of the caller's, such as one of package reach, so that
// neither package imports the other.
//
// # Privileges
//
// None.
//
// # Platforms
//
// All.
//
// # Testing
//
// Against logs of ping while a daemon was killed at a known time, and live while the
// daemon of a tunnel is killed and started.
package outage
