//go:build !linux

package lab

import "fmt"

func probeKernel(name string) error { return fmt.Errorf("%s needs Linux", name) }
