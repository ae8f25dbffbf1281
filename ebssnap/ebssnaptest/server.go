// Package ebssnaptest lets programs that use ebssnap be tested without AWS and without root: an EC2
// server that speaks the real query and XML protocol and IMDSv2 on loopback, with faults on
// request, and a freezer that freezes nothing.
//
//	server := ebssnaptest.NewServer()
//	defer server.Close()
//	server.AddInstance(ebssnaptest.Instance{ID: "i-0abc", Devices: map[string]string{"/dev/sdb": "vol-0abc"}})
//	server.Next(ebssnaptest.FaultDropResponse)
//
// # Usage
//
// NewServer plays EC2 and the metadata service at Server.URL, which is the Endpoint and the
// Metadata of ec2snap.Options; Next and Deny set faults. Server.Snapshots tells the instant at
// which each snapshot was taken: the truth that a verdict is compared with. Cloud is an
// ebssnap.Cloud in memory, Freezer a freezer that freezes nothing.
//
// # Privileges
//
// None. The servers listen on loopback only.
//
// # Platforms
//
// All.
//
// # Testing
//
// This is the package for it; its own tests speak to the server with aws-sdk-go-v2.
package ebssnaptest

import (
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Fault is what happens to one request that would create snapshots.
type Fault uint8

const (
	// FaultNone answers as EC2 does when all is well.
	FaultNone Fault = iota
	// FaultThrottle answers RequestLimitExceeded and creates nothing.
	FaultThrottle
	// FaultVolumeRate answers SnapshotCreationPerVolumeRateExceeded and creates nothing.
	FaultVolumeRate
	// FaultServerError answers 500 InternalError and creates nothing.
	FaultServerError
	// FaultHang creates nothing and never answers; the connection stays open until the client or
	// the server closes it.
	FaultHang
	// FaultDropRequest closes the connection without creating anything.
	FaultDropRequest
	// FaultDropResponse creates the snapshots and closes the connection without an answer.
	FaultDropResponse
	// FaultLate creates the snapshots and answers, but only after Server.Delay.
	FaultLate
	// FaultLateExecution closes the connection, and creates the snapshots after Server.Delay.
	FaultLateExecution
	// FaultLateVisibility creates and answers, but DescribeSnapshots shows the snapshots, and
	// CreateTags knows them, only after Server.Delay.
	FaultLateVisibility
	// FaultDropLateVisibility is FaultDropResponse with FaultLateVisibility.
	FaultDropLateVisibility
)

// Instance is an instance of the fake account.
type Instance struct {
	ID      string            // "i-..."
	Region  string            // zero: "eu-west-1"
	Zone    string            // zero: Region + "a"
	Devices map[string]string // device name to volume ID
	Root    string            // the device that is the root device, if any
	Stores  []string          // the devices of its own disks, as the metadata service lists them: "sdc"
}

// Snapshot is a snapshot of the fake account.
type Snapshot struct {
	ID      string            // "snap-..."
	Volume  string            // "vol-..."
	Tags    map[string]string // as they are now
	Taken   time.Time         // the instant whose data it holds
	Visible time.Time         // from when on DescribeSnapshots shows it and CreateTags knows it
	State   string            // set it with Server.SetState; by default it is pending for Server.Pending descriptions
	Deleted bool              // by DeleteSnapshot; the record stays

	described int
}

// Request is one request that the server got.
type Request struct {
	Action string    // "CreateSnapshot", or "GET /latest/..." of the metadata service
	DryRun bool      // it asked for permission only
	At     time.Time // when it came
	Remote string    // the client's address: the same for requests on one connection
}

// Server is an EC2 endpoint and a metadata service at one address. The fields may be set before the
// first request.
type Server struct {
	URL     string        // "http://127.0.0.1:PORT", the endpoint of both
	Delay   time.Duration // of the Late faults; zero: 50 ms
	Latency time.Duration // of every answer of EC2; a snapshot is taken half way
	Pending int           // how often a snapshot is described as pending before it is completed
	Role    string        // the instance profile's role in the metadata service; zero: "backup"
	Expire  time.Duration // how long the credentials of the metadata service last; zero: 6 h
	Skew    time.Duration // how far EC2's clock is ahead of this machine's; it refuses what was signed more than 15 minutes off
	Brief   bool          // every answer ends its connection, as some proxies do

	http *httptest.Server
	done chan struct{}
	work sync.WaitGroup

	mu        sync.Mutex
	instances []Instance
	snapshots []*Snapshot
	requests  []Request
	faults    []Fault
	denied    map[string]bool
	onCreate  func(volumes []string)
	count     int
	opened    []time.Time
}

// NewServer starts a server on a free port of 127.0.0.1. Close ends it.
func NewServer() *Server { return start((*httptest.Server).Start) }

// NewTLSServer starts a server that speaks TLS, with a certificate that only Certificate vouches
// for. Its URL begins with https.
func NewTLSServer() *Server { return start((*httptest.Server).StartTLS) }

func start(how func(*httptest.Server)) *Server {
	s := &Server{done: make(chan struct{}), denied: map[string]bool{}}
	s.http = httptest.NewUnstartedServer(s)
	s.http.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.opened = append(s.opened, time.Now())
		}
	}
	how(s.http)
	s.URL = s.http.URL
	return s
}

// Certificate returns the certificate of a server that speaks TLS, and nil for one that does not.
func (s *Server) Certificate() *x509.Certificate { return s.http.Certificate() }

// Connections returns when each connection was opened, in order.
func (s *Server) Connections() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.opened...)
}

// CloseConnections closes every connection, as a server or a middlebox does that has waited long
// enough for the next request.
func (s *Server) CloseConnections() { s.http.CloseClientConnections() }

// Close ends the server, also requests that hang.
func (s *Server) Close() {
	close(s.done)
	s.http.CloseClientConnections()
	s.http.Close()
	s.work.Wait()
}

// AddInstance adds an instance with its volumes. The first one is where the metadata service is
// asked from.
func (s *Server) AddInstance(i Instance) {
	if i.Region == "" {
		i.Region = "eu-west-1"
	}
	if i.Zone == "" {
		i.Zone = i.Region + "a"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instances = append(s.instances, i)
}

// Next sets what happens to the next requests that would create snapshots, in order; those after
// them are answered normally. DryRuns are not counted.
func (s *Server) Next(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Deny makes an action ("CreateTags") fail with UnauthorizedOperation.
func (s *Server) Deny(actions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, action := range actions {
		s.denied[action] = true
	}
}

// OnCreate sets a function that is called at the instant at which snapshots are taken, with their
// volumes.
func (s *Server) OnCreate(f func(volumes []string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onCreate = f
}

// Snapshots returns every snapshot that was ever taken, visible or not.
func (s *Server) Snapshots() []Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Snapshot, len(s.snapshots))
	for i, snapshot := range s.snapshots {
		all[i] = *snapshot
	}
	return all
}

// SetState sets the state in which DescribeSnapshots shows a snapshot, "error" for example.
func (s *Server) SetState(id, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, snapshot := range s.snapshots {
		if snapshot.ID == id {
			snapshot.State = state
		}
	}
}

// Requests returns every request so far, in order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// ServeHTTP answers one request of either service.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Brief {
		w.Header().Set("Connection", "close")
	}
	if r.Method != http.MethodPost {
		s.record(Request{Action: r.Method + " " + r.URL.Path, At: time.Now(), Remote: r.RemoteAddr})
		s.metadata(w, r)
		return
	}
	s.ec2(w, r)
}

func (s *Server) record(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
}

func (s *Server) delay() time.Duration {
	if s.Delay > 0 {
		return s.Delay
	}
	return 50 * time.Millisecond
}

// wait waits, but not longer than the server runs.
func (s *Server) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.done:
	}
}
