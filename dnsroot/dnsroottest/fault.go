package dnsroottest

import (
	"time"

	"github.com/opskit-go/opskit/dnsroot"
)

// Family limits a fault to one address family. The zero value is both.
type Family uint8

// Address families.
const (
	Both Family = iota
	IPv4
	IPv6
)

// Fault is what a letter does wrong, on the transports and in the family that
// it applies to; effects combine. The zero Fault is none.
type Fault struct {
	Transport dnsroot.Transport // 0: both
	Family    Family            // zero: both

	Silence bool          // never answers; over TCP it accepts and reads
	Loss    float64       // drops this share of the questions, evenly spaced, from 0 to 1
	Delay   time.Duration // answers this much later
	SlowTCP time.Duration // over TCP, pauses this long before every byte

	WrongID       bool // answers with another message id
	Decoy         bool // sends a forged answer with another id before the true one
	SpoofedSource bool // over UDP, answers from another port than the one asked
	Garbage       bool // answers with bytes that are no DNS message after the header
	Truncated     bool // sets TC and leaves the records out
	Rcode         int  // answers with this code (2 is SERVFAIL) and no records

	Serial       uint32 // serves a properly signed zone with this serial; 0: the fleet's
	Unsigned     bool   // leaves the signatures out
	BadSignature bool   // damages the signatures
	Rogue        bool   // serves a zone signed with other keys
	WrongAnswer  bool   // changes the records and leaves the signatures as they are
	Intercepted  bool   // answers as a resolver would: recursion offered, no authority
	NoGlue       bool   // leaves the addresses out of the answer for NS
	NoIdentity   bool   // tells neither NSID nor hostname.bind nor id.server
}

func (f Fault) applies(over dnsroot.Transport, family Family) bool {
	return (f.Transport == 0 || f.Transport == over) && (f.Family == Both || f.Family == family)
}
