package rssac002

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
)

// Figures are what was published of one letter for one UTC day. What was not
// published is nil.
type Figures struct {
	Letter dnsroot.Letter `json:"letter"` // which root server identity
	Day    time.Time      `json:"day"`    // its midnight, UTC

	UDP4 *uint64 `json:"udp4,omitempty"` // queries received over UDP and IPv4
	TCP4 *uint64 `json:"tcp4,omitempty"` // queries over TCP and IPv4
	UDP6 *uint64 `json:"udp6,omitempty"` // queries over UDP and IPv6
	TCP6 *uint64 `json:"tcp6,omitempty"` // queries over TCP and IPv6

	IPv4          *uint64 `json:"ipv4,omitempty"`    // unique source addresses
	IPv6          *uint64 `json:"ipv6,omitempty"`    // the same, each /128
	IPv6Aggregate *uint64 `json:"ipv6_64,omitempty"` // the same, each /64

	UDPRequestSizes map[string]uint64 `json:"udp_request_sizes,omitempty"` // requests over UDP by size in bytes: "32-47"
}

type column struct {
	name   string
	figure **uint64
}

// columns lists the figures by their name in CSV; the first four are volumes.
func (f *Figures) columns() []column {
	return []column{
		{"udp4", &f.UDP4},
		{"tcp4", &f.TCP4},
		{"udp6", &f.UDP6},
		{"tcp6", &f.TCP6},
		{"ipv4", &f.IPv4},
		{"ipv6", &f.IPv6},
		{"ipv6_64", &f.IPv6Aggregate},
	}
}

func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// Statistics is the evidence that [Findings] judges.
type Statistics struct {
	Figures []Figures    `json:"figures,omitzero"` // by day, then letter; one for each
	Unseen  []opskit.Gap `json:"unseen,omitempty"` // files and fields that could not be used
}

// Add merges figures into the statistics. Where two sources contradict each
// other the figure is dropped and the contradiction noted in Unseen.
func (s *Statistics) Add(all ...Figures) {
	type key struct {
		day    time.Time
		letter dnsroot.Letter
	}
	at := map[key]int{}
	contradicted := map[**uint64]bool{}
	s.Figures = slices.Grow(s.Figures, len(all)) // no figure moves below
	for i, f := range s.Figures {
		at[key{f.Day, f.Letter}] = i
	}
	for _, f := range all {
		f.Day = day(f.Day)
		k := key{f.Day, f.Letter}
		i, there := at[k]
		if !there {
			at[k] = len(s.Figures)
			s.Figures = append(s.Figures, f)
			continue
		}
		have, got := s.Figures[i].columns(), f.columns()
		for c := range have {
			switch a, b := *have[c].figure, *got[c].figure; {
			case b == nil || contradicted[have[c].figure]:
			case a == nil:
				*have[c].figure = b
			case *a != *b:
				*have[c].figure = nil
				contradicted[have[c].figure] = true
				s.contradict(have[c].name, &f, *a, *b)
			}
		}
		s.addSizes(i, &f)
	}
	slices.SortFunc(s.Figures, func(a, b Figures) int {
		if c := a.Day.Compare(b.Day); c != 0 {
			return c
		}
		return int(a.Letter) - int(b.Letter)
	})
}

func (s *Statistics) contradict(what string, f *Figures, a, b uint64) {
	s.Unseen = append(s.Unseen, opskit.Gap{
		What: fmt.Sprintf("%s of %s on %s", what, f.Letter, f.Day.Format(time.DateOnly)),
		Why:  fmt.Sprintf("published as %d and as %d", a, b),
	})
}

// addSizes takes the sizes of a day into figure i; two lists that differ are
// dropped both.
func (s *Statistics) addSizes(i int, f *Figures) {
	have := &s.Figures[i].UDPRequestSizes
	switch {
	case f.UDPRequestSizes == nil:
	case *have == nil:
		*have = f.UDPRequestSizes
	default:
		for bin, n := range f.UDPRequestSizes {
			if was := (*have)[bin]; was != n {
				s.contradict("udp request sizes "+bin, f, was, n)
				*have = map[string]uint64{}
				return
			}
		}
	}
}

// count reads a number of queries or sources. Some are published as floating
// point: 3.1e+05 means 310000.
func count(name, text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f >= 0 && f < 1<<63) || f != math.Trunc(f) || !strings.ContainsAny(text, ".eE") || strings.ContainsAny(text, "xXpP_") {
		return 0, fmt.Errorf("%w: %s: want a count, have %q", dnsroot.ErrSyntax, name, cut(text))
	}
	return uint64(f), nil
}

// maxFile bounds one file.
const maxFile = 64 << 20

// ReadDir reads every .yaml, .yml and .csv file of a directory and the directories in
// it. It returns what it could read together with an error for every file that
// it could not read whole. CSV files of another kind and periods that are not
// one UTC day are noted in Unseen; other services than the thirteen letters, and
// metrics other than traffic-volume, unique-sources and traffic-sizes, are passed
// over.
func ReadDir(dir fs.FS) (*Statistics, error) {
	s := &Statistics{}
	var problems []error
	var figures []Figures
	err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			problems = append(problems, &opskit.Error{Op: "read", Target: name, Err: err})
			return nil //nolint:nilerr // the other directories are read all the same
		}
		if entry.IsDir() {
			return nil
		}
		got, gaps, err := readFile(dir, name)
		figures = append(figures, got...)
		s.Unseen = append(s.Unseen, gaps...)
		switch {
		case errors.Is(err, errOther):
			s.Unseen = append(s.Unseen, opskit.Gap{What: name, Why: "its first line names no letter, date and figures"})
		case err != nil:
			problems = append(problems, &opskit.Error{Op: "read", Target: name, Err: err})
		}
		return nil
	})
	s.Add(figures...)
	if err != nil {
		problems = append(problems, &opskit.Error{Op: "read", Err: err})
	}
	if len(s.Figures) == 0 && len(problems) == 0 {
		problems = append(problems, &opskit.Error{Op: "read", Err: fmt.Errorf("%w: no RSSAC002 figures of root letters in the directory", dnsroot.ErrSyntax)})
	}
	return s, errors.Join(problems...)
}

// oneLine joins the problems of one file for a message on one line.
type oneLine struct{ problems []error }

func (e oneLine) Error() string {
	texts := make([]string, len(e.problems))
	for i, p := range e.problems {
		texts[i] = p.Error()
	}
	return strings.Join(texts, "; ")
}

func (e oneLine) Unwrap() []error { return e.problems }

func readFile(dir fs.FS, name string) ([]Figures, []opskit.Gap, error) {
	kind := strings.ToLower(path.Ext(name))
	if kind != ".csv" && kind != ".yaml" && kind != ".yml" {
		return nil, nil, nil
	}
	file, err := dir.Open(name)
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, nil, err
	}
	if len(data) > maxFile {
		return nil, nil, fmt.Errorf("%w: longer than %d bytes", dnsroot.ErrSyntax, maxFile)
	}
	if kind == ".csv" {
		figures, err := ParseCSV(bytes.NewReader(data))
		return figures, nil, err
	}
	metrics, err := ParseYAML(bytes.NewReader(data))
	var figures []Figures
	var gaps []opskit.Gap
	for i := range metrics {
		m := &metrics[i]
		f, ok := m.figures()
		if ok {
			figures = append(figures, f)
			continue
		}
		if l, known := m.letter(); known && (m.Name == trafficVolume || m.Name == uniqueSources || m.Name == trafficSizes) {
			gaps = append(gaps, opskit.Gap{
				What: fmt.Sprintf("%s of %s from %s (%s)", m.Name, l, m.Start.Format(time.RFC3339), name),
				Why:  "its period is not one UTC day",
			})
		}
	}
	return figures, gaps, err
}
