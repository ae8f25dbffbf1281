package ec2snap

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
)

// check refuses what EC2 would refuse, before anything is sent.
func check(r ebssnap.Request) error {
	var why string
	switch {
	case len(r.Volumes) == 0:
		why = "no volume given"
	case utf8.RuneCountInString(r.Description) > 255:
		why = "the description is longer than 255 characters"
	case len(r.Tags) > 50:
		why = "more than 50 tags"
	}
	for key, value := range r.Tags {
		if key == "" || utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(value) > 256 || strings.HasPrefix(strings.ToLower(key), "aws:") {
			why = fmt.Sprintf("tag %q: a key has 1 to 128 characters and does not begin with aws:, a value at most 256", key)
		}
	}
	if why == "" {
		return nil
	}
	return &opskit.Error{Op: "create snapshot", Err: fmt.Errorf("%w: %w: %s", ebssnap.ErrUsage, ebssnap.ErrNotCreated, why)}
}

// dryRun turns the answer to a DryRun into nil or an error.
func dryRun(r ebssnap.Request, err error) error {
	if err == nil || code(err) == "DryRunOperation" {
		return nil
	}
	return notCreated(failure("dry run", target(r), err))
}

// creation turns the outcome of a request that creates into nil, an error that proves that nothing
// was created, or one that does not. Only what was not sent, and a refusal in EC2's own words,
// proves: authentic lets no other answer get here as one.
func creation(r ebssnap.Request, err error, l *line) error {
	if err == nil {
		return nil
	}
	if l.cold(err) {
		err = &cold{err}
	}
	failed := failure("create snapshot", target(r), err)
	answer := code(err)
	switch {
	case l.unsent():
		return notCreated(failed)
	case answer != "" && (refused(answer) || status(err) >= 400 && status(err) < 500):
		return notCreated(failed)
	}
	return failed
}

// code returns the code of EC2's answer, or "" if there is none.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// refused reports whether an error code means that EC2 did nothing, although the HTTP status may be
// 503.
func refused(code string) bool { return throttled(code) || denied(code) || unrecognised(code) }

func throttled(code string) bool {
	switch code {
	case "RequestLimitExceeded", "Throttling", "ThrottlingException", "SnapshotCreationPerVolumeRateExceeded":
		return true
	}
	return false
}

func denied(code string) bool {
	switch code {
	case "UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "OptInRequired", "Blocked":
		return true
	}
	return false
}

// unrecognised reports whether an error code means that EC2 does not know who asks.
func unrecognised(code string) bool {
	switch code {
	case "AuthFailure", "InvalidClientTokenId", "ExpiredToken", "RequestExpired", "SignatureDoesNotMatch", "UnrecognizedClientException":
		return true
	}
	return false
}

func unknownVolume(code string) bool {
	switch code {
	case "InvalidVolume.NotFound", "InvalidVolumeID.Malformed", "InvalidVolumeID.ZoneMismatch", "InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed":
		return true
	}
	return false
}

// unknownSnapshot reports whether an error code means that a snapshot does not exist.
func unknownSnapshot(code string) bool {
	return code == "InvalidSnapshot.NotFound" || code == "InvalidSnapshotID.Malformed"
}

// failure wraps an error of the SDK with the sentinel that it stands for.
func failure(op, target string, err error) error {
	if err == nil {
		return nil
	}
	switch answer := code(err); {
	case throttled(answer):
		err = &throttle{code: answer, err: fmt.Errorf("%w: %w", ebssnap.ErrThrottled, err)}
	case denied(answer):
		err = fmt.Errorf("%w: allow %s: %w", ebssnap.ErrDenied, actions(op), err)
	case unrecognised(answer):
		err = fmt.Errorf("%w: the credentials or the clock of this machine are wrong: %w", ebssnap.ErrDenied, err)
	case unknownVolume(answer):
		err = fmt.Errorf("%w: %w", ebssnap.ErrUnknownVolume, err)
	}
	return &opskit.Error{Op: op, Target: target, Err: err}
}

// actions names the IAM actions that an operation needs; the statements are in the package's
// documentation.
func actions(op string) string {
	switch op {
	case "create tags":
		return "ec2:CreateTags on snapshots tagged " + ebssnap.TagToken + " (statement RaiseConsistency)"
	case "describe snapshots":
		return "ec2:DescribeSnapshots (statement Look)"
	case "describe instances":
		return "ec2:DescribeInstances (statement Look)"
	}
	return "ec2:CreateSnapshot, ec2:CreateSnapshots and ec2:CreateTags (statements Create and TagAtCreation)"
}

func notCreated(err error) error {
	var e *opskit.Error
	if errors.As(err, &e) {
		return &opskit.Error{Op: e.Op, Target: e.Target, Err: &proven{e.Err}}
	}
	return &proven{err}
}

// proven is an error after which it is certain that nothing was created.
type proven struct{ err error }

func (p *proven) Error() string { return p.err.Error() }

func (p *proven) Unwrap() []error { return []error{p.err, ebssnap.ErrNotCreated} }

// cold is a request that was not sent because the connection had ended.
type cold struct{ err error }

func (c *cold) Error() string { return "not sent: " + c.err.Error() }

func (c *cold) Unwrap() error { return c.err }

// RetryAfter returns a short time: a new DryRun makes a new connection.
func (c *cold) RetryAfter() time.Duration { return 100 * time.Millisecond }

// throttle is a refusal for now.
type throttle struct {
	code string
	err  error
}

func (t *throttle) Error() string { return t.err.Error() }

func (t *throttle) Unwrap() error { return t.err }

// RetryAfter returns how long EC2 wants to be left alone: 15 s for the limit of a volume, otherwise
// the caller's choice.
func (t *throttle) RetryAfter() time.Duration {
	if t.code == "SnapshotCreationPerVolumeRateExceeded" {
		return 15 * time.Second
	}
	return 0
}

// status returns the HTTP status of an answer, or 0.
func status(err error) int {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.Response != nil && response.Response.Response != nil {
		return response.HTTPStatusCode()
	}
	return 0
}

func target(r ebssnap.Request) string { return strings.Join(r.Volumes, " ") }
