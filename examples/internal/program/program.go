// Package program holds what the mains of the examples share: the common flags,
// the exit codes and the way results are printed and saved.
package program

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"
)

// Exit codes of every example.
const (
	Healthy    = 0 // healthy, and nothing unseen that could hide a problem
	Problem    = 1 // a problem was found
	CannotTell = 2 // cannot tell, or wrong usage
)

// Program is one run of an example: its flags, and where it prints.
type Program struct {
	*flag.FlagSet

	Stdout, Stderr io.Writer

	JSON      bool   // one JSON object a line on Stdout instead of text
	Preflight bool   // only tell what may be done here
	Save      string // write the evidence to this file
	From      string // judge the evidence in this file instead of looking
	Since     string // compare with the evidence in this file
}

// InBetween ends the text of what -since found.
const InBetween = "not checked: what happened in between"

// Worse returns the exit code of two results together: a problem that was found
// stands, whatever else could not be told.
func Worse(a, b int) int {
	if a == Problem || b == Problem {
		return Problem
	}
	return max(a, b)
}

// New prepares a program with the flags -json and -preflight. usage is the
// command line after the program's name.
func New(name, usage string, stdout, stderr io.Writer) *Program {
	p := &Program{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), Stdout: stdout, Stderr: stderr}
	p.SetOutput(stderr)
	p.Usage = func() {
		fmt.Fprintf(p.Output(), "usage: %s %s\n", name, usage)
		p.PrintDefaults()
	}
	p.BoolVar(&p.JSON, "json", false, "print one JSON object a line")
	p.BoolVar(&p.Preflight, "preflight", false, "tell what this program may do here, and do nothing")
	return p
}

// EvidenceFlags adds -save, -from and -since, for a program whose verdict is a
// pure function of what it saw.
func (p *Program) EvidenceFlags() {
	p.StringVar(&p.Save, "save", "", "write what was seen to this `FILE`")
	p.StringVar(&p.From, "from", "", "judge what was saved in this `FILE` instead of looking again")
	p.StringVar(&p.Since, "since", "", "tell what changed since this `FILE` was saved")
}

// Parse reads the command line, and says with -from on Stderr how old the
// evidence is. done means that the program ends here with the
// given exit code: after -h, or after an error that it has printed.
func (p *Program) Parse(args []string) (code int, done bool) {
	for _, arg := range args {
		if arg == "--" {
			break
		}
		if arg == "-h" || arg == "-help" || arg == "--help" {
			p.SetOutput(p.Stdout)
		}
	}
	err := p.FlagSet.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return Healthy, true
	case err != nil:
		return CannotTell, true
	}
	p.tellAge()
	return 0, false
}

// tellAge says on Stderr, with -from, when the evidence was written: the
// verdict is about that time.
func (p *Program) tellAge() {
	if info, err := os.Stat(p.From); err == nil { // that it is not there is said by Read
		fmt.Fprintf(p.Stderr, "%s: as seen when %s was written, %s\n", p.Name(), p.From, info.ModTime().UTC().Format(time.RFC3339))
	}
}

// Misused prints why the command line makes no sense and returns CannotTell.
func (p *Program) Misused(format string, args ...any) int {
	fmt.Fprintf(p.Stderr, "%s: %s\n", p.Name(), fmt.Sprintf(format, args...))
	p.Usage()
	return CannotTell
}

// Fail prints an error and returns CannotTell. With -json the error is also an
// object {"error": {"code", "message"}} on Stdout.
func (p *Program) Fail(err error) int {
	fmt.Fprintf(p.Stderr, "%s: %v\n", p.Name(), err)
	if !p.JSON {
		return CannotTell
	}
	var coded json.Marshaler
	var body any = struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}{"other", err.Error()}
	if errors.As(err, &coded) {
		body = coded
	}
	if err := p.line(map[string]any{"error": body}); err != nil {
		fmt.Fprintf(p.Stderr, "%s: %v\n", p.Name(), err)
	}
	return CannotTell
}

// Print prints a result: its JSON on one line with -json, else its String. It
// returns code, or CannotTell when printing failed.
func (p *Program) Print(result fmt.Stringer, code int) int {
	var err error
	if p.JSON {
		err = p.line(result)
	} else {
		_, err = fmt.Fprintln(p.Stdout, strings.TrimRight(result.String(), "\n"))
	}
	if err != nil {
		fmt.Fprintf(p.Stderr, "%s: print: %v\n", p.Name(), err)
		return CannotTell
	}
	return code
}

func (p *Program) line(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "%s\n", text)
	return err
}

// Write saves evidence as JSON for a later -from or -since.
func Write(path string, evidence any) error {
	text, err := json.Marshal(evidence)
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}

// Read reads evidence that Write saved. A file in which nothing of it stands,
// such as one that another program saved, is an error: judged, it would look
// like a run that found nothing wrong.
func Read[T any](path string) (T, error) {
	var evidence T
	text, err := os.ReadFile(path)
	if err != nil {
		return evidence, err
	}
	if err := json.Unmarshal(text, &evidence); err != nil {
		return evidence, fmt.Errorf("read %s: not evidence saved by this program: %w", path, err)
	}
	v := reflect.ValueOf(&evidence).Elem()
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.IsZero() {
		return evidence, fmt.Errorf("read %s: nothing saved by this program in it", path)
	}
	return evidence, nil
}

// capability is what the Capability types of the six packages have in common.
type capability struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"`
	Fix  string `json:"fix,omitempty"`
}

// PrintPreflight prints what a package's Preflight answered. It returns Healthy
// if everything may be done, else CannotTell.
func PrintPreflight[C ~struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"`
	Fix  string `json:"fix,omitempty"`
}](p *Program, capabilities []C,
) int {
	code := Healthy
	for _, c := range capabilities {
		if !capability(c).OK {
			code = CannotTell
		}
		code = max(code, p.Print(capability(c), code))
	}
	return code
}

func (c capability) String() string {
	text := "yes  " + c.Name
	if !c.OK {
		text = "no   " + c.Name
	}
	if c.Why != "" {
		text += ": " + c.Why
	}
	if c.Fix != "" {
		text += "\n     fix: " + c.Fix
	}
	return text
}
