// Command zombies shows which parents do not reap their children, why, to whom
// they belong, and what can be done about it.
//
//	go run ./examples/zombies
//	go run ./examples/zombies -plan
//	sudo go run ./examples/zombies -blocked
//	go run ./examples/zombies -limits -parent 4242
//	sudo go run ./examples/zombies -parent 4242 -apply -yes
//	sudo go run ./examples/zombies -parent 4242 -reap -yes
//
// The reader learns that a zombie is its parent's affair: Scanner.Zombies says
// why that one does not reap, Group.Plan what can be done, and only Plan.Apply
// does it. Package inject makes a parent reap that must not end.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/procstate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type options struct {
	*program.Program
	scanner          procstate.Scanner
	plan, apply, yes bool
	reap             bool
	blocked, limits  bool
	connector        bool
	watch            time.Duration
	parent           int
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := options{Program: program.New("zombies", "[-plan | -apply -yes | -reap -yes | -blocked | -limits | -watch 1m] [-parent PID] [flags]\nexit codes: 0 healthy; 1 a problem; 2 cannot tell, or wrong usage", stdout, stderr)}
	p.EvidenceFlags()
	p.BoolVar(&p.plan, "plan", false, "print what can be done about each parent, and do nothing")
	p.BoolVar(&p.apply, "apply", false, "do it: needs -yes")
	p.BoolVar(&p.reap, "reap", false, "make the parents wait for their zombies, by ptrace(2), without ending them: needs -yes")
	p.BoolVar(&p.blocked, "blocked", false, "show tasks in uninterruptible sleep (D) instead of zombies")
	p.BoolVar(&p.limits, "limits", false, "show which limit stops the next fork, of -parent if given; with -since, when")
	p.DurationVar(&p.watch, "watch", 0, "print what happens for so long: zombies that stay for -settle, and their end")
	p.BoolVar(&p.connector, "connector", false, "with -watch also print every exit, from the kernel's process connector")
	p.BoolVar(&p.yes, "yes", false, "really do what -apply or -reap says: it may end the parents")
	p.IntVar(&p.parent, "parent", 0, "only the zombies of this `PID`")
	p.TextVar(&p.scanner.Source, "source", procstate.SourceProcFS, "procfs, bpf or fastest: the last two call bpf(2)")
	p.StringVar(&p.scanner.Root, "root", "", "where procfs is mounted, `DIR` (default /proc)")
	p.DurationVar(&p.scanner.Settle, "settle", time.Second, "time between the two looks; negative: one look")
	p.DurationVar(&p.scanner.Patience, "patience", time.Minute, "how long a zombie must have been dead before its parent is said not to reap")
	if code, done := p.Parse(args); done {
		return code
	}
	switch {
	case p.NArg() > 0:
		return p.Misused("unexpected argument %q", p.Arg(0))
	case !slices.Contains([]procstate.Source{procstate.SourceProcFS, procstate.SourceBPF, procstate.SourceFastest}, p.scanner.Source):
		return p.Misused("-source is procfs, bpf or fastest")
	case p.blocked && (p.plan || p.apply || p.reap || p.parent != 0 || p.limits || p.watch > 0):
		return p.Misused("-blocked goes with none of -plan, -apply, -reap, -parent, -limits and -watch")
	case p.limits && (p.plan || p.apply || p.reap || p.watch > 0):
		return p.Misused("-limits goes with none of -plan, -apply, -reap and -watch")
	case p.watch > 0 && (p.plan || p.apply || p.reap || p.parent != 0 || p.Save != "" || p.From != "" || p.Since != ""):
		return p.Misused("-watch goes with none of -plan, -apply, -reap, -parent, -save, -from and -since")
	case p.connector && p.watch <= 0:
		return p.Misused("-connector goes with -watch")
	case (p.plan || p.apply || p.reap) && p.Since != "":
		return p.Misused("-since goes with none of -plan, -apply and -reap")
	case p.apply && p.reap, p.plan && (p.apply || p.reap):
		return p.Misused("one of -plan, -apply and -reap")
	case (p.apply || p.reap) && (p.From != "" || p.scanner.Root != ""):
		return p.Misused("-apply and -reap act on this host as it is now: not with -from or -root")
	case p.Preflight:
		return program.PrintPreflight(p.Program, procstate.Preflight(ctx))
	}
	defer p.scanner.Close()
	switch {
	case p.blocked:
		return p.showBlocked(ctx)
	case p.limits:
		return p.showLimits(ctx)
	case p.watch > 0:
		return p.watching(ctx)
	}
	return p.showZombies(ctx)
}
