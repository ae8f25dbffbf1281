package whoistest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/opskit-go/opskit/whoislookup"
)

// Answers is what servers know: per server name, per query in lower case, the
// bytes of the answer. A query is the last word of what the client sends, so
// "n + 138.0.155.10" finds "138.0.155.10"; a whole line may be given as well
// and then counts first.
type Answers map[string]map[string]string

// Query is what a server received.
type Query struct {
	Server string // the name that the client connected to
	Port   string // that it connected to
	Line   string // with its line break, as received
}

// Handler gives one answer. The connection is closed when it returns.
type Handler func(conn net.Conn, line string)

// Server is a set of registries on loopback. It is safe for concurrent use.
type Server struct {
	mu        sync.Mutex
	answers   Answers
	listeners map[string]net.Listener // by "name:port"
	handlers  map[string]Handler
	conns     map[net.Conn]struct{}
	queries   []Query
	ca        *authority
	webs      []*http.Server
	closed    bool
	wg        sync.WaitGroup
}

// readTimeout bounds how long a connection waits for its query.
const readTimeout = 30 * time.Second

// NewServer starts the servers that answers names. Close ends them. The error
// is that of the first listen call on loopback.
func NewServer(answers Answers) (*Server, error) {
	s := &Server{
		answers: answers, listeners: map[string]net.Listener{},
		handlers: map[string]Handler{}, conns: map[net.Conn]struct{}{},
	}
	for name := range answers {
		if _, err := s.listener(name, "43", "127.0.0.1:0"); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// Client returns a client whose connections end at this server. It has the
// default limits and refuses unsafe targets like any other.
//
// It asks over RDAP first if an RDAP server is here by now, else over WHOIS
// only.
func (s *Server) Client() *whoislookup.Client {
	c := &whoislookup.Client{Dial: s.Dial, Protocols: []string{"whois"}}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ca != nil {
		c.Protocols, c.RootCAs = nil, s.ca.pool
	}
	return c
}

// Handle gives a server, by name, a behaviour of its own in place of its
// answers. It makes the server known if it was not.
func (s *Server) Handle(server string, h Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers[strings.ToLower(server)] = h
}

// Queries returns everything received so far, in order.
func (s *Server) Queries() []Query {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.queries)
}

// Dial connects to the server of that name, whatever its port. A name that
// nobody here has gives the error that DNS gives for it.
func (s *Server) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	name = strings.ToLower(name)
	s.mu.Lock()
	_, known := s.answers[name]
	_, handled := s.handlers[name]
	if port == "443" { // only what HandleRDAP has opened
		_, handled = s.listeners[name+":443"]
		known = false
	}
	s.mu.Unlock()
	if !known && !handled {
		return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}}
	}
	l, err := s.listener(name, port, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", l.Addr().String())
}

// Hosts listens on port 43, and on 4321 for names that start with "rwhois.",
// of an address of its own in 127.77.0.0/16 for each server, and returns the
// lines for /etc/hosts.
func (s *Server) Hosts() (string, error) {
	s.mu.Lock()
	names := map[string]bool{}
	for name := range s.answers {
		names[name] = true
	}
	for name := range s.handlers {
		names[name] = true
	}
	s.mu.Unlock()
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	var b strings.Builder
	for i, name := range sorted {
		ip := fmt.Sprintf("127.77.%d.%d", (i+1)/256, (i+1)%256)
		port := "43"
		if strings.HasPrefix(name, "rwhois.") {
			port = "4321"
		}
		if _, err := s.listener("hosts/"+name, port, net.JoinHostPort(ip, port)); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s %s\n", ip, name)
	}
	return b.String(), nil
}

// listener returns the listener for a server's port, started if need be.
func (s *Server) listener(name, port, address string) (net.Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, net.ErrClosed
	}
	key := name + ":" + port
	if l, ok := s.listeners[key]; ok {
		return l, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for %s: %w", name, err)
	}
	s.listeners[key] = l
	s.wg.Add(1)
	go s.accept(l, strings.TrimPrefix(name, "hosts/"), port)
	return l, nil
}

func (s *Server) accept(l net.Listener, name, port string) {
	defer s.wg.Done()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			conn.Close()
			return
		}
		s.conns[conn] = struct{}{}
		s.wg.Add(1)
		s.mu.Unlock()
		go s.serve(conn, name, port)
	}
}

func (s *Server) serve(conn net.Conn, name, port string) {
	defer s.wg.Done()
	defer func() {
		conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	conn.SetReadDeadline(time.Now().Add(readTimeout))
	line, err := bufio.NewReader(io.LimitReader(conn, 1<<16)).ReadString('\n')
	if err != nil && line == "" {
		return
	}
	s.mu.Lock()
	s.queries = append(s.queries, Query{Server: name, Port: port, Line: line})
	h := s.handlers[name]
	s.mu.Unlock()
	if h != nil {
		h(conn, line)
		return
	}
	io.WriteString(conn, s.answer(name, line))
}

// answer finds the answer to a line.
func (s *Server) answer(name, line string) string {
	s.mu.Lock()
	known := s.answers[name]
	s.mu.Unlock()
	line = strings.ToLower(strings.TrimRight(line, "\r\n"))
	if text, ok := known[line]; ok {
		return text
	}
	word := strings.TrimSuffix(line[strings.LastIndexByte(line, ' ')+1:], "/e")
	for _, key := range []string{word, "as" + word} {
		if text, ok := known[key]; ok {
			return text
		}
	}
	if _, text, ok := strings.Cut(word, "="); ok && known[text] != "" {
		return known[text]
	}
	return "% No match found for " + word + "\r\n"
}

// Close ends all servers and connections and waits for them.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	for _, l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		c.Close()
	}
	webs := s.webs
	s.mu.Unlock()
	for _, w := range webs {
		w.Close()
	}
	s.wg.Wait()
}

// quiet is a logger for what a web server says about clients that break off.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
