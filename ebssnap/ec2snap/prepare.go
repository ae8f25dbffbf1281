package ec2snap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
)

// spare is how much longer than the budget credentials must last.
const spare = 30 * time.Second

// rehearse sends the DryRun over a new line and keeps that for the request with the same token.
func (c *Cloud) rehearse(ctx context.Context, r ebssnap.Request) error {
	l, err := c.newLine(ctx, r)
	if err != nil {
		return dryRun(r, err)
	}
	for try := 0; try == 0 || try == 1 && !l.warm(); try++ { // a server may close a connection once
		taken, failed := c.send(ctx, r, l)
		if err = dryRun(r, failed); failed == nil {
			err = ignored(r, taken)
		}
		if err != nil {
			l.close()
			return err
		}
	}
	if !l.warm() {
		l.close()
		return notCreated(&opskit.Error{Op: "dry run", Target: target(r), Err: errors.New("the connection ends with each answer, so the request " +
			"would have to make another one while writers are stopped; let the proxy or the endpoint keep it, or use an HTTP client of your own in Cloud.Client")})
	}
	l.shut.Store(true)
	c.keep(r.Token, l)
	return nil
}

// ignored is the error of an endpoint that took a DryRun for the request itself.
func ignored(r ebssnap.Request, taken []ebssnap.Snapshot) error {
	var ids []string
	for _, s := range taken {
		ids = append(ids, s.ID)
	}
	return &opskit.Error{Op: "dry run", Target: target(r), Err: fmt.Errorf("%w: the endpoint does not obey DryRun, and created %q while writers ran: delete what it created, and do not use it",
		ebssnap.ErrOutcomeUnknown, ids)}
}

// newLine asks for everything that the request with this token needs besides a connection.
func (c *Cloud) newLine(ctx context.Context, r ebssnap.Request) (*line, error) {
	l := newLine(c.Client)
	var err error
	if l.signer, err = lasting(ctx, c.Client.Options().Credentials, r.Budget+spare); err != nil {
		return nil, err
	}
	if len(r.Volumes) > 1 {
		if l.plan, err = c.plan(ctx, r); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// lasting returns credentials that are asked for now and never again. Those that would expire
// within need are asked for anew; if there are none that last longer, these must do, and EC2 says
// so if they do not.
func lasting(ctx context.Context, provider aws.CredentialsProvider, need time.Duration) (aws.CredentialsProvider, error) {
	if provider == nil {
		return nil, nil
	}
	now, err := provider.Retrieve(ctx)
	cache, cached := provider.(interface{ Invalidate() })
	if err == nil && cached && now.CanExpire && time.Until(now.Expires) < need {
		cache.Invalidate()
		now, err = provider.Retrieve(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("get credentials: %w", err)
	}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return now, nil }), nil
}

// keep replaces the line of token, and drops those that nobody released.
func (c *Cloud) keep(token string, l *line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lines == nil {
		c.lines = map[string]*line{}
	}
	for other, old := range c.lines {
		if other == token || time.Since(old.created) > lineLife {
			old.close()
			delete(c.lines, other)
		}
	}
	c.lines[token] = l
}

func (c *Cloud) line(token string) *line {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lines[token]
}

// Kept reports whether what the DryRun with this token made is still there, above all its
// connection, so that the request needs nothing but itself. Consistent asks just before it stops
// writers, and sends the DryRun again if not.
func (c *Cloud) Kept(token string) bool {
	l := c.line(token)
	return l != nil && l.warm() && time.Since(l.created) < lineFresh
}

// Release closes what is kept for token, and tells what is not certain of the request that was sent
// with it. Consistent calls it at its end; otherwise it is closed after ten minutes.
func (c *Cloud) Release(token string) []opskit.Gap {
	c.mu.Lock()
	l := c.lines[token]
	delete(c.lines, token)
	c.mu.Unlock()
	if l == nil {
		return nil
	}
	l.close()
	return l.requested.Load().gaps()
}
