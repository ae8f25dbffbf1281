package answer

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/internal/status"
)

// Status is one status of a domain. What is an EPP status (RFC 5731 section
// 2.3, RFC 3915, RFC 8334) in any spelling has its EPP name here
// ("clientTransferProhibited"); anything else stands as the registry wrote it.
type Status string

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
			if _, epp := status.EPP(string(s)); !epp {
				return AnswerUnknown, s
			}
		}
		return AnswerYes, positive
	}
	return AnswerUnknown, positive
}

// CompareNameservers compares the nameservers at the registry with those that
// DNS gave the caller: missing are those that only the caller has, extra those
// that only the registry has, both sorted. Case, a final dot, order and the
// script of an internationalised name do not count.
//
// ok is false where the registry's answer names no nameserver, or d is nil:
// many registries have them and do not show them, so that tells nothing, and
// missing is then nil. Record.Presence("domain.nameservers") says why.
func (d *Domain) CompareNameservers(given []string) (missing, extra []string, ok bool) {
	if d == nil || len(d.Nameservers) == 0 {
		return nil, nil, false
	}
	here, there := map[string]bool{}, map[string]bool{}
	for _, g := range given {
		here[lex.HostKey(strings.TrimSpace(g))] = true
	}
	delete(here, "") // no name
	for _, n := range d.Nameservers {
		there[lex.HostKey(n)] = true
	}
	for n := range here {
		if !there[n] {
			missing = append(missing, n)
		}
	}
	for n := range there {
		if !here[n] {
			extra = append(extra, n)
		}
	}
	slices.Sort(missing)
	slices.Sort(extra)
	return missing, extra, true
}
