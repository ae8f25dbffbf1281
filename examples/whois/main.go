// Command whois asks whose an IP address, prefix, AS number or domain is: the
// holder first, the evidence below it, every server asked at the end.
//
//	go run ./examples/whois 138.0.155.10
//	go run ./examples/whois -parse answer.txt -server whois.lacnic.net
//
// The reader learns that the answer is one Record whichever registry gave it.
// It asks the real registries. -parse FILE -server NAME reads a stored answer
// instead and asks nobody. -by holder reads the output of "uniq -c" on a log's
// addresses and tells whose they are: requests, prefixes to block, whom to
// write to.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/bulk"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return ask(ctx, &bulk.Bulk{Client: new(whoislookup.Client)}, os.Stdin, args, stdout, stderr)
}

// ask is run with a client of the caller's: the tests bring one whose
// registries are on loopback.
func ask(ctx context.Context, many *bulk.Bulk, stdin io.Reader, args []string, stdout, stderr io.Writer) int {
	p := program.New("whois", "[flags] IP|PREFIX|ASN|DOMAIN...\nexit codes: 0 found; 1 nobody has it, or it changed (-since); 2 cannot tell, or wrong usage", stdout, stderr)
	p.EvidenceFlags()
	parse := p.String("parse", "", "read the stored answer in `FILE` instead of asking (- is stdin)")
	server := p.String("server", "", "`NAME` of the server to ask first; with -parse, of the one that gave the answer")
	raw := p.Bool("raw", false, "print the servers' answers too, with control characters escaped")
	var how grouping
	p.StringVar(&how.key, "by", "", "group a list of addresses on stdin by `KEY`: holder, asn or country")
	p.BoolVar(&how.announced, "announced", false, "with -by asn, take the AS that announces each address; asks Team Cymru (whois.cymru.com), which then sees them all")
	p.BoolVar(&how.nft, "nft", false, "with -by, print the prefixes as sets for nft(8)")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, whoislookup.Preflight(ctx))
	}
	if how.key != "" {
		return by(ctx, many, p, how, stdin)
	}
	if how.announced || how.nft {
		return p.Misused("-announced and -nft go with -by")
	}
	records, errs, err := look(ctx, many.Client, p, stdin, *parse, *server)
	if err != nil {
		return p.Fail(err)
	}
	if len(records) == 0 {
		return p.Misused("nothing to look up: give an IP address, prefix, AS number or domain")
	}
	code := program.Healthy
	for i, rec := range records {
		if rec == nil {
			code = program.Worse(code, p.Fail(errs[i]))
			continue
		}
		code = program.Worse(code, p.Answer(rec))
		for _, h := range rec.Hops {
			if *raw && !p.JSON {
				fmt.Fprintf(stdout, "\n# %s\n%s", opskit.Escape(h.Server), h.Text())
			}
		}
	}
	records = slices.DeleteFunc(records, func(r *whoislookup.Record) bool { return r == nil })
	if p.Save != "" {
		if err := program.SaveEvidence(p.Save, kind, time.Now(), records...); err != nil {
			return p.Fail(err)
		}
	}
	if p.Since != "" {
		return program.Worse(code, since(p, records))
	}
	return code
}

// kind is that of the saved evidence.
const kind = "whoislookup_records"

// look gets the records: from the registries, from a stored answer, or from
// saved evidence, which is judged again.
func look(ctx context.Context, client *whoislookup.Client, p *program.Program, stdin io.Reader, parse, server string) (records []*whoislookup.Record, errs []error, err error) {
	add := func(rec *whoislookup.Record, err error) {
		records, errs = append(records, rec), append(errs, err)
	}
	switch {
	case p.From != "":
		records, err = program.LoadEvidence[*whoislookup.Record](p, p.From, kind)
		return records, nil, err
	case parse != "":
		raw, err := read(stdin, parse)
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

func read(stdin io.Reader, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(io.LimitReader(stdin, 16<<20))
	}
	return os.ReadFile(file)
}
