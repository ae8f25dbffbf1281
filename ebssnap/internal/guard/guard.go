// Package guard freezes and thaws filesystems from a process of its own, which thaws them when the
// program that started it dies or hangs.
//
// The process is a static program of under 4 KiB without a C library (src/guard.c, built by go
// generate), started from a memfd or, where that is refused, from a short-lived file. It sits in a
// session of its own, shares one page of memory with its owner, and holds the directories'
// descriptors: nothing is opened, written or executed while a filesystem is frozen.
package guard

//go:generate sh src/build.sh gcc guard_amd64.bin
//go:generate sh src/build.sh aarch64-linux-gnu-gcc guard_arm64.bin

import (
	"errors"
	"syscall"
	"time"
)

// Errors of Start and Freeze.
var (
	// ErrStart means that no guard process could be started.
	ErrStart = errors.New("guard process did not start")
	// ErrFrozenBefore means that a filesystem was frozen before anything was done.
	ErrFrozenBefore = errors.New("frozen by another program")
	// ErrRefused means that a filesystem was not frozen and that those frozen before it are thawed
	// again; Mounts tells which and why.
	ErrRefused = errors.New("freeze refused")
	// ErrExpired means that the freeze ended after the deadline or after its context, and is
	// undone.
	ErrExpired = errors.New("freeze ended after its time")
)

// State is where one filesystem stands.
type State uint32

// States of a filesystem, as guard.c writes them.
const (
	Idle     State = iota // nothing was done
	Freezing              // FIFREEZE is running, or whoever ran it died in it
	Frozen                // frozen by this guard
	Thawing               // FITHAW is running, or whoever ran it died in it
	Thawed                // frozen and thawed by this guard
	Refused               // FIFREEZE failed
	Lost                  // frozen by this guard, thawed by somebody else
	Stuck                 // FITHAW failed: still frozen
)

// By says what made the guard thaw.
type By uint32

// Reasons to thaw, as guard.c writes them.
const (
	ByNobody   By = iota // not thawed
	ByOwner              // the owner asked
	ByDeath              // the owner died
	ByDeadline           // the deadline passed
	ByRollback           // another filesystem of the set could not be frozen
)

// Canary is where the canary of one filesystem stands: a process that asks for write access and so
// sleeps from just after the freeze to the first thaw, whoever thaws.
type Canary uint32

// States of a canary, as guard.c writes them.
const (
	CanaryNone   Canary = iota // there is none, or one that is refused before it comes to the write access (CanaryErrno)
	CanaryWaits                // waits for the freeze
	CanaryGo                   // sent to ask for write access
	CanaryBack                 // got through: the filesystem is writable, or was
	CanaryProbe                // sent before the freeze to see whether anybody else froze
	CanaryAsleep               // seen asleep in the freeze
)

// Mount is what is known of one filesystem. Times are CLOCK_MONOTONIC, zero when it did not happen.
type Mount struct {
	State       State
	Errno       syscall.Errno
	FreezeBegin time.Duration
	FreezeEnd   time.Duration
	ThawBegin   time.Duration
	ThawEnd     time.Duration
	Canary      Canary
	CanaryPID   int
	CanaryErrno syscall.Errno

	canaryBack, canaryEntered time.Duration
	canarySlept               int
}

// Watched says what the canary of a filesystem tells of its freeze.
type Watched uint8

// What canaries tell.
const (
	Unwatched  Watched = iota // there is no canary
	Unsettled                 // it is not asleep yet
	InDoubt                   // asleep, but perhaps in a later freeze than the guard's
	InFreeze                  // asleep in the guard's freeze
	FreezeOver                // awake after it was seen asleep: somebody has thawed
)

// MountError is a failure of one filesystem: Index counts in the order of Config.Dirs.
type MountError struct {
	Index int
	Err   error
}

func (e *MountError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *MountError) Unwrap() error { return e.Err }
