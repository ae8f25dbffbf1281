package whoislookup

import "github.com/opskit-go/opskit/whoislookup/answer"

// What an answer is made of, as package answer declares and explains it.
type (
	// Query is one question: [ParseQuery] makes it from what a person types.
	Query = answer.Query
	// Kind says what a query or a record is about.
	Kind = answer.Kind
	// Verdict says what the registry answered. The zero value is VerdictUnknown.
	Verdict = answer.Verdict
	// Answer is yes, no, or cannot tell, which is the zero value.
	Answer = answer.Answer
	// Network is a registered range of addresses.
	Network = answer.Network
	// Route is a route object.
	Route = answer.Route
	// Range is a run of addresses of one family, both ends included.
	Range = answer.Range
	// AS is a registered AS number, or a block of them.
	AS = answer.AS
	// Domain is a domain name in its registry.
	Domain = answer.Domain
	// Status is one status of a domain.
	Status = answer.Status
	// Holder is whose it is.
	Holder = answer.Holder
	// HolderKind says what a holder is, as far as its name or its place shows.
	HolderKind = answer.HolderKind
	// Contact is somebody to write to, in some role.
	Contact = answer.Contact
	// Source says where a value stands.
	Source = answer.Source
	// Date is a point in time exactly as far as the registry tells it.
	Date = answer.Date
)

// The kinds of things that registries know.
const (
	KindUnknown = answer.KindUnknown
	KindIP      = answer.KindIP
	KindASN     = answer.KindASN
	KindDomain  = answer.KindDomain
	KindHandle  = answer.KindHandle
)

// The answers of a registry. The package's documentation tells their levels.
const (
	VerdictUnknown   = answer.VerdictUnknown
	VerdictFound     = answer.VerdictFound
	VerdictNotFound  = answer.VerdictNotFound
	VerdictReserved  = answer.VerdictReserved
	VerdictThrottled = answer.VerdictThrottled
	VerdictDenied    = answer.VerdictDenied
	VerdictElsewhere = answer.VerdictElsewhere
)

// The answers of [Domain.Delegated] and [Record.Moved].
const (
	AnswerUnknown = answer.AnswerUnknown
	AnswerYes     = answer.AnswerYes
	AnswerNo      = answer.AnswerNo
)

// The kinds of holders.
const (
	HolderKindUnknown        = answer.HolderKindUnknown
	HolderKindOrganisation   = answer.HolderKindOrganisation
	HolderKindRole           = answer.HolderKindRole
	HolderKindPrivacyService = answer.HolderKindPrivacyService
	HolderKindWithheld       = answer.HolderKindWithheld
)
