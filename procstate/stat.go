package procstate

import "github.com/opskit-go/opskit/procstate/internal/procfile"

// parseStat reads one /proc/PID/stat.
func parseStat(text []byte, p *Process) error {
	var s procfile.Stat
	if err := procfile.ParseStat(text, &s); err != nil {
		return err
	}
	*p = Process{
		ID: ID{s.PID, s.Start}, PPID: s.PPID, State: State(s.State), Comm: commFromStat(s.Name, s.Flags), Threads: s.Threads,
		Flags: s.Flags, ExitSignal: s.ExitSignal, CPU: s.CPU,
	}
	if s.Exit != 0 && s.Threads <= 1 { // a live process may still end in another way
		p.setExit(s.Exit)
	}
	return nil
}
