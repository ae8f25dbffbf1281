package reach

import "github.com/opskit-go/opskit"

type (
	verdictKind    struct{}
	dnsVerdictKind struct{}
)

// Verdict is what one probe found. The zero value is [Unknown]: the probe could
// not tell. Which members a probe can give is said at its result type, and what
// each means to a monitor in the package's documentation.
type Verdict = opskit.Enum[verdictKind]

// The verdicts of probes.
const (
	// Unknown: cannot tell; the result's gaps say what would decide.
	Unknown Verdict = ""
	// Open: the TCP handshake completed.
	Open Verdict = "open"
	// Refused: the other side said no by a TCP reset.
	Refused Verdict = "refused"
	// NoAnswer: nothing came back although it was asked often and long enough
	// to judge. It does not say why: dropped, switched off, lost on the way.
	NoAnswer Verdict = "no_answer"
	// Unreachable: an ICMP error came back that is not a prohibition.
	Unreachable Verdict = "unreachable"
	// Prohibited: an ICMP error came back that names a policy: IPv4 codes 9,
	// 10 and 13 (RFC 1812, 5.2.7.1), IPv6 codes 1, 5 and 6 (RFC 4443, 3.1).
	Prohibited Verdict = "prohibited"
	// LocalFailure: this host itself did not ask: no route, a local packet
	// filter, no neighbour to send through, no descriptors or ports left. It says
	// nothing about the target.
	LocalFailure Verdict = "local_failure"
	// Answered: an echo reply or an HTTP response came back.
	Answered Verdict = "answered"
	// Lossy: some echo requests or connections came through and some did not.
	Lossy Verdict = "lossy"
	// Slow: connections open, each after seconds.
	Slow Verdict = "slow"
	// PartlyOpen: some addresses open and others never do.
	PartlyOpen Verdict = "partly_open"
	// Silent: the connection opened and then not one byte came back.
	Silent Verdict = "silent"
	// Closed: the connection opened and was closed without an answer.
	Closed Verdict = "closed"
	// Malformed: what came back is not the protocol that was spoken, or ended
	// before it was whole.
	Malformed Verdict = "malformed"
	// TLSFailed: the connection opened and the TLS handshake failed.
	TLSFailed Verdict = "tls_failed"
)

// DNSVerdict is what one resolver said of a name, or several together. The zero
// value, "", means that it cannot be told; the gaps say what would decide.
type DNSVerdict = opskit.Enum[dnsVerdictKind]

// The verdicts of resolvers.
const (
	// DNSAnswered: records of the type came.
	DNSAnswered DNSVerdict = "answered"
	// DNSNXDomain: the name does not exist (rcode 3, RFC 2308).
	DNSNXDomain DNSVerdict = "nxdomain"
	// DNSNoData: the name exists without records of the type (RFC 2308, 2.2).
	DNSNoData DNSVerdict = "nodata"
	// DNSServFail: the resolver could not find out (rcode 2).
	DNSServFail DNSVerdict = "servfail"
	// DNSRefused: the resolver does not serve this host (rcode 5).
	DNSRefused DNSVerdict = "refused"
	// DNSOtherRcode: another rcode, which the answer names.
	DNSOtherRcode DNSVerdict = "other_rcode"
	// DNSNoAnswer: the resolver was silent for long enough to judge.
	DNSNoAnswer DNSVerdict = "no_answer"
	// DNSUnreachable: an ICMP error, or a refused TCP connection.
	DNSUnreachable DNSVerdict = "unreachable"
	// DNSMalformed: what came back is no answer to the question.
	DNSMalformed DNSVerdict = "malformed"
	// DNSLocalFailure: this host itself did not ask.
	DNSLocalFailure DNSVerdict = "local_failure"
	// DNSDisagree: resolvers gave different answers.
	DNSDisagree DNSVerdict = "disagree"
)

// level is what a verdict means to a monitor: see the package's documentation.
func level(v Verdict) opskit.Level {
	switch v {
	case Open, Answered:
		return opskit.OK
	case Lossy, Slow:
		return opskit.Warning
	case Refused, NoAnswer, PartlyOpen, Unreachable, Prohibited, Silent, Closed, Malformed, TLSFailed:
		return opskit.Problem
	}
	return opskit.Unknown
}

func dnsLevel(v DNSVerdict) opskit.Level {
	switch v {
	case DNSAnswered:
		return opskit.OK
	case DNSNoData, DNSDisagree:
		return opskit.Warning
	case DNSNXDomain, DNSServFail, DNSRefused, DNSOtherRcode, DNSNoAnswer, DNSUnreachable, DNSMalformed:
		return opskit.Problem
	}
	return opskit.Unknown
}

// gaps joins what who looked could not see with what judging left open. What was
// not judged has one too.
func gaps(level opskit.Level, unseen, undecided []opskit.Gap) []opskit.Gap {
	all := append(unseen[:len(unseen):len(unseen)], undecided...)
	if len(all) == 0 && opskit.ExitCode(level) == 2 {
		all = append(all, opskit.Gap{What: "whether it can be reached", Why: "nothing that was seen decides it", Need: "a new probe"})
	}
	return all
}
