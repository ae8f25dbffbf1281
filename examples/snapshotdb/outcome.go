package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/dbhook"
	"github.com/opskit-go/opskit/ebssnap/volumes"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// outcome is what is printed and saved.
type outcome struct {
	Set      []string         `json:"set,omitzero"`
	Layout   *volumes.Layout  `json:"layout,omitzero"`  // what the database's files lie on
	Report   *volumes.Report  `json:"report,omitzero"`  // whether the set holds all of it
	Result   *ebssnap.Result  `json:"result,omitempty"` // absent if the set was refused
	Backup   *dbhook.Backup   `json:"backup,omitempty"`
	Position *dbhook.Position `json:"position,omitempty"`
}

// String returns the result of the snapshot, or why there is none. What the database says stands among the evidence.
func (o *outcome) String() string {
	if o.Result == nil {
		return o.Report.String()
	}
	verdict, rest, _ := strings.Cut(o.Result.String(), "\n")
	if o.Backup != nil {
		verdict += fmt.Sprintf("\n  backup %q: restore with backup_label (in -json and -save) and the log from %q to %q", o.Backup.Label, o.Backup.StartWAL, o.Backup.StopWAL)
	}
	if o.Position != nil {
		verdict += "\n  a replica begins at " + o.Position.String()
	}
	return verdict + "\n" + rest
}

func (o *outcome) verdict() ebssnap.Verdict {
	if o == nil || o.Result == nil {
		return ebssnap.VerdictNone
	}
	verdict, _ := ebssnap.Judge(o.Result.Evidence)
	return verdict
}

func (o *outcome) code() int {
	switch verdict := o.verdict(); {
	case verdict == ebssnap.VerdictConsistent:
		return program.Healthy
	case verdict == ebssnap.VerdictNone || verdict == ebssnap.VerdictUnknown && len(o.Result.Snapshots()) == 0:
		return program.CannotTell
	}
	return program.Problem
}

// change compares two outcomes.
type change struct {
	Was ebssnap.Verdict `json:"was"`
	Is  ebssnap.Verdict `json:"is"`
}

// String says what changed on one line.
func (c change) String() string {
	if c.Was == c.Is {
		return "since: the verdict is the same"
	}
	return fmt.Sprintf("since: the verdict was %s", c.Was)
}

// judgeAgain makes the verdict of a saved outcome once more. Nothing is locked and no filesystem touched.
func (c command) judgeAgain() int {
	o, err := program.Read[*outcome](c.From)
	if err != nil {
		return c.Fail(err)
	}
	if o == nil || o.Layout == nil {
		return c.Fail(fmt.Errorf("read %s: not an outcome saved by this program", c.From))
	}
	o.Report = o.Layout.Check(o.Set...)
	var frozen error
	if o.Result != nil {
		o.Result.Verdict, o.Result.Reasons = ebssnap.Judge(o.Result.Evidence)
		for _, a := range o.Result.Evidence.Attempts {
			if a.ThawError != nil && errors.Is(a.ThawError, ebssnap.ErrStillFrozen) {
				frozen = &ebssnap.ThawError{Mounts: o.Result.Evidence.Mounts, Err: a.ThawError}
			}
		}
	}
	return c.finish(o, frozen)
}

// finish prints and saves the outcome, and then the last line.
func (c command) finish(o *outcome, err error) int {
	code := o.code()
	if err != nil {
		code = max(code, program.Problem) // consistent, but something was left undone
	}
	if c.Since != "" {
		before, err := program.Read[*outcome](c.Since)
		if err != nil {
			code = c.Fail(err)
		} else {
			code = c.Print(change{Was: before.verdict(), Is: o.verdict()}, code)
		}
	}
	code = max(code, c.Print(o, code))
	if c.Save != "" {
		if err := program.Write(c.Save, o); err != nil {
			fmt.Fprintf(c.Stderr, "%s: %v\n", c.Name(), err)
			code = max(code, program.Problem)
		}
	}
	return c.lastLine(code, err)
}

// lastLine says whether anything is still frozen.
func (c command) lastLine(code int, err error) int {
	out := c.Stdout
	if c.JSON {
		out = c.Stderr
	}
	var frozen *ebssnap.ThawError
	if errors.As(err, &frozen) {
		fmt.Fprintf(out, "STILL FROZEN: run %s\n", frozen.Rescue())
		return max(code, program.Problem)
	}
	fmt.Fprintln(out, "thawed")
	return code
}
