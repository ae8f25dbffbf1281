package dnsroottest

import (
	"time"

	"github.com/opskit-go/opskit/dnsroot"
)

// Family limits a fault to one address family. The zero value is both.
type Family uint8

// Address families.
const (
	FamilyBoth Family = iota
	FamilyIPv4
	FamilyIPv6
)

// Fault is what a letter does wrong, on the transports and in the family that
// it applies to; effects combine. The zero Fault is none.
type Fault struct {
	Transport  dnsroot.Transport // zero: both
	Family     Family            // zero: both
	Question   string            // only for questions of this type: "DNSKEY"; empty: all
	LargerThan int               // only where the answer would have more bytes; 0: all

	Silence bool          // never answers; over TCP it accepts and reads
	Loss    float64       // drops this share of the questions, evenly spaced, from 0 to 1
	Delay   time.Duration // answers this much later
	SlowTCP time.Duration // over TCP, pauses this long before every byte

	WrongID       bool // answers with another message id
	Decoy         bool // sends a forged answer with another id before the true one
	Forged        bool // over UDP, sends an answer with another serial and the right id 20 ms before the true one
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
	Referral     bool   // leaves the last server's addresses out, and refers who asks for them
	NoAddress    bool   // the zone has no addresses for the last server, and says so
	Rewritten    bool   // answers for names that are not there
	NoIdentity   bool   // tells neither NSID nor hostname.bind nor id.server
	Identity     string // tells this identity
	IDServer     string // tells this by id.server alone

	Until time.Time // serves a zone whose signatures end then; zero: the fleet's
}

func (f Fault) applies(over dnsroot.Transport, family Family, question string, size func() int) bool {
	return (f.Transport == "" || f.Transport == over) && (f.Family == FamilyBoth || f.Family == family) &&
		(f.Question == "" || f.Question == question) && (f.LargerThan == 0 || size() > f.LargerThan)
}
