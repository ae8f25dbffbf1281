package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// report prints a result, and before it what changed since an earlier one.
func (c command) report(result *ebssnap.Result) int {
	code := map[ebssnap.Verdict]int{
		ebssnap.VerdictConsistent: program.Healthy, ebssnap.VerdictUnproven: program.Problem, ebssnap.VerdictUnknown: program.Problem,
		ebssnap.VerdictNone: program.CannotTell,
	}[result.Verdict]
	if result.Verdict == ebssnap.VerdictUnknown && len(result.Snapshots()) == 0 {
		code = program.CannotTell
	}
	if c.Since != "" {
		before, err := program.Read[*ebssnap.Result](c.Since)
		if err != nil {
			return c.Fail(err)
		}
		verdict, _ := ebssnap.Judge(before.Evidence)
		c.Print(change{Was: verdict, Is: result.Verdict, WasStopped: before.Evidence.Stopped(), IsStopped: result.Evidence.Stopped()}, code)
	}
	return c.Print(result, code)
}

// change compares two snapshots.
type change struct {
	Was        ebssnap.Verdict `json:"was"`
	Is         ebssnap.Verdict `json:"is"`
	WasStopped time.Duration   `json:"was_stopped_ns"`
	IsStopped  time.Duration   `json:"is_stopped_ns"`
}

// String says what changed on one line.
func (c change) String() string {
	verdict := "the verdict is the same"
	if c.Was != c.Is {
		verdict = fmt.Sprintf("the verdict was %s", c.Was)
	}
	return fmt.Sprintf("since: %s; writers were stopped for %.1f ms, now %.1f ms", verdict, float64(c.WasStopped)/1e6, float64(c.IsStopped)/1e6)
}

// thawed prints the last line.
func (c command) thawed(code int, err error) int {
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

// judgeAgain makes the verdict of a saved result once more. No filesystem is touched.
func (c command) judgeAgain() int {
	result, err := program.Read[*ebssnap.Result](c.From)
	if err != nil {
		return c.Fail(err)
	}
	result.Verdict, result.Reasons = ebssnap.Judge(result.Evidence)
	var frozen error
	for _, a := range result.Evidence.Attempts {
		if a.ThawError != nil && errors.Is(a.ThawError, ebssnap.ErrStillFrozen) {
			frozen = &ebssnap.ThawError{Mounts: result.Evidence.Mounts, Err: a.ThawError}
		}
	}
	return c.thawed(c.report(result), frozen)
}
