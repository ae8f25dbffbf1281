package whoislookup

import (
	"strings"

	"github.com/opskit-go/opskit/whoislookup/internal/status"
)

// Status is one status of a domain. What is an EPP status (RFC 5731 section
// 2.3, RFC 3915, RFC 8334) in any spelling has its EPP name here
// ("clientTransferProhibited"); anything else stands as the registry wrote it.
type Status string

// parseStatus turns the text of a status line into a Status. A link behind it
// and a remark in brackets or behind a dash are no part of the status.
func parseStatus(text string) Status {
	if i := strings.Index(text, "http"); i > 0 {
		text = strings.TrimRight(text[:i], " (-")
	}
	text = strings.TrimSpace(text)
	// "ok (paid and in zone)", "ok - Normal state."
	for _, cut := range [...]string{" (", " - "} {
		if i := strings.Index(text, cut); i > 0 {
			if s, ok := eppOf(text[:i]); ok {
				return s
			}
		}
	}
	if s, ok := eppOf(text); ok {
		return s
	}
	return Status(text)
}

// eppOf returns the EPP name of a status in any spelling.
func eppOf(text string) (Status, bool) {
	name, ok := status.EPP(text)
	return Status(name), ok
}

// Delegated reports whether the registry puts the domain into DNS, and the
// status that decides, if one does. RFC 5731: clientHold, serverHold and
// inactive keep it out; so do pendingCreate (not there yet), redemptionPeriod
// (RFC 3915), and pendingDelete. Without such a status a domain with
// nameservers is in. Statuses of registries that do not use EPP, and a domain
// that shows neither, give AnswerUnknown: ask DNS.
func (d *Domain) Delegated() (Answer, Status) {
	if d == nil {
		return AnswerUnknown, ""
	}
	var positive Status
	for _, s := range d.Status {
		switch s {
		case "clientHold", "serverHold", "inactive", "redemptionPeriod", "pendingDelete", "pendingCreate":
			return AnswerNo, s
		case "ok", "active":
			positive = s
		}
	}
	if len(d.Nameservers) > 0 {
		for _, s := range d.Status {
			if _, epp := eppOf(string(s)); !epp {
				return AnswerUnknown, s
			}
		}
		return AnswerYes, positive
	}
	return AnswerUnknown, positive
}
