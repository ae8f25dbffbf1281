package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/dbhook"
	"github.com/opskit-go/opskit/ebssnap/volumes"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// kind is that of the evidence which -save writes.
const kind = "ebssnap_database"

// outcome is what is printed and saved.
type outcome struct {
	Report   *volumes.Report  `json:"report,omitempty"` // whether the set holds all of the database's files
	Result   *ebssnap.Result  `json:"result,omitempty"` // absent if the set was refused
	Backup   *dbhook.Backup   `json:"backup,omitempty"`
	Position *dbhook.Position `json:"position,omitempty"`
}

// judged is the one that decides: the snapshot, or why there is none.
func (o *outcome) judged() opskit.Judged {
	switch {
	case o.Result != nil:
		return o.Result
	case o.Report != nil:
		return o.Report
	}
	return &ebssnap.Result{}
}

// Judge judges the set and the snapshot again.
func (o *outcome) Judge() opskit.Level {
	if o.Report != nil {
		o.Report.Judge()
	}
	return o.judged().Judge()
}

// Level is that of the snapshot, or of the set that was refused.
func (o *outcome) Level() opskit.Level { return o.judged().Level() }

// Gaps are those of the snapshot, or of the set that was refused.
func (o *outcome) Gaps() []opskit.Gap { return o.judged().Gaps() }

// Seen tells whether the database was looked at.
func (o *outcome) Seen() bool { return o != nil && o.Report.Seen() }

// String returns the result of the snapshot, or why there is none. What the database says stands among
// the evidence.
func (o *outcome) String() string {
	verdict, rest, _ := strings.Cut(o.judged().String(), "\n")
	if o.Backup != nil {
		verdict += fmt.Sprintf("\n  backup %q: restore with backup_label (in -json and -save) and the log from %q to %q", o.Backup.Label, o.Backup.StartWAL, o.Backup.StopWAL)
	}
	if o.Position != nil {
		verdict += "\n  a replica begins at " + o.Position.String()
	}
	return verdict + "\n" + rest
}

// since tells what changed since an earlier outcome.
func (o *outcome) since(earlier *outcome) opskit.Changes {
	if o.Result != nil && earlier.Result != nil {
		return o.Result.Since(earlier.Result)
	}
	return o.Report.Since(earlier.Report)
}

// judgeAgain makes the verdict of a saved outcome once more. Nothing is locked and no filesystem touched.
func (c command) judgeAgain() int {
	saved, err := program.LoadEvidence[*outcome](c.Program, c.From, kind)
	if err != nil {
		return c.Fail(err)
	}
	o := saved[len(saved)-1]
	rescue := ""
	if o.Result != nil {
		rescue = o.Result.Rescue()
	}
	return c.lastLine(c.finish(o, nil), rescue)
}

// finish prints and saves the outcome.
func (c command) finish(o *outcome, err error) int {
	if c.Since != "" {
		earlier, err := program.LoadEvidence[*outcome](c.Program, c.Since, kind)
		if err != nil {
			return c.Fail(err)
		}
		c.Print(o.since(earlier[len(earlier)-1]), 0)
	}
	code := c.Answer(o)
	if err != nil {
		code = max(code, program.Problem) // consistent, but something was left undone
	}
	if c.Save != "" {
		at := time.Now()
		if o.Result != nil {
			at = o.Result.Evidence.Started
		}
		if err := program.SaveEvidence(c.Save, kind, at, o); err != nil {
			fmt.Fprintf(c.Stderr, "%s: %v\n", c.Name(), err)
			code = max(code, program.Problem)
		}
	}
	return code
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
