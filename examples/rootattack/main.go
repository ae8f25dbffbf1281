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
	"time"

	"github.com/opskit-go/opskit"
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
	dir := p.String("rssac002", "", "directory `DIR` with published figures")
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
	r, err := look(p, *dir)
	if r == nil || !r.Seen() {
		return p.Fail(err)
	}
	if p.Save != "" {
		if err := program.SaveEvidence(p.Save, kind, time.Now(), r); err != nil {
			return p.Fail(err)
		}
	}
	code := p.Answer(r)
	if p.Since != "" {
		earlier, err := program.LoadEvidence[*rssac002.Report](p, p.Since, kind)
		if err != nil {
			return program.Worse(code, p.Fail(err))
		}
		p.Answer(r.Since(earlier[0])) // the exit code stays that of the verdict now
	}
	return code
}

// kind is that of the saved evidence.
const kind = "dnsroot_rssac002"

// look reads the directory, or what was saved of one.
func look(p *program.Program, dir string) (*rssac002.Report, error) {
	if p.From != "" {
		saved, err := program.LoadEvidence[*rssac002.Report](p, p.From, kind)
		if err != nil {
			return nil, err
		}
		return saved[0], nil
	}
	if _, err := os.ReadDir(dir); err != nil {
		return nil, err // it names the directory, which a file system of it cannot
	}
	statistics, err := rssac002.ReadDir(os.DirFS(dir))
	if err != nil { // the rest is judged, and the verdict says what is missing
		fmt.Fprintf(p.Stderr, "%s: %v\n", p.Name(), err)
		statistics.Unseen = append(statistics.Unseen, opskit.Gap{What: "part of the files", Why: "they could not be read whole"})
	}
	return rssac002.Findings(statistics), err
}

// preflight tells whether the directory can be read; nothing else is needed.
func preflight(dir string) []opskit.Capability {
	c := opskit.Capability{Name: "read_rssac002", OK: true}
	if dir == "" {
		return []opskit.Capability{{Name: c.Name, Why: "no directory was named", Fix: "rootattack -preflight -rssac002 DIR"}}
	}
	if _, err := os.ReadDir(dir); err != nil {
		c = opskit.Capability{Name: c.Name, Why: err.Error(), Fix: "rootattack -preflight -rssac002 DIR"}
	}
	return []opskit.Capability{c}
}
