package traffic_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/opskit-go/opskit/dnsroot/traffic"
	"github.com/opskit-go/opskit/internal/capture/capturetest"
)

// A capture of three minutes, with one name asked from everywhere in the second.
func ExampleAnalyzer() {
	file := capturetest.NewPCAP(1)
	r := rand.New(rand.NewPCG(1, 1))
	for second := range 180 {
		at := begin.Add(time.Duration(second) * time.Second)
		for i := range 20 {
			file.Frame(at, capturePacket(v4(0xcb007100+uint32(i)), root, capturetest.Question(1, fmt.Sprintf("h%d.example", i), 1)))
		}
		for range 200 {
			if second >= 60 && second < 120 {
				file.Frame(at, capturePacket(v4(r.Uint32()), root, capturetest.Question(1, "www.336901.com", 1)))
			}
		}
	}

	var a traffic.Analyzer
	if err := a.ReadCapture(context.Background(), file); err != nil {
		fmt.Println(err)
	}
	report := a.Report()
	fmt.Println(report.Verdict, report.Level())
	for line := range strings.Lines(report.String()) {
		if strings.Contains(line, "from ") && strings.Contains(line, "flood") || strings.Contains(line, "next:") {
			fmt.Println(strings.TrimSpace(line))
		}
	}
	// Output:
	// attack problem
	// from 2015-11-30T06:51:00Z (within 1s) to 2015-11-30T06:52:00Z (within 1s): a flood of queries from sources that were made up, for one name, www.336901.com.
	// next: none: sources look spoofed
}
