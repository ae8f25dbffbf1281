// Command whois asks whose an IP address, prefix, AS number or domain is, and
// shows that the answer is one record whichever registry gave it: the holder
// first, the evidence below it, every server asked at the end.
//
//	go run github.com/opskit-go/opskit/examples/whois@latest 138.0.155.10
//
// It asks the real registries. -parse FILE -server NAME reads a stored answer
// instead and asks nobody.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/whoislookup"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return ask(ctx, new(whoislookup.Client), args, stdout, stderr)
}

// ask is run with a client of the caller's: the tests bring one whose
// registries are on loopback.
func ask(ctx context.Context, client *whoislookup.Client, args []string, stdout, stderr io.Writer) int {
	p := program.New("whois", "[flags] IP|PREFIX|ASN|DOMAIN...", stdout, stderr)
	p.EvidenceFlags()
	parse := p.String("parse", "", "read the stored answer in `FILE` instead of asking (- is stdin)")
	server := p.String("server", "", "`NAME` of the server to ask first; with -parse, of the one that gave the answer")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, whoislookup.Preflight(ctx))
	}
	records, errs, err := look(ctx, client, p, *parse, *server)
	if err != nil {
		return p.Fail(err)
	}
	if len(records) == 0 {
		return p.Misused("nothing to look up: give an IP address, prefix, AS number or domain")
	}
	code := program.Healthy
	for i, rec := range records {
		if rec == nil {
			code = max(code, p.Fail(errs[i]))
			continue
		}
		code = max(code, p.Print(rec, judge(rec, errs[i])))
	}
	if p.Save != "" {
		if err := program.Write(p.Save, records); err != nil {
			return p.Fail(err)
		}
	}
	if p.Since != "" {
		return max(code, since(p, records))
	}
	return code
}

// look gets the records: from the registries, from a stored answer, or from
// saved evidence, which is judged again.
func look(ctx context.Context, client *whoislookup.Client, p *program.Program, parse, server string) ([]*whoislookup.Record, []error, error) {
	var records []*whoislookup.Record
	var errs []error
	add := func(rec *whoislookup.Record, err error) {
		records, errs = append(records, rec), append(errs, err)
	}
	switch {
	case p.From != "":
		saved, err := program.Read[[]*whoislookup.Record](p.From)
		if err != nil {
			return nil, nil, err
		}
		for _, rec := range saved {
			if rec != nil {
				add(whoislookup.Assemble(rec.Query, rec.Hops))
			}
		}
	case parse != "":
		raw, err := read(parse)
		if err != nil {
			return nil, nil, err
		}
		add(whoislookup.Parse(server, raw))
	default:
		client.Server = server
		for _, text := range p.Args() {
			add(client.Lookup(ctx, text))
		}
	}
	return records, errs, nil
}

func read(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(io.LimitReader(os.Stdin, 16<<20))
	}
	return os.ReadFile(file)
}

// judge turns an answer into an exit code: no answer is "cannot tell", while
// "nobody has it" is an answer.
func judge(rec *whoislookup.Record, err error) int {
	switch {
	case errors.Is(err, whoislookup.ErrNotFound), errors.Is(err, whoislookup.ErrReserved):
		return program.Problem
	case err != nil || rec.Verdict != whoislookup.VerdictFound || len(rec.Unseen) > 0:
		return program.CannotTell
	}
	return program.Healthy
}
