package opskit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/opskit-go/opskit/whoislookup"
)

// A health endpoint over several packages: one slice of results, one of gaps, one
// level, whichever questions were asked.
func Example() {
	volume := ebssnap.Volume{Cloud: &ebssnaptest.Cloud{}, IDs: []string{"vol-0abc"}}
	proc, err := os.MkdirTemp("", "proc")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(proc)
	if err := (procstatetest.Tree{{PID: 1, Comm: "init"}, {PID: 42, PPID: 1, Comm: "worker"}}).Write(proc); err != nil {
		panic(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		snapshot, _ := ebssnap.Consistent(r.Context(), volume, &ebssnaptest.Freezer{}, time.Second)
		owner, _ := whoislookup.Parse("whois.lacnic.net", []byte("inetnum: 138.0.152/22\nowner: Gigared S.A.\ncountry: AR\n"))
		tunnel := ipsec.Mirror(ipsec.End{Name: "dublin"}, ipsec.End{Name: "virginia"}) // nobody gave it their files
		zombies, _ := (&procstate.Scanner{Root: proc, Settle: -1}).Zombies(r.Context())

		results := []opskit.Result{snapshot, owner, tunnel, zombies}
		var levels []opskit.Level
		var gaps []opskit.Gap
		for _, result := range results {
			levels = append(levels, result.Level())
			gaps = append(gaps, result.Gaps()...)
		}
		level := opskit.Worst(levels...)
		if opskit.ExitCode(level) != 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"level": level, "levels": levels, "gaps": len(gaps) > 0, "results": results})
	})

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/health", nil))
	var answer struct {
		Level  opskit.Level
		Levels []opskit.Level
		Gaps   bool
	}
	_ = json.Unmarshal(w.Body.Bytes(), &answer)
	fmt.Println(w.Code, answer.Level, answer.Levels, answer.Gaps, opskit.ExitCode(answer.Level))
	// Output: 503 unknown [ok ok unknown ok] true 2
}

// An error in a saved answer is still the condition that it was.
func ExampleFailure() {
	gone := opskit.Sentinel("example_gone", "process is gone", fs.ErrNotExist)
	saved, _ := json.Marshal(opskit.Fail(&opskit.Error{Op: "read stat", Target: "pid 42", Err: gone}))
	fmt.Println(string(saved))

	var back opskit.Failure
	_ = json.Unmarshal(saved, &back)
	fmt.Println(errors.Is(back.Err(), gone), errors.Is(back.Err(), fs.ErrNotExist), errors.Is(back.Err(), fs.ErrPermission))
	// Output:
	// {"code":"example_gone","message":"read stat pid 42: process is gone","also":["not_exist"]}
	// true true false
}
