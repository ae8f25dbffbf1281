package ec2snap_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/internal/lab"
)

// strangers are answers that EC2 did not write, or not to this request: STATUS TYPE BODY. What a
// proxy, a load balancer, a portal or another service answers says nothing of what EC2 did.
var strangers = []string{
	"429 text/plain slow down",
	"404 text/html <html><body>not found</body></html>",
	"400 text/html <html><body>Bad Request</body></html>",
	"403 text/html <html><body>blocked by policy</body></html>",
	"407 text/html <html><body>proxy authentication required</body></html>",
	"502 text/html <html><body>Bad Gateway</body></html>",
	"503 text/html <html><body>Service Unavailable</body></html>",
	"504 text/html <html><body>Gateway Time-out</body></html>",
	"200 text/html <html><body>log in to this network</body></html>",
	"200 text/xml ",
	"200 application/json {}",
	"413 text/plain ",
	"400 application/json {\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}",
	"403 application/json {\"message\":\"Forbidden\"}",
	"400 text/xml <ErrorResponse><Error><Code>Throttling</Code></Error><RequestId>1</RequestId></ErrorResponse>",
	"403 application/xml <Error><Code>AccessDenied</Code><RequestId>1</RequestId></Error>",
	"400 text/xml <Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>",
	"400 text/xml <Response><Errors></Errors><RequestID>1</RequestID></Response>",
	"400 text/xml <Response><Errors><Error><Code>InvalidVolume.NotFound</Code></Error></Errors><RequestID>1</RequestID>",
	"200 text/xml <Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors><RequestID>1</RequestID></Response>",
}

// TestBarStrangeAnswers lets something between answer with each of these in EC2's place, after EC2
// did what was asked or before it heard of it, for one volume and for a set, mixed with EC2's own
// faults: "no snapshot" is said of none that exists, none is made twice, and what exists is found.
func TestBarStrangeAnswers(t *testing.T) {
	count := map[lab.Size]int{lab.Small: 2 * len(strangers), lab.CI: 300, lab.Full: 1000}[lab.Bars()]
	var mu sync.Mutex
	var exist, settled, none int
	workers := make(chan struct{}, 32)
	var all sync.WaitGroup
	for seed := range count {
		workers <- struct{}{}
		all.Go(func() {
			defer func() { <-workers }()
			result, snapshots := answeredByAStranger(t, seed)
			mu.Lock()
			defer mu.Unlock()
			if snapshots == 0 {
				none++
				return
			}
			exist++
			if len(result.Evidence.Snapshots) == snapshots {
				settled++
			}
		})
	}
	all.Wait()
	assert.GreaterOrEqual(t, settled*100, exist*95, "%d of %d that exist were found", settled, exist)
	assert.Positive(t, none)
	lab.Bar(t, "strange answers", "%d kinds in %d schedules: of %d calls whose snapshots exist %d found them; none false, none twice", len(strangers), count, exist, settled)
}

// answeredByAStranger makes one call, and returns its result and how many snapshots exist.
func answeredByAStranger(t *testing.T, seed int) (*ebssnap.Result, int) {
	r := rand.New(rand.NewPCG(uint64(seed), 11))
	server := ebssnaptest.NewServer()
	server.AddInstance(ebssnaptest.Instance{ID: "i-0a", Devices: map[string]string{"/dev/sdb": volumeB, "/dev/sdc": volumeC}})
	if r.IntN(3) == 0 {
		fault := ebssnaptest.Fault(r.IntN(int(ebssnaptest.FaultDropLateVisibility) + 1))
		if fault != ebssnaptest.FaultVolumeRate && fault != ebssnaptest.FaultHang { // minutes and whole budgets are for other tests
			server.Next(fault)
		}
	}
	status, text, _ := strings.Cut(strangers[seed%len(strangers)], " ")
	kind, body, _ := strings.Cut(text, " ")
	executed, dry, left := r.IntN(3) > 0, r.IntN(10) == 0, 1+r.IntN(2)
	var mu sync.Mutex
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if err := request.ParseForm(); err != nil {
			return
		}
		mu.Lock()
		mine := strings.HasPrefix(request.PostForm.Get("Action"), "CreateSnapshot") && (request.PostForm.Get("DryRun") == "true") == dry && left > 0
		if mine {
			left--
		}
		mu.Unlock()
		if !mine {
			server.ServeHTTP(w, request)
			return
		}
		if executed {
			func() {
				defer func() { _ = recover() }() // a fault that drops the connection
				server.ServeHTTP(httptest.NewRecorder(), request)
			}()
		}
		w.Header().Set("Content-Type", kind)
		var n int
		_, _ = fmt.Sscan(status, &n)
		w.WriteHeader(n)
		_, _ = w.Write([]byte(body))
	}))
	defer endpoint.Close()
	cloud, err := ec2snap.New(t.Context(), ec2snap.Options{Endpoint: endpoint.URL, Metadata: server.URL, Region: "eu-west-1"})
	if !assert.NoError(t, err) {
		return &ebssnap.Result{}, 0
	}
	ids := []string{volumeB}
	if seed/len(strangers)%2 == 1 {
		ids = append(ids, volumeC)
	}
	vol, freezer := volume(cloud, ids...), &ebssnaptest.Freezer{}
	vol.Settle, vol.Patience = 2*time.Second, time.Second
	result, _ := ebssnap.Consistent(context.WithoutCancel(t.Context()), vol, freezer, 2*time.Second)
	server.Close() // also waits for what is executed late
	snapshots := server.Snapshots()
	what := fmt.Sprintf("seed %d, %s: %v", seed, strangers[seed%len(strangers)], result)
	assert.LessOrEqual(t, len(snapshots), len(ids), what)
	assert.False(t, freezer.Frozen(), what)
	switch result.Verdict {
	case ebssnap.VerdictNone:
		assert.Empty(t, snapshots, what)
	case ebssnap.VerdictConsistent:
		assert.Len(t, snapshots, len(ids), what)
		for _, s := range snapshots {
			assert.True(t, freezer.Within(s.Taken), what)
		}
	case ebssnap.VerdictUnproven:
		assert.Empty(t, ids, "false unproven: "+what)
	}
	return result, len(snapshots)
}
