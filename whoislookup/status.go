package whoislookup

import "strings"

// Status is one status of a domain. What is an EPP status (RFC 5731 section
// 2.3, RFC 3915, RFC 8334) in any spelling has its EPP name here
// ("clientTransferProhibited"); anything else stands as the registry wrote it.
type Status string

// eppStatus returns the EPP name for a status whose letters, in lower case and
// without anything else, are key. RDAP (RFC 8056) spells the same with blanks.
func eppStatus(key []byte) (Status, bool) {
	switch string(key) {
	case "ok":
		return "ok", true
	case "active":
		return "active", true
	case "inactive":
		return "inactive", true
	case "linked":
		return "linked", true
	case "addperiod":
		return "addPeriod", true
	case "autorenewperiod":
		return "autoRenewPeriod", true
	case "renewperiod":
		return "renewPeriod", true
	case "transferperiod":
		return "transferPeriod", true
	case "redemptionperiod":
		return "redemptionPeriod", true
	case "pendingcreate":
		return "pendingCreate", true
	case "pendingdelete":
		return "pendingDelete", true
	case "pendingrenew":
		return "pendingRenew", true
	case "pendingrestore":
		return "pendingRestore", true
	case "pendingtransfer":
		return "pendingTransfer", true
	case "pendingupdate":
		return "pendingUpdate", true
	case "clienthold":
		return "clientHold", true
	case "serverhold":
		return "serverHold", true
	case "clientdeleteprohibited":
		return "clientDeleteProhibited", true
	case "clientrenewprohibited":
		return "clientRenewProhibited", true
	case "clienttransferprohibited":
		return "clientTransferProhibited", true
	case "clientupdateprohibited":
		return "clientUpdateProhibited", true
	case "serverdeleteprohibited":
		return "serverDeleteProhibited", true
	case "serverrenewprohibited":
		return "serverRenewProhibited", true
	case "servertransferprohibited":
		return "serverTransferProhibited", true
	case "serverupdateprohibited":
		return "serverUpdateProhibited", true
	}
	return "", false
}

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

// eppOf is eppStatus for a text in any spelling.
func eppOf(text string) (Status, bool) {
	var key [32]byte
	n := 0
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c == ' ' || c == '-' || c == '_':
			continue
		case c < 'a' || c > 'z':
			return "", false
		}
		if n == len(key) {
			return "", false
		}
		key[n] = c
		n++
	}
	return eppStatus(key[:n])
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
