package reach

import "github.com/opskit-go/opskit"

// The conditions that a caller branches on. A verdict such as [Refused] is an
// answer and not an error; these are for what could not be asked or read. They
// come within an [opskit.Error] that names the question and its target.
var (
	// ErrTarget: the target, URL, name or resolver given cannot be used as it
	// stands. Nothing was sent.
	ErrTarget = opskit.Sentinel("reach_target", "target is not usable")
	// ErrLocal: this host lacked what the question needs (descriptors, local
	// ports, memory). Nothing can be said of the target.
	ErrLocal = opskit.Sentinel("reach_local", "this host could not ask")
	// ErrNoRoute: this host's own routing table or packet filter answered in
	// place of the network.
	ErrNoRoute = opskit.Sentinel("reach_no_route", "this host does not send there")
	// ErrMalformed: bytes came back that are not what the protocol says.
	ErrMalformed = opskit.Sentinel("reach_malformed", "answer is malformed")
	// ErrCertificate: the certificate that the server showed does not prove
	// the name that was asked for.
	ErrCertificate = opskit.Sentinel("reach_certificate", "certificate does not prove the name")
)
