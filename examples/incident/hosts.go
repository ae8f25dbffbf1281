package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
	"github.com/opskit-go/opskit/procstate"
)

// tunnelEnds holds the two stanzas, and what the restarts logged, against each other.
func (e *evidence) tunnelEnds() {
	west, err := conf.Parse("west.conf", westConf, conf.DialectLibreswan)
	e.fail("tunnel", err)
	east, err := conf.Parse("east.conf", eastConf, conf.DialectLibreswan)
	e.fail("tunnel", err)
	if west == nil || east == nil {
		return
	}
	log := ipsec.CheckLog("restart.log", restartLog).Log
	a := ipsec.End{Name: "eu-west-1", Conf: west, Public: westPublic, Log: log}
	b := ipsec.End{Name: "us-east-1", Conf: east, Public: eastPublic, Log: log}
	a.Keys = ipsec.CompareKeys(a, b, westSecrets, eastSecrets)
	e.Tunnel = ipsec.Mirror(a, b)
}

// ownZombies looks at five real zombies: children of this program that it does
// not wait for until it was seen. Zombies of other parents are left out of the
// demonstration.
func (e *evidence) ownZombies(ctx context.Context) {
	for range 5 {
		child := exec.CommandContext(ctx, "true")
		if err := child.Start(); err != nil {
			e.fail("zombies", err)
			return
		}
		defer func() { _ = child.Wait() }() // at last: how it ended is of no interest
	}
	report, err := stuck(ctx, 5)
	if err != nil {
		e.fail("zombies", err)
		return
	}
	e.Zombies = report.Only(os.Getpid())
}

// stuck looks until this program has n zombies, for ten seconds at most: the
// children need a moment to end.
func stuck(ctx context.Context, n int) (*procstate.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		report, err := (&procstate.Scanner{Settle: 200 * time.Millisecond, Patience: -1}).Zombies(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range report.Groups {
			if g.Parent.PID == os.Getpid() && len(g.Zombies) == n {
				return report, nil
			}
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("the demonstration's own %d zombies were not seen", n)
		}
	}
}

// demoSnapshot takes a snapshot of a volume in memory with a freezer that
// freezes nothing: the calls are those of examples/snapshot.
func (e *evidence) demoSnapshot(ctx context.Context) {
	volume := ebssnap.Volume{Cloud: &ebssnaptest.Cloud{Latency: 20 * time.Millisecond}, IDs: []string{"vol-0123456789abcdef0"}}
	result, err := ebssnap.Consistent(ctx, volume, &ebssnaptest.Freezer{Took: 30 * time.Millisecond}, 10*time.Second)
	e.fail("snapshot", err)
	e.Snapshot = result
}
