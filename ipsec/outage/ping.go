package outage

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// The lines of ping that tell of a probe, and its summary.
var (
	stampLine   = regexp.MustCompile(`^\[(\d+)\.(\d{6})\] (.*)$`)
	answerLine  = regexp.MustCompile(`^\d+ bytes from .*?(?:icmp_)?seq[= ](\d+) .*?time[=<]([\d.]+) ?ms(.*)$`)
	lostLine    = regexp.MustCompile(`^(?:no answer yet for icmp_seq=|Request timeout for icmp_seq |From .* icmp_seq=)(\d+)`)
	summaryLine = regexp.MustCompile(`^(\d+) packets transmitted, (\d+) (?:packets )?received`)
	timeLine    = regexp.MustCompile(`time (\d+)ms$`)
	knownLine   = regexp.MustCompile(`^(?:PING |---|rtt |round-trip |\^C|ping: |\d+ bytes from .*\(truncated\)|[\w.@\[\]~ -]*[$#] ?)`)
)

// maxProbes bounds a log: at one probe a second it is three weeks.
const maxProbes = 1 << 21

// answer is what the log has of a probe. A time below zero is not known.
type answer struct {
	answered  bool
	sent, rtt time.Duration
	next      time.Duration // when the next probe was sent
}

// ParsePing reads what ping printed. With -D the times are ping's own, with -O
// also those of lost probes; without, they are spread over the time of ping's
// summary, and without a summary the outages have no times. Lines that are not
// understood are in Unseen. The error matches ErrNotPing where no probe was found,
// or is that of r; the Report is never nil.
func ParsePing(r io.Reader) (*Report, error) {
	p := &pinger{report: &Report{}, least: -1}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.line(strings.TrimSpace(lines.Text()))
	}
	p.finish()
	err := lines.Err()
	if err == nil && len(p.report.Runs) == 0 {
		err = ErrNotPing
	}
	p.report.Judge()
	if err != nil {
		return p.report, &opskit.Error{Op: "read ping's output", Err: err}
	}
	return p.report, nil
}

type pinger struct {
	report      *Report
	probes      []answer // from least on
	least, last int
	wraps       int // how often the 16 bits of icmp_seq began again
	stamped     bool
	sent        int           // by the summary, 0 without one
	took        time.Duration // likewise
	odd         int
}

func (p *pinger) line(text string) {
	stamp := time.Duration(-1)
	if m := stampLine.FindStringSubmatch(text); m != nil {
		sec, _ := strconv.ParseInt(m[1], 10, 33)
		micro, _ := strconv.ParseInt(m[2], 10, 32)
		stamp, text = time.Duration(sec)*time.Second+time.Duration(micro)*time.Microsecond, m[3]
	}
	if m := answerLine.FindStringSubmatch(text); m != nil {
		ms, err := strconv.ParseFloat(m[2], 64)
		if a := p.probe(m[1]); a != nil && err == nil && ms < 1e7 && !a.answered { // the first of duplicates
			a.answered, a.rtt = true, time.Duration(ms*1e6)
			if stamp >= 0 {
				a.sent = stamp - a.rtt
			}
		}
		return
	}
	if m := lostLine.FindStringSubmatch(text); m != nil {
		if a := p.probe(m[1]); a != nil && stamp >= 0 && strings.HasPrefix(text, "no answer") {
			a.next = stamp // ping says so when it sends the next
		}
		return
	}
	if m := summaryLine.FindStringSubmatch(text); m != nil {
		p.sent, _ = strconv.Atoi(m[1])
		if t := timeLine.FindStringSubmatch(text); t != nil {
			ms, _ := strconv.ParseInt(t[1], 10, 40)
			p.took = time.Duration(ms) * time.Millisecond
		}
		return
	}
	if text != "" && !knownLine.MatchString(text) {
		p.odd++
	}
}

// probe is the place for a probe, nil for one that cannot be.
func (p *pinger) probe(number string) *answer {
	seq, err := strconv.Atoi(number)
	if err != nil || seq > 0xffff {
		p.odd++
		return nil
	}
	seq += p.wraps << 16
	if p.least >= 0 && seq < p.last-0x8000 {
		p.wraps++
		seq += 1 << 16
	} else if p.least >= 0 && seq > p.last+0x8000 && p.wraps > 0 { // a late one from before
		seq -= 1 << 16
	}
	if p.least < 0 { // BSD counts from 0, iputils from 1: what is missing before was lost
		p.least = min(seq, 1)
	}
	if seq < p.least || seq-p.least >= maxProbes {
		p.odd++
		return nil
	}
	for len(p.probes) <= seq-p.least {
		p.probes = append(p.probes, answer{sent: -1, next: -1})
	}
	p.last = max(p.last, seq)
	return &p.probes[seq-p.least]
}

// finish turns the probes into runs.
func (p *pinger) finish() {
	r := p.report
	gap := func(what, why, need string) {
		r.Unseen = append(r.Unseen, opskit.Gap{What: what, Why: why, Need: need})
	}
	for len(p.probes) > 0 && len(p.probes) < min(p.sent, maxProbes) {
		p.probes = append(p.probes, answer{sent: -1, next: -1})
	}
	n := len(p.probes)
	if n > 1 && !p.probes[n-1].answered && p.probes[n-2].answered {
		n-- // it was under way when ping ended
		gap(fmt.Sprintf("probe %d", p.least+n), "ping ended while it was under way", "")
	}
	p.clock(n)
	spread := false
	for i, a := range p.probes[:n] {
		spread = spread || !a.answered && a.next < 0 && i+1 < n
		r.add(a.answered, p.least+i, a.sent, a.rtt)
		if run := &r.Runs[len(r.Runs)-1]; !a.answered && run.From == run.To && a.next >= 0 {
			run.FirstAt = a.next // when it was sent is not told; it was before that
		}
	}
	switch {
	case n == 0:
	case !r.Timed:
		gap("how long outages lasted", "the log has neither times nor a summary", "ping -D -O")
	case !p.stamped:
		gap("when each probe was sent", "the log has no times: they are spread evenly over the summary's", "ping -D -O")
	case spread:
		gap("when each lost probe was sent", "the log has no times of them: they are spread evenly between the others", "ping -D -O")
	}
	if p.odd > 0 {
		gap(fmt.Sprintf("%d lines", p.odd), "they are none of ping's that are known", "")
	}
}

// clock gives each probe the time when it was sent, since the first.
func (p *pinger) clock(n int) {
	probes := p.probes[:n]
	for i := range probes {
		if a := &probes[i]; a.next >= 0 && i+1 < n && probes[i+1].sent < 0 {
			probes[i+1].sent = a.next
		}
		p.stamped = p.stamped || probes[i].sent >= 0
	}
	switch {
	case p.stamped:
		p.report.Timed = true
		p.between(probes)
		p.report.Start = time.Unix(0, int64(probes[0].sent)).UTC()
		for i, zero := 0, probes[0].sent; i < n; i++ {
			probes[i].sent -= zero
			if probes[i].next >= 0 {
				probes[i].next -= zero
			}
		}
	case p.took > 0 && p.sent > 1:
		p.report.Timed = true
		for i := range probes {
			probes[i].sent = p.took * time.Duration(i) / time.Duration(p.sent-1)
		}
	}
}

// between spreads probes without a time evenly between those that have one.
func (p *pinger) between(probes []answer) {
	known := -1
	for i := range probes {
		if probes[i].sent < 0 {
			continue
		}
		for k := known + 1; k < i; k++ {
			if known < 0 {
				probes[k].sent = probes[i].sent
			} else {
				probes[k].sent = probes[known].sent + (probes[i].sent-probes[known].sent)*time.Duration(k-known)/time.Duration(i-known)
			}
		}
		known = i
	}
	for k := known + 1; k < len(probes); k++ {
		probes[k].sent = probes[known].sent
	}
}
