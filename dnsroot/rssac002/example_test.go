package rssac002_test

import (
	"fmt"
	"strings"
	"testing/fstest"
	"time"

	"github.com/opskit-go/opskit/dnsroot/rssac002"
)

// Ten quiet days of two letters, and one on which both got many times their
// queries from many times their sources.
func ExampleFindings() {
	var table strings.Builder
	table.WriteString("letter,date,udp4,ipv4\n")
	for d := range 12 {
		queries, sources := uint64(3e9), uint64(2.5e6)
		if d == 10 {
			queries, sources = 45e9, 1.7e9
		}
		date := firstDay.AddDate(0, 0, d).Format(time.DateOnly)
		fmt.Fprintf(&table, "a,%s,%d,%d\nj,%s,%d,%d\n", date, queries, sources, date, queries/2, sources/2)
	}
	statistics, err := rssac002.ReadDir(fstest.MapFS{"figures.csv": {Data: []byte(table.String())}})
	if err != nil {
		fmt.Println(err)
		return
	}
	report := rssac002.Findings(statistics)
	day := report.Days[10]
	fmt.Println(report.Verdict, day.Day.Format(time.DateOnly), day.Verdict, day.Kind, day.Carrier)
	fmt.Println(day.Letters[0].Letter, day.Letters[0].Impact, *day.Letters[0].Ratio)
	fmt.Println(day.Letters[1].Letter, day.Letters[1].Impact)
	// Output:
	// attack 2020-03-11 attack random_sources UDP on IPv4
	// a hit 15
	// b no_data
}

func ExampleParseYAML() {
	metrics, err := rssac002.ParseYAML(strings.NewReader(`---
version: rssac002v3
service: k.root-servers.net
start-period: 2020-03-01T00:00:00Z
metric: rcode-volume
rcodes:
  0: 900
  3: 2100
`))
	fmt.Println(metrics[0].Name, metrics[0].Values["rcodes/3"], err)
	// Output: rcode-volume 2100 <nil>
}

func ExampleReadDir() {
	statistics, err := rssac002.ReadDir(fstest.MapFS{
		"a.csv": {Data: []byte("letter,date,udp4,ipv4\na,2015-11-30,52828159800,1818725669\n")},
		"b.csv": {Data: []byte("letter,date,udp4\n")},
	})
	fmt.Println(len(statistics.Figures), err)
	// Output: 1 <nil>
}

func ExampleParseCSV() {
	figures, err := rssac002.ParseCSV(strings.NewReader("letter,date,udp4,ipv4\na,2015-11-30,52828159800,1818725669\n"))
	fmt.Println(figures[0].Letter, figures[0].Day.Format(time.DateOnly), *figures[0].IPv4, err)
	_, err = rssac002.ParseCSV(strings.NewReader("letter,date,udp4\na,2015-11-30,many\n"))
	fmt.Println(err)
	// Output:
	// a 2015-11-30 1818725669 <nil>
	// parse RSSAC002 CSV: line 2: syntax: udp4: want a count, have "many"
}
