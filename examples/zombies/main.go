// Command zombies shows which parents do not reap their children, why, to whom
// they belong, and what can be done about it.
//
//	go run ./examples/zombies
//	go run ./examples/zombies -plan
//	sudo go run ./examples/zombies -blocked
//	go run ./examples/zombies -limits -parent 4242
//	sudo go run ./examples/zombies -parent 4242 -apply -yes
//
// The reader learns that a zombie is its parent's affair: Scanner.Zombies says
// why that one does not reap, Group.Plan what can be done, and only Plan.Apply
// does it.
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
	blocked, limits  bool
	connector        bool
	watch            time.Duration
	parent           int
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := options{Program: program.New("zombies", "[-plan | -apply -yes | -blocked | -limits | -watch 1m] [-parent PID] [flags]\nexit codes: 0 healthy; 1 a problem; 2 cannot tell, or wrong usage", stdout, stderr)}
	p.EvidenceFlags()
	p.BoolVar(&p.plan, "plan", false, "print what can be done about each parent, and do nothing")
	p.BoolVar(&p.apply, "apply", false, "do it: needs -yes")
	p.BoolVar(&p.blocked, "blocked", false, "show tasks in uninterruptible sleep (D) instead of zombies")
	p.BoolVar(&p.limits, "limits", false, "show which limit stops the next fork, of -parent if given; with -since, when")
	p.DurationVar(&p.watch, "watch", 0, "print what happens for so long: zombies that stay for -settle, and their end")
	p.BoolVar(&p.connector, "connector", false, "with -watch also print every exit, from the kernel's process connector")
	p.BoolVar(&p.yes, "yes", false, "really do what -apply says: it may end the parents")
	p.IntVar(&p.parent, "parent", 0, "only the zombies of this `PID`")
	p.TextVar(&p.scanner.Source, "source", procstate.ProcFS, "procfs, bpf or fastest: the last two call bpf(2)")
	p.StringVar(&p.scanner.Root, "root", "", "where procfs is mounted, `DIR` (default /proc)")
	p.DurationVar(&p.scanner.Settle, "settle", time.Second, "time between the two looks; negative: one look")
	if code, done := p.Parse(args); done {
		return code
	}
	switch {
	case p.NArg() > 0:
		return p.Misused("unexpected argument %q", p.Arg(0))
	case p.blocked && (p.plan || p.apply || p.parent != 0 || p.Since != ""):
		return p.Misused("-blocked goes with none of -plan, -apply, -parent and -since")
	case p.limits && (p.plan || p.apply || p.blocked):
		return p.Misused("-limits goes with none of -plan, -apply and -blocked")
	case p.apply && (p.From != "" || p.scanner.Root != ""):
		return p.Misused("-apply acts on this host as it is now: not with -from or -root")
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
	seen, err := p.look(ctx)
	if err != nil {
		return p.Fail(err)
	}
	report := seen.Report
	if p.Save != "" {
		if err := program.Write(p.Save, seen); err != nil {
			return p.Fail(err)
		}
	}
	p.only(&seen)
	code := exitCode(report.Verdict)
	switch {
	case p.plan, p.apply && !p.yes:
		for _, g := range report.Groups {
			code = p.Print(g.Plan(), code)
		}
		if len(report.Groups) == 0 && !p.JSON {
			code = p.Print(seen, code)
		}
		if p.apply {
			return p.Misused("nothing was done: -apply needs -yes")
		}
		return code
	case p.apply:
		return p.applyTo(ctx, report)
	}
	if p.Since != "" {
		earlier, err := program.Read[*procstate.Report](p.Since)
		if err != nil {
			return p.Fail(err)
		}
		code = p.Print(compare(earlier, report), code)
	}
	return p.Print(seen, code)
}

// only leaves out the groups that were not asked for.
func (p *options) only(seen *shown) {
	if p.parent == 0 {
		return
	}
	other := func(pid int) bool { return pid != p.parent }
	seen.Groups = slices.DeleteFunc(seen.Groups, func(g procstate.Group) bool { return other(g.Parent.PID) })
	seen.Binding = slices.DeleteFunc(seen.Binding, func(b binding) bool { return other(b.Parent.PID) })
	seen.Parent, seen.Verdict = p.parent, seen.Judge()
}

func exitCode(verdict procstate.Verdict) int {
	switch verdict {
	case procstate.Healthy:
		return program.Healthy
	case procstate.Problem:
		return program.Problem
	}
	return program.CannotTell
}
