package dbhook

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/opskit-go/opskit"
)

// Session is one connection to a server, for programs that bring a driver of their own. It is used by
// one goroutine at a time, and its locks and its backup mode end with it. One that is an io.Closer is
// closed at the end; it must end when the program does.
type Session interface {
	// Query runs statements in order, and returns the rows of all their answers: the columns of a row
	// as text, with tabs between. It returns when ctx ends.
	Query(ctx context.Context, statements ...string) ([]string, error)
}

// connection is a session of either kind. When ctx ends query calls stop, which may end the
// connection from elsewhere.
type connection interface {
	query(ctx context.Context, stop func(), statements ...string) ([]string, error)
	close()
}

// connect makes a session: with the caller's driver, or by a client.
func connect(ctx context.Context, driver func(ctx context.Context) (Session, error), argv ...string) (connection, error) {
	if driver != nil {
		s, err := driver(ctx)
		return &driven{Session: s}, err
	}
	s, err := open(argv)
	return s, err
}

// driven is a session of the caller's.
type driven struct {
	Session
	ended error
}

func (d *driven) query(ctx context.Context, stop func(), statements ...string) ([]string, error) {
	if d.ended != nil {
		return nil, d.ended
	}
	if stop != nil {
		defer context.AfterFunc(ctx, stop)()
	}
	answer, err := d.Query(ctx, statements...)
	switch {
	case err != nil && ctx.Err() != nil:
		d.ended = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	case err != nil:
		d.ended = fmt.Errorf("%w: %w", ErrLost, err)
	}
	return answer, d.ended
}

func (d *driven) close() {
	if c, ok := d.Session.(io.Closer); ok {
		_ = c.Close() // what it held was let go before
	}
}

// session is a vendor's client that is held open and spoken to through its pipes: one connection,
// whose locks and backup mode end with it. It is used by one goroutine at a time.
//
// The client ends at its first error, and at the end of its standard input: so it ends when this
// process does, however that dies.
type session struct {
	cmd    *exec.Cmd
	input  io.WriteCloser
	lines  chan string
	errors tail
	ended  error // why the session ended; nil while it is held
	n      int
	name   string
}

const (
	// endGrace is how long a client may take to end after its input has ended.
	endGrace = 2 * time.Second
	// maxLine bounds one line of an answer.
	maxLine = 16 << 20
	marker  = "opskit-end-"
)

// open starts the client. The client connects by itself; the first query shows whether it could.
func open(argv []string) (*session, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	s := &session{cmd: cmd, name: argv[0], lines: make(chan string)}
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, input.Close())
	}
	s.input = input
	cmd.Stderr = &s.errors
	cmd.WaitDelay = endGrace
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err // Start has closed the pipes
	}
	go func() {
		defer close(s.lines)
		lines := bufio.NewScanner(output)
		lines.Buffer(nil, maxLine)
		for lines.Scan() {
			s.lines <- lines.Text()
		}
	}()
	return s, nil
}

// query sends statements, each ending in ";", and returns the lines of their answers. When ctx ends
// it calls stop, which may end the connection from elsewhere, and then ends the client. After an
// error the session has ended.
func (s *session) query(ctx context.Context, stop func(), statements ...string) ([]string, error) {
	if s.ended != nil {
		return nil, s.ended
	}
	s.n++
	end := marker + strconv.Itoa(s.n)
	text := strings.Join(statements, "\n") + "\nSELECT '" + end + "';\n"
	wrote := make(chan struct{})
	go func() { // a client that does not read must not block the caller beyond ctx
		defer close(wrote)
		_, _ = io.WriteString(s.input, text) // a client that has ended is seen by its output
	}()
	defer func() { <-wrote }()
	var answer []string
	for {
		select {
		case line, more := <-s.lines:
			switch {
			case !more:
				return answer, s.end(nil)
			case line == end:
				return answer, nil
			}
			answer = append(answer, line)
		case <-ctx.Done():
			if stop != nil {
				stop()
			}
			return answer, s.end(context.Cause(ctx))
		}
	}
}

// end ends the client, if it has not ended, and notes why.
func (s *session) end(why error) error {
	if s.ended != nil {
		return s.ended
	}
	_ = s.input.Close()
	if why != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Kill()
	}
	kill := time.AfterFunc(endGrace, func() { _ = s.cmd.Process.Kill() })
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for range s.lines { // until the client has closed its output, or Wait this end of it
		}
	}()
	err := s.cmd.Wait()
	<-drained
	kill.Stop()
	switch said := s.errors.String(); {
	case why != nil && said != "":
		s.ended = fmt.Errorf("%w: %s", why, said)
	case why != nil:
		s.ended = why
	case said != "":
		s.ended = fmt.Errorf("%w: %s: %s", ErrLost, s.name, said)
	case err != nil:
		s.ended = fmt.Errorf("%w: %s: %w", ErrLost, s.name, err)
	default:
		s.ended = fmt.Errorf("%w: %s ended", ErrLost, s.name)
	}
	return s.ended
}

// close ends the client in good order.
func (s *session) close() { _ = s.end(nil) }

// tail keeps the last of what a client complains about, as one line that a terminal can show.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const maxTail = 2048

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > maxTail {
		t.text = append([]byte(nil), t.text[len(t.text)-maxTail:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	for line := range strings.Lines(string(t.text)) {
		if strings.Trim(line, "- \r\n") != "" { // mariadb draws lines around the statement
			lines = append(lines, opskit.Escape(strings.TrimSpace(line)))
		}
	}
	return strings.Join(lines, " / ")
}
