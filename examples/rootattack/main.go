// Command rootattack tells from captures at a name server, or from published statistics,
// whether the root servers were attacked: when, which letters, by what kind of sources.
//
//	tcpdump -w - port 53 | go run ./examples/rootattack -
//	go run ./examples/rootattack -merge PART... # each of -save PART CAPTURE...
//	go run ./examples/rootattack -rssac002 DIR
//
// DIR holds RSSAC002 figures as YAML, as published, or as CSV tables. The reader learns
// that ReadDir gathers and Findings judges, and that "no data" is an answer of its own.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/rssac002"
	"github.com/opskit-go/opskit/examples/internal/program"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("rootattack", "CAPTURE... (- for standard input), -merge PART... or -rssac002 DIR\nexit codes: 0 quiet; 1 an attack; 2 cannot tell, or wrong usage", stdout, stderr)
	p.EvidenceFlags()
	dir := p.String("rssac002", "", "folder `DIR` with published figures")
	merge := p.Bool("merge", false, "the arguments are parts that -save wrote of captures")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, preflight(*dir))
	}
	if p.NArg() > 0 && *dir+p.From+p.Since == "" {
		return captures(ctx, p, *merge)
	} else if p.NArg() > 0 || *merge || (*dir == "") == (p.From == "") {
		return p.Misused("want captures, -merge PART..., -rssac002 DIR or -from FILE, one of these")
	}
	statistics, readErr := look(p, *dir)
	if statistics == nil || len(statistics.Figures) == 0 {
		return p.Fail(readErr)
	}
	if readErr != nil { // the rest is judged, and the verdict says what is missing
		fmt.Fprintf(p.Stderr, "%s: %v\n", p.Name(), readErr)
		statistics.Unseen = append(statistics.Unseen, dnsroot.Gap{What: "part of the files", Why: "they could not be read whole"})
	}
	if p.Save != "" {
		if err := program.Write(p.Save, statistics); err != nil {
			return p.Fail(err)
		}
	}
	r := rssac002.Findings(statistics)
	code := p.Print(r, exit(r))
	if p.Since != "" {
		code = program.Worse(code, since(p, r))
	}
	return code
}

// look reads the folder, or what was saved of one.
func look(p *program.Program, dir string) (*rssac002.Statistics, error) {
	if p.From == "" {
		if _, err := os.ReadDir(dir); err != nil {
			return nil, err // it names the folder, which a file system of it cannot
		}
		return rssac002.ReadDir(os.DirFS(dir))
	}
	s, err := program.Read[*rssac002.Statistics](p.From)
	if err == nil && (s == nil || len(s.Figures) == 0) {
		err = fmt.Errorf("read %s: no figures in it", p.From)
	}
	return s, err
}

func exit(r *rssac002.Report) int {
	switch {
	case r.Verdict == rssac002.Attack:
		return program.Problem
	case r.Verdict == rssac002.Quiet && len(r.Unseen) == 0:
		return program.Healthy
	}
	return program.CannotTell
}

// preflight tells whether the folder can be read; nothing else is needed.
func preflight(dir string) []dnsroot.Capability {
	c := dnsroot.Capability{Name: "read_rssac002", OK: true}
	if dir == "" {
		return []dnsroot.Capability{{Name: c.Name, Why: "no folder was named", Fix: "rootattack -preflight -rssac002 DIR"}}
	}
	if _, err := os.ReadDir(dir); err != nil {
		c = dnsroot.Capability{Name: c.Name, Why: err.Error(), Fix: "rootattack -preflight -rssac002 DIR"}
	}
	return []dnsroot.Capability{c}
}

// since tells which days are judged otherwise than by the figures saved earlier.
// The exit code stays that of the verdict now.
func since(p *program.Program, now *rssac002.Report) int {
	saved, err := program.Read[*rssac002.Statistics](p.Since)
	if err == nil && saved == nil {
		err = fmt.Errorf("read %s: no figures in it", p.Since)
	}
	if err != nil {
		return p.Fail(err)
	}
	before := rssac002.Findings(saved)
	c := changes{}
	for _, d := range now.Days {
		i := slices.IndexFunc(before.Days, func(b rssac002.Day) bool { return b.Day.Equal(d.Day) })
		switch {
		case i < 0:
			c.New++
		case before.Days[i].Verdict != d.Verdict:
			c.Days = append(c.Days, change{d.Day, before.Days[i].Verdict, d.Verdict})
		}
	}
	return p.Print(c, program.Healthy)
}

// changes is what two judgements have differently.
type changes struct {
	New  int      `json:"new_days"`
	Days []change `json:"changes,omitempty"`
}

type change struct {
	Day time.Time        `json:"day"`
	Was rssac002.Verdict `json:"was"`
	Is  rssac002.Verdict `json:"is"`
}

func (c changes) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "since then: %d days more", c.New)
	for _, d := range c.Days {
		fmt.Fprintf(&b, "\n  %s: was %s, is %s", d.Day.Format(time.DateOnly), d.Was, d.Is)
	}
	return b.String() + "\n" + program.InBetween
}
