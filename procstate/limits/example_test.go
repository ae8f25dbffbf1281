package limits_test

import (
	"context"
	"fmt"
	"time"

	"github.com/opskit-go/opskit/procstate/limits"
)

func ExampleRead() {
	report, err := limits.Read(context.Background(), limits.Query{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if left := report.Limits[0].Left(); left == 0 {
		fmt.Println("the next fork fails:", report.Limits[0].Name)
	}
	// Output:
}

func ExamplePredict() {
	report := func(hour int, used uint64) *limits.Report {
		return &limits.Report{
			At:     time.Date(2015, 11, 20, hour, 0, 0, 0, time.UTC),
			Limits: []limits.Limit{{Name: "kernel.pid_max", Scope: "pid namespace", Used: used, Max: 32468}},
		}
	}
	for _, f := range limits.Predict([]*limits.Report{report(8, 4000), report(10, 18000)}) {
		fmt.Println(f)
	}
	// Output: kernel.pid_max of "pid namespace" is reached in 2h4m1s, at 7000.0 an hour
}
