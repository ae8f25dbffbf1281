//go:build !linux || opskit_portable

package taskiter

import (
	"context"
	"errors"
)

// Iterator is never loaded here.
type Iterator struct{}

var errLinux = errors.New("only Linux has the BPF source")

// Kernel fails.
func Kernel() (Layout, error) { return Layout{}, errLinux }

// Load fails.
func (Layout) Load(bool) (*Iterator, error) { return nil, errLinux }

// Close does nothing.
func (*Iterator) Close() error { return nil }

// Each fails.
func (*Iterator) Each(context.Context, func(*Task) bool) error { return errLinux }
