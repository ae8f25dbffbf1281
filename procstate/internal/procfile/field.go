// Package procfile reads what the kernel writes into the files of a process in
// /proc. It opens nothing: whoever calls it has the text.
package procfile

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/opskit-go/opskit"
)

// ErrMalformed: a /proc file does not have the form that proc(5) gives it.
var ErrMalformed = opskit.Sentinel("procstate_malformed", "malformed /proc file")

// Malformed is an error about one file.
func Malformed(file, what string) error {
	return &opskit.Error{Op: "parse", Target: file, Err: fmt.Errorf("%w: %s", ErrMalformed, what)}
}

// The first namespaces of their kinds (include/linux/proc_ns.h): in that of PIDs and
// users the numbers and capabilities are the host's, in that of control groups "/" is
// the root, in that of time start times are those of the kernel.
const (
	FirstPIDs   = "pid:[4026531836]"
	FirstUsers  = "user:[4026531837]"
	FirstGroups = "cgroup:[4026531835]"
	FirstTime   = "time:[4026531834]"
)

// Capabilities (capabilities(7)), as bits of a mask.
const (
	CapSysPtrace   = 1 << 19
	CapSysAdmin    = 1 << 21
	CapSysResource = 1 << 24
)

// Field returns the value of the first "Key: value" line.
func Field(text []byte, key string) (value []byte, ok bool) {
	for line := range bytes.Lines(text) {
		name, value, found := bytes.Cut(line, []byte{':'})
		if found && string(bytes.TrimSpace(name)) == key {
			return bytes.TrimSpace(value), true
		}
	}
	return nil, false
}

// Numbers reads the numbers of the "Key: N N" line. There is at least one;
// otherwise it fails.
func Numbers(text []byte, key string) ([]int, error) {
	value, _ := Field(text, key)
	var numbers []int
	for field := range bytes.FieldsSeq(value) {
		number, err := strconv.Atoi(string(field))
		if err != nil {
			return nil, fmt.Errorf("line %s: %q is no number", key, field)
		}
		numbers = append(numbers, number)
	}
	if len(numbers) == 0 {
		return nil, fmt.Errorf("no line %s", key)
	}
	return numbers, nil
}

// Int reads a decimal number of at most nine digits.
func Int(text []byte) (value int, ok bool) {
	if len(text) == 0 || len(text) > 9 {
		return 0, false
	}
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		value = value*10 + int(digit-'0')
	}
	return value, true
}

// Mask reads a mask of signals or capabilities, or the first 64 of the 128 signals
// that MIPS has.
func Mask(text []byte) (uint64, bool) {
	if len(text) > 16 {
		text = text[len(text)-16:]
	}
	value, err := strconv.ParseUint(string(text), 16, 64)
	return value, err == nil
}
