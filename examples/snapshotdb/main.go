// Command snapshotdb takes one consistent EBS snapshot of a database: it asks the
// server where its files are, refuses if one lies on a volume outside the set,
// locks the database, freezes the filesystem, asks EC2 for the snapshot, and lets
// both go as soon as EC2 has answered.
//
//	sudo go run ./examples/snapshotdb -mariadb "mariadb --defaults-file=/etc/backup.cnf" -volume vol-0a1b2c3d -mount /srv/db
//	sudo go run ./examples/snapshotdb -postgres "sudo -u postgres psql" -volume vol-0a1b2c3d -volume vol-0e4f5a6b -mount /srv/pg -mount /srv/wal
//
// With -try it locks, freezes and lets go, anywhere, and asks no cloud. The reader learns
// how a lock, a frozen filesystem and a set of volumes go together. Exit codes and last
// line are those of examples/snapshot.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
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
	return command{freezer: func(mounts []string) ebssnap.Freezer { return &ebssnap.FS{Mounts: mounts} }}.run(ctx, args, stdout, stderr)
}

// database is what both databases have in common.
type database interface {
	ebssnap.Freezer
	Paths(ctx context.Context) ([]string, error)
}

// command is the program; its tests bring a freezer that freezes nothing and a machine in a directory.
type command struct {
	freezer func(mounts []string) ebssnap.Freezer
	finder  volumes.Finder

	*program.Program
	postgres postgres
	mariadb  mariadb
	names    list
	mounts   list
	skip     list
	timeout  time.Duration
	try      bool
	options  ec2snap.Options
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

// Set adds one value.
func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

func (c command) run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c.Program = program.New("snapshotdb", "-postgres CLIENT | -mariadb CLIENT -volume VOLUME... -mount DIR... [-timeout 10s]\nexit codes: 0 consistent; 1 no snapshot, or one without proof; 2 unknown, or wrong usage", stdout, stderr)
	c.EvidenceFlags()
	c.postgres.flags(c.FlagSet)
	c.mariadb.flags(c.FlagSet)
	c.Var(&c.names, "volume", "`VOLUME` of the set: vol-... or a device as EC2 names it, /dev/sdb; repeated: one atomic set")
	c.Var(&c.mounts, "mount", "mount point `DIR` to freeze; repeated for several")
	c.Var(&c.skip, "skip", "`PATH` below the data directory that holds no data to keep; may be repeated")
	c.DurationVar(&c.timeout, "timeout", 10*time.Second, "how long writers may be stopped at most")
	c.StringVar(&c.options.Endpoint, "endpoint", "", "EC2 at this `URL`")
	c.StringVar(&c.options.Metadata, "metadata", "", "the metadata service at this `URL`")
	c.StringVar(&c.options.Region, "region", "", "the `REGION`, if the metadata service should not be asked")
	c.BoolVar(&c.try, "try", false, "only lock, freeze and let go, and ask no cloud; -volume is not needed")
	if code, done := c.Parse(args); done {
		return code
	}
	switch {
	case c.Preflight:
		return program.PrintPreflight(c.Program, ebssnap.Preflight(ctx))
	case c.NArg() > 0:
		return c.Misused("unexpected argument %q", c.Arg(0))
	case c.From != "":
		return c.judgeAgain()
	case (c.postgres.client == "") == (c.mariadb.client == ""):
		return c.Misused("one of -postgres and -mariadb is needed")
	case c.try && len(c.mounts) > 0:
		return c.onlyTry(ctx)
	case len(c.names) == 0 || len(c.mounts) == 0:
		return c.Misused("-volume and -mount are needed")
	}
	var o outcome
	err := c.snapshot(ctx, &o)
	if o.Report == nil {
		return c.thawed(c.Fail(err), err)
	}
	if err != nil {
		fmt.Fprintf(c.Stderr, "%s: %v\n", c.Name(), err)
	}
	return c.thawed(c.finish(&o, err), err)
}

// snapshot fills in the outcome as far as it gets.
func (c command) snapshot(ctx context.Context, o *outcome) error {
	hook := c.hook()
	volume := ebssnap.Volume{Description: "database"}
	for _, name := range c.names {
		if strings.HasPrefix(name, "vol-") {
			volume.IDs = append(volume.IDs, name)
			continue
		}
		here, err := ec2snap.Locate(ctx, name, c.options)
		if err != nil {
			return err
		}
		volume.IDs, volume.Instance, c.options.Region = append(volume.IDs, here.Volume), here.Instance, here.Region
		c.finder.Mappings = here.Mappings
	}
	paths, err := hook.Paths(ctx)
	if err != nil {
		return err
	}
	c.finder.Skip = c.skip
	if err := c.look(ctx, o, volume.IDs, paths); err != nil {
		return err
	}
	if err := o.Report.Err(); err != nil {
		return err // nothing was locked, nothing frozen
	}
	if volume.Cloud, err = ec2snap.New(ctx, c.options); err != nil {
		return err
	}
	o.Result, err = ebssnap.Consistent(ctx, volume, ebssnap.Freezers(hook, c.freezer(c.mounts)), c.timeout)
	if teller, ok := hook.(interface{ tell(o *outcome) }); ok {
		teller.tell(o)
	}
	return err
}
