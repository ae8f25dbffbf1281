package main

import (
	"context"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/ebssnap/volumes"
)

// lookWithin limits the look at what the data lies on: a tree of many directories takes long, and nothing is stopped meanwhile.
const lookWithin = time.Minute

// whole returns a report if a part of the data is known to lie outside the set, and else what could not be told about that.
func (c command) whole(ctx context.Context, set []string) (outside *volumes.Report, gaps []opskit.Gap) {
	limited, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	report, err := c.look(limited, set)
	switch {
	case err != nil:
		return nil, []opskit.Gap{{What: "whether all data lies in the set", Why: err.Error()}}
	case report.Verdict == volumes.VerdictSplit:
		return report, nil
	}
	return nil, report.Gaps()
}

// look tells what the data lies on. Xen disks need the instance's block device mappings for that, so Locate is asked for them if that may help.
func (c command) look(ctx context.Context, set []string) (*volumes.Report, error) {
	for {
		layout, err := c.find(ctx, volumes.Finder{Skip: c.skip, Mappings: c.mappings}, c.mounts...)
		if err != nil {
			return nil, err
		}
		report := layout.Check(set...)
		if report.Verdict != volumes.VerdictUnknown || c.mappings != nil || c.options.Region != "" {
			return report, nil
		}
		here, err := ec2snap.Locate(ctx, "", c.options)
		if err != nil || here.Mappings == nil {
			return report, nil //nolint:nilerr // not on an instance: the report says what cannot be told
		}
		c.mappings = here.Mappings
	}
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

// Set adds one value.
func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}
