package traffic

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// String returns the verdict, what was seen, and a line on what to do.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "traffic: %s: %d queries and %d answers in %d packets", r.Verdict, r.Queries, r.Answers, r.Frames)
	if r.Queries+r.Answers > 0 {
		fmt.Fprintf(&b, " from %s to %s", clock(r.Whole.Start), clock(r.Whole.End))
	}
	if len(r.Windows) == 0 && r.Queries > 0 {
		r.Whole.write(&b)
	}
	for i := range r.Windows {
		r.Windows[i].write(&b)
	}
	if r.Whole.attack() && len(r.Windows) > 0 && !slices.ContainsFunc(r.Windows, func(w Stretch) bool { return w.attack() }) {
		fmt.Fprintf(&b, "\n  all of it: %s", r.Whole.describeKind())
	}
	b.WriteByte('\n')
	b.WriteString(opskit.NotChecked(r))
	return b.String()
}

// write adds the lines of a stretch.
func (s *Stretch) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n  %s: %s", s.when(), s.describeKind())
	fmt.Fprintf(b, "\n    rate: mean %s, peak %s a second", rate(s.Mean), rate(s.Peak))
	if s.PeakMinute > 0 {
		fmt.Fprintf(b, ", %s in the busiest minute", rate(s.PeakMinute))
	}
	if s.Window {
		fmt.Fprintf(b, "; %s outside", rate(s.Before))
	}
	fmt.Fprintf(b, "\n    names: %s, %s different", s.Pattern, s.Names.Distinct)
	for i, t := range s.Names.Top {
		if i < 3 && t.Share >= 0.01 {
			fmt.Fprintf(b, "; %s %.1f%%", opskit.Escape(t.Name), 100*t.Share)
		}
	}
	fmt.Fprintf(b, "\n    sources: %s different; the ten heaviest send %.1f%%, 200 send %.1f%%", s.Sources.Distinct, 100*s.Sources.Ten, 100*s.Sources.Heavy)
	if u := s.Sources.Uniform; u.Value > 0 {
		fmt.Fprintf(b, "; drawn at random %.1f%% (%.1f to %.1f)", 100*u.Value, 100*u.Low, 100*u.High)
		if s.Sources.Drawn != "" {
			b.WriteString(" from " + opskit.Escape(s.Sources.Drawn))
		}
	}
	fmt.Fprintf(b, "\n    servers: %s", shares(s.Servers, most))
	fmt.Fprintf(b, "\n    types: %s", shares(s.Types, 3))
	if len(s.Rcodes) > 0 {
		fmt.Fprintf(b, "\n    answers: %s; %.0f bytes to %.0f of a query", shares(s.Rcodes, 3), s.AnswerSize, s.QuerySize)
	}
	if s.Remedy != "" {
		fmt.Fprintf(b, "\n    next: %s", opskit.Escape(s.Remedy))
	}
}

func shares(list []Share, n int) string {
	var parts []string
	for i, t := range list {
		if i < n && t.Share >= 0.001 {
			parts = append(parts, fmt.Sprintf("%s %.1f%%", opskit.Escape(t.Name), 100*t.Share))
		}
	}
	if len(parts) == 0 {
		return "none stands out"
	}
	return strings.Join(parts, ", ")
}

// rate is a number of queries a second.
func rate(x float64) string {
	if x >= 100 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.3g", x)
}

// when is the span of time with its errors.
func (s *Stretch) when() string {
	if !s.Window {
		return "all of it"
	}
	from := fmt.Sprintf("from %s (within %s)", clock(s.Start), s.StartError.Round(time.Second))
	if s.OpenStart {
		from = fmt.Sprintf("from before %s", clock(s.Start))
	}
	to := fmt.Sprintf("to %s (within %s)", clock(s.End), s.EndError.Round(time.Second))
	if s.OpenEnd {
		to = fmt.Sprintf("until after %s", clock(s.End))
	}
	return from + " " + to
}

// describeKind says in words what the stretch is.
func (s *Stretch) describeKind() string {
	name := "many names"
	if len(s.Names.Top) > 0 && s.Pattern == PatternOne {
		name = "one name, " + opskit.Escape(s.Names.Top[0].Name)
	}
	victim := opskit.Escape(s.Names.Victim)
	switch s.Kind {
	case KindSpoofed:
		return "a flood of queries from sources that were made up, for " + name
	case KindRandomSubdomain:
		return "a flood of random names below " + victim
	case KindReflection:
		if s.unasked() {
			return "answers that nobody here asked for, sent to " + opskit.Escape(first(s.Clients))
		}
		return "reflection: queries in the name of " + opskit.Escape(first(s.Sources.Top))
	case KindOneName:
		return "mostly " + name
	case KindTalkers:
		return "mostly queries of " + opskit.Escape(first(s.Sources.Top)) + " and few others"
	case KindMore:
		if s.Pattern == PatternRandomLabels {
			return "half or more of the queries are for names below " + victim + " that were asked once"
		}
		return "more of " + name
	case KindOrdinary:
		return "nothing of an attack, " + name
	}
	return "cannot tell"
}

// String returns the number, with its bounds if it is an estimate.
func (c Count) String() string {
	if c.Low == c.High {
		return fmt.Sprint(c.Value)
	}
	return fmt.Sprintf("%d (%d to %d)", c.Value, c.Low, c.High)
}
