// Command snapshot takes one consistent EBS snapshot: it freezes the filesystem,
// asks EC2 for the snapshot, and thaws as soon as EC2 has answered.
//
//	sudo go run ./examples/snapshot -volume /dev/sdb -mount /data -timeout 10s
//
// The reader learns that writers need to be stopped for tens of milliseconds, not
// until the snapshot is complete, and how a verdict says whether the snapshot is
// proven consistent.
//
// It refuses before anything is stopped where a part of the data is found outside
// the volumes, and says so where it cannot tell.
//
// With -wait it waits until the snapshot is completed. With -check it tells
// beforehand whether all of that would work: "ready" and 0, "not ready" and 1,
// "cannot tell" and 2; with -recover it tells what is
// frozen now, and with -yes thaws what a run that was killed together with its
// guard left; with -hold it freezes and thaws at the word
// of another tool's hooks. snapshot.service and snapshot.timer are ready for systemd,
// ssm.json for the scripts of the Data Lifecycle Manager, on a fleet.
//
// The exit code is 0 for a consistent snapshot, 1 for none and for one
// without proof, 2 where that is not known. The last line is "thawed",
// "STILL FROZEN: run ..." with the command, "still frozen, by a run that lives
// or by somebody else: ...", or "cannot tell whether it is frozen: ..."; with
// -json it stands on stderr.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/ebssnap/volumes"
	"github.com/opskit-go/opskit/examples/internal/program"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return command{
		freezer: func(mounts []string) ebssnap.Freezer { return &ebssnap.FS{Mounts: mounts} },
		find: func(ctx context.Context, finder volumes.Finder, paths ...string) (*volumes.Layout, error) {
			return finder.Find(ctx, paths...)
		},
	}.run(ctx, args, stdout, stderr)
}

// command is the program; its tests bring a freezer that freezes nothing, and a machine of their own.
type command struct {
	freezer func(mounts []string) ebssnap.Freezer
	find    func(ctx context.Context, finder volumes.Finder, paths ...string) (*volumes.Layout, error)

	*program.Program
	volumes, mounts list
	skip            list
	timeout         time.Duration
	description     string
	hold            string
	check, recover  bool
	yes             bool
	wait            bool
	every           time.Duration // between two questions of -wait
	options         ec2snap.Options
	mappings        []volumes.Mapping
}

func (c command) run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c.Program = program.New("snapshot", "-volume VOLUME -mount DIR [-skip PATH] [-timeout 10s] [-check] [-wait] | -recover [-yes] | -mount DIR -hold SOCKET | -hold SOCKET freeze|thaw\nexit codes: 0 consistent; 1 no snapshot, or one without proof; 2 unknown, or wrong usage", stdout, stderr)
	c.EvidenceFlags()
	c.Var(&c.volumes, "volume", "`VOLUME` to take a snapshot of: vol-... or a device as EC2 names it, /dev/sdb; repeated: one atomic set")
	c.Var(&c.mounts, "mount", "mount point `DIR` to freeze; repeated for several")
	c.Var(&c.skip, "skip", "absolute path `PATH` below the mount points that holds no data to keep, and may lie elsewhere; repeated for several")
	c.DurationVar(&c.timeout, "timeout", 10*time.Second, "how long writers may be stopped at most")
	c.StringVar(&c.description, "description", "", "`TEXT` for the snapshot")
	c.StringVar(&c.options.Endpoint, "endpoint", "", "EC2 at this `URL`")
	c.StringVar(&c.options.Metadata, "metadata", "", "the metadata service at this `URL`")
	c.StringVar(&c.options.Region, "region", "", "the `REGION`, if the metadata service should not be asked")
	c.BoolVar(&c.check, "check", false, "only tell whether a snapshot could be taken; nothing is frozen or created")
	c.BoolVar(&c.recover, "recover", false, "tell what is frozen now, by asking every filesystem for write access; with -yes thaw what a run that died left")
	c.BoolVar(&c.yes, "yes", false, "with -recover: really thaw")
	c.BoolVar(&c.wait, "wait", false, "after the thaw, wait until the snapshot is completed, which may take hours")
	c.StringVar(&c.hold, "hold", "", "freeze and thaw at the word of another program on this `SOCKET`; with the argument freeze or thaw: say that word")
	if code, done := c.Parse(args); done {
		return code
	}
	switch {
	case c.Preflight:
		return program.PrintPreflight(c.Program, ebssnap.Preflight(ctx))
	case c.hold != "" && c.NArg() == 1:
		return c.tell(ctx, c.Arg(0))
	case c.NArg() > 0:
		return c.Misused("unexpected argument %q", c.Arg(0))
	case c.recover:
		return c.thawLeftovers(ctx)
	case c.hold != "" && len(c.mounts) > 0:
		return c.holdFor(ctx)
	case c.From != "":
		return c.judgeAgain()
	case len(c.volumes) == 0 || len(c.mounts) == 0:
		return c.Misused("-volume and -mount are needed")
	}
	return c.take(ctx)
}
