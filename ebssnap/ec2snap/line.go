package ec2snap

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/logging"

	"github.com/opskit-go/opskit/ebssnap"
)

// line is what a DryRun leaves for the request after it: a connection that nothing else uses,
// credentials, and the request for a set. Nothing but the connection changes once it is made.
type line struct {
	client  aws.HTTPClient
	own     *http.Transport // nil: the client is the caller's, and so are its connections
	signer  aws.CredentialsProvider
	plan    *ec2.CreateSnapshotsInput // for a set
	created time.Time

	shut      atomic.Bool // no connection is made any more
	conn      atomic.Pointer[conn]
	last      atomic.Pointer[exchange]
	requested atomic.Pointer[exchange] // that of the request itself
}

const (
	// lineLife is how long a line is kept that nobody releases.
	lineLife = 10 * time.Minute
	// lineFresh is how long the connection of a line is trusted: what lies between may forget an
	// idle one without a word.
	lineFresh = 5 * time.Second
)

var errShut = errors.New("the connection that the dry run made has ended, and none is made while writers are stopped")

// newLine returns a line with the settings of client. Where its HTTP client is the SDK's own, the
// line gets a copy of the transport for itself, with HTTP/1.1, in which a connection that is idle
// is free for the next request; any other HTTP client is used as it is.
func newLine(client *ec2.Client) *line {
	l := &line{client: client.Options().HTTPClient, created: time.Now()}
	buildable, ok := l.client.(*awshttp.BuildableClient)
	if !ok {
		return l
	}
	l.own = buildable.GetTransport()
	l.own.ForceAttemptHTTP2 = false
	l.own.Protocols = new(http.Protocols)
	l.own.Protocols.SetHTTP1(true)
	l.own.DisableKeepAlives = false
	l.own.IdleConnTimeout = lineLife
	if l.own.DialContext == nil {
		l.own.DialContext = (&net.Dialer{}).DialContext
	}
	l.own.DialContext = l.dials(l.own.DialContext)
	if l.own.DialTLSContext != nil {
		l.own.DialTLSContext = l.dials(l.own.DialTLSContext)
	}
	l.client = &http.Client{
		Transport: l.own, Timeout: buildable.GetTimeout(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return l
}

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// dials lets dial make connections until the line is shut.
func (l *line) dials(dial dialer) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if l.shut.Load() {
			return nil, errShut
		}
		made, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		watched := &conn{Conn: made}
		l.conn.Store(watched)
		return watched, nil
	}
}

// warm reports whether the connection waits for a request.
func (l *line) warm() bool {
	if l.own == nil {
		return true // as far as can be told
	}
	last, made := l.last.Load(), l.conn.Load()
	return last != nil && made != nil && last.idle.Load() && !made.ended.Load()
}

// unsent reports whether it is certain that no byte of the last request was sent.
func (l *line) unsent() bool {
	last := l.last.Load()
	switch {
	case last == nil:
		return true
	case l.own == nil:
		return last.asked.Load() && !last.got.Load() // a client that tells nothing proves nothing
	}
	return !last.got.Load() || l.written() == last.before
}

// cold reports whether the last request failed because its connection had ended.
func (l *line) cold(err error) bool {
	made := l.conn.Load()
	return errors.Is(err, errShut) || l.own != nil && l.shut.Load() && l.unsent() && made != nil && made.ended.Load()
}

func (l *line) written() int64 {
	if made := l.conn.Load(); made != nil {
		return made.wrote.Load()
	}
	return 0
}

func (l *line) close() {
	if l.own != nil {
		l.own.CloseIdleConnections()
	}
}

// options makes one operation of the SDK use the line. What creates something is sent once, and
// nothing is logged meanwhile.
func (l *line) options(r ebssnap.Request) func(*ec2.Options) {
	return func(o *ec2.Options) {
		if l.signer != nil {
			o.Credentials = l.signer
		}
		if r.DryRun {
			patient(o)
		} else {
			o.Retryer = aws.NopRetryer{}
			o.RetryMaxAttempts = 1
			o.Logger, o.ClientLogMode = logging.Nop{}, 0
		}
		o.HTTPClient = l
	}
}

// patient lets the SDK try again when EC2 finds that the clock of this machine is wrong: it has
// learnt the right time from that answer.
func patient(o *ec2.Options) {
	o.Retryer = retry.AddWithErrorCodes(o.Retryer, "RequestExpired")
	o.HTTPClient = strict{o.HTTPClient}
}

// Do sends one request, and reads the whole answer, so that the connection is free again when it
// returns.
//
// The SDK's own body would not do: it is closed as soon as there is an answer, and then says io.EOF
// where net/http looks for its end, which takes that for a failed write and closes the connection.
// A quick answer would cost the connection.
func (l *line) Do(request *http.Request) (*http.Response, error) {
	body := []byte(nil)
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
		_ = request.Body.Close() // it is in memory
	}
	e := &exchange{before: l.written()}
	l.last.Store(e)
	copied := request.WithContext(e.watch(request.Context()))
	copied.Body, copied.GetBody, copied.ContentLength = io.NopCloser(bytes.NewReader(body)), nil, int64(len(body))
	if len(body) == 0 {
		copied.Body = http.NoBody
	}
	response, err := l.client.Do(copied)
	if err != nil {
		return response, err
	}
	return authentic(response)
}
