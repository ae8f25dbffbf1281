package answer

import "github.com/opskit-go/opskit"

type (
	kindKind    struct{}
	verdictKind struct{}
	answerKind  struct{}
	holderKind  struct{}
)

// Kind says what a query or a record is about. The zero value is KindUnknown.
type Kind = opskit.Enum[kindKind]

// The kinds of things that registries know.
const (
	KindUnknown Kind = ""       // nothing was asked, or told
	KindIP      Kind = "ip"     // an address, a prefix or a range
	KindASN     Kind = "asn"    // an autonomous system number
	KindDomain  Kind = "domain" // a domain name
	KindHandle  Kind = "handle" // a registry's own identifier: "GOGL", "NET-8-8-8-0-1", "ORG-RIEN1-RIPE"
)

// Verdict says what the registry answered. The zero value is VerdictUnknown.
type Verdict = opskit.Enum[verdictKind]

// The answers of a registry. The package's documentation tells their levels.
const (
	VerdictUnknown   Verdict = ""          // no answer, or none that is understood
	VerdictFound     Verdict = "found"     // there is an object, and this record holds it
	VerdictNotFound  Verdict = "not_found" // there is none; for a domain: available
	VerdictReserved  Verdict = "reserved"  // kept back: special-purpose space, or a reserved name
	VerdictThrottled Verdict = "throttled" // asked too often; says nothing about the object
	VerdictDenied    Verdict = "denied"    // not allowed to ask; says nothing about the object
	VerdictElsewhere Verdict = "elsewhere" // a placeholder: another registry knows, and its answer is not here
)

// Answer is yes, no, or cannot tell, which is the zero value.
type Answer = opskit.Enum[answerKind]

// The answers of [Domain.Delegated] and [Record.Moved].
const (
	AnswerUnknown Answer = ""
	AnswerYes     Answer = "yes"
	AnswerNo      Answer = "no"
)

// HolderKind says what a holder is, as far as its name or its place shows. The
// zero value is HolderKindUnknown: mostly a person.
type HolderKind = opskit.Enum[holderKind]

// The kinds of holders.
const (
	HolderKindUnknown        HolderKind = ""
	HolderKindOrganisation   HolderKind = "organisation"    // by its legal form, or where the registry has a field for it
	HolderKindRole           HolderKind = "role"            // a post: "Hostmaster"
	HolderKindPrivacyService HolderKind = "privacy_service" // stands in front of somebody, who is not told
	HolderKindWithheld       HolderKind = "withheld"        // there is one, and the registry does not show it
)
