package volumes

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Conditions that callers branch on, matched by errors.Is.
var (
	// ErrNoPath means that a path is relative or does not exist.
	ErrNoPath = errors.New("no such path")
	// ErrNoBlockDevice means that the filesystem (tmpfs, overlay, NFS, ZFS, ...) lies on no block device that Linux tells of, so that no
	// set of EBS volumes can be said to hold it.
	ErrNoBlockDevice = errors.New("filesystem on no block device")
	// ErrUnknownDevice means that a block device could not be followed to what it lies on.
	ErrUnknownDevice = errors.New("unknown block device")
	// ErrOutside means that part of the data lies outside the set of volumes; the error holds an *OutsideError.
	ErrOutside = errors.New("outside the set of volumes")
	// ErrCannotTell means that for part of the data no volume could be told, so that it may lie outside the set.
	ErrCannotTell = errors.New("cannot tell the volume")
	// ErrMalformed means that mountinfo or sysfs holds what the kernel does not write.
	ErrMalformed = errors.New("malformed")
	// ErrUsage means that the arguments make no sense.
	ErrUsage = errors.New("wrong use")
)

// code is the stable JSON name of a sentinel.
type code struct {
	name string
	err  error
}

func codes() []code {
	return []code{
		{"no_path", ErrNoPath},
		{"no_block_device", ErrNoBlockDevice},
		{"unknown_device", ErrUnknownDevice},
		{"outside", ErrOutside},
		{"cannot_tell", ErrCannotTell},
		{"malformed", ErrMalformed},
		{"usage", ErrUsage},
		{"unsupported", errors.ErrUnsupported},
	}
}

// Error is the error of this package: what was done, to what, and why it failed. Its JSON is {"code","message"} with the code of
// the sentinel that Err wraps, or "other"; an Error decoded from JSON matches that sentinel again.
type Error struct {
	Op     string // what was tried: "find", "check", ...
	Target string // a path, a device or a line of mountinfo; may be empty
	Err    error  // the cause; wraps a sentinel
}

// Error returns "op target: cause", the target quoted.
func (e *Error) Error() string {
	text := e.Op
	if e.Target != "" {
		text += " " + quote(e.Target)
	}
	if text == "" {
		return fmt.Sprint(e.Err)
	}
	return text + ": " + fmt.Sprint(e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Code returns the stable snake_case name of the sentinel that e wraps, or "other".
func (e *Error) Code() string {
	for _, c := range codes() {
		if errors.Is(e.Err, c.err) {
			return c.name
		}
	}
	return "other"
}

type jsonError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// MarshalJSON returns {"code","message"}.
func (e *Error) MarshalJSON() ([]byte, error) { return json.Marshal(jsonError{e.Code(), e.Error()}) }

// UnmarshalJSON reads what MarshalJSON wrote. The message is kept as it is; the code says which sentinel matches.
func (e *Error) UnmarshalJSON(text []byte) error {
	var j jsonError
	if err := json.Unmarshal(text, &j); err != nil {
		return fmt.Errorf("decode error: %w", err)
	}
	saved := &savedError{message: j.Message}
	for _, c := range codes() {
		if c.name == j.Code {
			saved.is = c.err
		}
	}
	*e = Error{Err: saved}
	return nil
}

// savedError is an error that came from JSON.
type savedError struct {
	message string
	is      error
}

func (e *savedError) Error() string { return e.message }
func (e *savedError) Unwrap() error { return e.is }

// OutsideError says which part of the data lies where. It matches ErrOutside.
type OutsideError struct {
	Path   string // the part, as it was found
	Volume string // the EBS volume that is not in the set; empty where the part lies on no EBS volume at all
	Device string // the kernel's name of the device, or the type of a filesystem that is on none
}

// Error names the path and the volume.
func (e *OutsideError) Error() string {
	where := "on " + quote(e.Device) + ", which is no EBS volume"
	if e.Volume != "" {
		where = "on " + e.Volume + " (" + quote(e.Device) + "), which is not in the set"
	}
	return quote(e.Path) + " lies " + where + "; add the volume, or name the path in Skip if it holds no data to keep"
}

// Unwrap returns ErrOutside.
func (e *OutsideError) Unwrap() error { return ErrOutside }
