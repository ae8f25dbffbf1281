package main

import (
	"errors"
	"fmt"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// kind is that of the evidence which -save writes.
const kind = "ebssnap_result"

// report prints a result, and before it what changed since an earlier one.
func (c command) report(result *ebssnap.Result) int {
	if c.Since != "" {
		earlier, err := program.LoadEvidence[*ebssnap.Result](c.Program, c.Since, kind)
		if err != nil {
			return c.Fail(err)
		}
		c.Print(result.Since(earlier[len(earlier)-1]), 0)
	}
	return c.Answer(result)
}

// thawed prints the last line, of a call that returned err.
func (c command) thawed(code int, err error) int {
	var frozen *ebssnap.ThawError
	if errors.As(err, &frozen) {
		return c.lastLine(code, frozen.Rescue())
	}
	return c.lastLine(code, "")
}

// lastLine says whether anything is still frozen: rescue is the command that thaws it.
func (c command) lastLine(code int, rescue string) int {
	out := c.Stdout
	if c.JSON {
		out = c.Stderr
	}
	if rescue != "" {
		fmt.Fprintf(out, "STILL FROZEN: run %s\n", opskit.Escape(rescue))
		return max(code, program.Problem)
	}
	fmt.Fprintln(out, "thawed")
	return code
}

// judgeAgain makes the verdict of a saved result once more. No filesystem is touched.
func (c command) judgeAgain() int {
	saved, err := program.LoadEvidence[*ebssnap.Result](c.Program, c.From, kind)
	if err != nil {
		return c.Fail(err)
	}
	result := saved[len(saved)-1]
	return c.lastLine(c.report(result), result.Rescue())
}
