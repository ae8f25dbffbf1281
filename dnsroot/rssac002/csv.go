package rssac002

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
)

// errOther: a CSV file, but not one with figures of letters and days.
var errOther = fmt.Errorf("%w: the first line names no letter, date and figures", dnsroot.ErrSyntax)

// maxRows bounds a CSV file: thirteen letters over a hundred years.
const maxRows = 500000

// ParseCSV reads a table with the columns letter and date (YYYY-MM-DD) and any
// of udp4, tcp4, udp6, tcp6 (queries received) and ipv4, ipv6, ipv6_64 (unique
// sources), in any order; other columns are passed over. Empty fields, NA and 0
// queries are absent figures: operators write 0 for what they did not count. It
// returns what it could read together with an error that names line and column
// of every field it could not; that error matches [dnsroot.ErrSyntax].
func ParseCSV(r io.Reader) ([]Figures, error) {
	reader := csv.NewReader(r)
	reader.TrimLeadingSpace = true
	reader.FieldsPerRecord = -1
	head, err := reader.Read()
	if err != nil {
		return nil, &opskit.Error{Op: "parse RSSAC002 CSV", Err: fmt.Errorf("%w: %w", dnsroot.ErrSyntax, err)}
	}
	columns := map[string]int{}
	for i, name := range head {
		columns[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))] = i
	}
	if !isFigures(columns) {
		return nil, &opskit.Error{Op: "parse RSSAC002 CSV", Err: errOther}
	}
	var all []Figures
	var problems []error
	for len(problems) < 20 {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line := 0
		if err == nil { // a parse error names its line itself, and there is no field then
			line, _ = reader.FieldPos(0)
		}
		if err == nil && len(row) != len(head) {
			err = fmt.Errorf("line %d: %d fields, the first line has %d", line, len(row), len(head))
		}
		if err == nil && len(all) >= maxRows {
			problems = append(problems, fmt.Errorf("%w: line %d: more than %d rows", dnsroot.ErrSyntax, line, maxRows))
			break
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%w: %w", dnsroot.ErrSyntax, err))
			continue
		}
		f, errs := readRow(columns, row)
		for _, err := range errs {
			problems = append(problems, fmt.Errorf("line %d: %w", line, err))
		}
		if f.Letter != 0 && !f.Day.IsZero() {
			all = append(all, f)
		}
	}
	if len(problems) > 0 {
		return all, &opskit.Error{Op: "parse RSSAC002 CSV", Err: oneLine{problems}}
	}
	return all, nil
}

func isFigures(columns map[string]int) bool {
	_, letter := columns["letter"]
	_, date := columns["date"]
	some := false
	for _, c := range (&Figures{}).columns() {
		_, there := columns[c.name]
		some = some || there
	}
	return letter && date && some
}

func readRow(columns map[string]int, row []string) (f Figures, errs []error) {
	l, err := dnsroot.ParseLetter(strings.TrimSpace(row[columns["letter"]]))
	if err != nil {
		errs = append(errs, err)
	}
	f.Letter = l
	f.Day, err = time.Parse(time.DateOnly, strings.TrimSpace(row[columns["date"]]))
	if err != nil {
		errs = append(errs, fmt.Errorf("%w: date: want YYYY-MM-DD, have %q", dnsroot.ErrSyntax, cut(row[columns["date"]])))
	}
	for _, c := range f.columns() {
		i, there := columns[c.name]
		if !there {
			continue
		}
		field := strings.TrimSpace(row[i])
		if field == "" || strings.EqualFold(field, "NA") {
			continue
		}
		n, err := count(c.name, field)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		*c.figure = &n
	}
	return f, errs
}
