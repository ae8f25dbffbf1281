package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// holdFor freezes when a program connects and says "freeze", and thaws when one says "thaw", when the budget ends, or when this process dies. Every
// connection carries one word and one line of answer, so that the hooks before and after another tool's snapshot can be two commands.
func (c command) holdFor(ctx context.Context) int {
	listener, err := listen(ctx, c.hold)
	if err != nil {
		return c.Fail(err)
	}
	defer listener.Close()
	if err := os.Chmod(c.hold, 0o600); err != nil {
		return c.Fail(err)
	}
	freezing, err := await(ctx, listener, "freeze")
	if err != nil {
		return c.thawed(c.Fail(err), nil)
	}
	defer freezing.Close()
	froze := false
	var thawing net.Conn
	timing, err := ebssnap.Hold(ctx, c.freezer(c.mounts), c.timeout, func(ctx context.Context) error {
		froze = true
		say(freezing, "frozen")
		var err error
		thawing, err = await(ctx, listener, "thaw")
		return err
	})
	if thawing != nil {
		defer thawing.Close()
		say(thawing, outcome(err))
	}
	if !froze {
		say(freezing, outcome(err))
		return c.thawed(c.Fail(err), err)
	}
	code := c.Print(held{timing, outcome(err)}, program.Healthy)
	if err != nil {
		fmt.Fprintf(c.Stderr, "%s: %v\n", c.Name(), err)
		code = max(code, program.Problem)
	}
	return c.thawed(code, err)
}

func outcome(err error) string {
	var frozen *ebssnap.ThawError
	switch {
	case err == nil:
		return "thawed"
	case errors.As(err, &frozen):
		return "STILL FROZEN: run " + frozen.Rescue()
	case errors.Is(err, ebssnap.ErrThawedEarly):
		return "thawed early: what was done since the freeze is not proven"
	}
	return "error: " + strings.ReplaceAll(err.Error(), "\n", "; ")
}

// tell is the hook: it says one word and prints the answer.
func (c command) tell(ctx context.Context, word string) int {
	if word != "freeze" && word != "thaw" {
		return c.Misused("-hold takes the argument freeze or thaw, not %q", word)
	}
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "unix", c.hold)
	if err != nil {
		return c.Fail(err)
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { _ = connection.SetDeadline(time.Now()) })()
	say(connection, word)
	answer, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil {
		return c.Fail(errors.Join(context.Cause(ctx), err))
	}
	fmt.Fprint(c.Stdout, answer)
	switch strings.TrimSpace(answer) {
	case "frozen", "thawed":
		return program.Healthy
	}
	return program.Problem
}

// held is the report of a hold.
type held struct {
	Timing  ebssnap.Timing `json:"timing"`
	Outcome string         `json:"outcome"`
}

// String says how it ended and how long writers were stopped.
func (h held) String() string {
	return fmt.Sprintf("%s\n  writers were stopped for %s\nnot checked: what the other program did meanwhile", h.Outcome, h.Timing.Stopped.Round(100*time.Microsecond))
}
