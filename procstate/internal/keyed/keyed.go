// Package keyed reads lines of a key and numbers, of which proc_pid_status(5)
// and proc_pid_fdinfo(5) have the most.
package keyed

import (
	"bytes"
	"fmt"
	"strconv"
)

// Numbers reads the numbers of the first "Key:\tN N" line that has any. There is
// at least one; otherwise it fails.
func Numbers(text []byte, key string) ([]int, error) {
	for line := range bytes.Lines(text) {
		value, ok := bytes.CutPrefix(line, []byte(key+":"))
		if !ok {
			continue
		}
		var numbers []int
		for field := range bytes.FieldsSeq(value) {
			number, err := strconv.Atoi(string(field))
			if err != nil {
				return nil, fmt.Errorf("line %s: %q is no number", key, field)
			}
			numbers = append(numbers, number)
		}
		if len(numbers) > 0 {
			return numbers, nil
		}
	}
	return nil, fmt.Errorf("no line %s", key)
}
