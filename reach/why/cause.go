package why

import "github.com/opskit-go/opskit"

type causeKind struct{}

// Cause is one explanation. The zero value is [CauseUnknown].
type Cause = opskit.Enum[causeKind]

// The causes, from this host outwards.
const (
	// CauseUnknown: cannot tell; the finding's Ask says what would.
	CauseUnknown Cause = ""
	// CauseNothing: it works.
	CauseNothing Cause = "nothing"
	// CauseThisHost: the trouble is here, or in the network that this host is in.
	CauseThisHost Cause = "this_host"
	// CausePortal: somebody on the way answers in the place of others, as a network does
	// that wants a login.
	CausePortal Cause = "portal"
	// CauseEgressFilter: the network here lets nobody out to this port.
	CauseEgressFilter Cause = "egress_filter"
	// CauseResolver: a resolver that was asked does not do its work.
	CauseResolver Cause = "resolver"
	// CauseResolution: the name does not lead to an address, whoever is asked.
	CauseResolution Cause = "resolution"
	// CausePath: a router on the way cannot forward.
	CausePath Cause = "path"
	// CauseMTU: big packets are lost on the way and nobody is told.
	CauseMTU Cause = "mtu"
	// CauseFiltered: a packet filter on the way or on the host stops it.
	CauseFiltered Cause = "filtered"
	// CauseHostDown: the machine is off, or nothing has its address.
	CauseHostDown Cause = "host_down"
	// CauseServiceDown: the machine is there and nothing listens.
	CauseServiceDown Cause = "service_down"
	// CauseCertificate: it answers and cannot prove its name.
	CauseCertificate Cause = "certificate"
	// CauseOrigin: a delivery network answers, and the server behind it does not.
	CauseOrigin Cause = "origin"
	// CauseApplication: something listens and does not do its work.
	CauseApplication Cause = "application"
	// CauseMaintenance: somebody is at work on it; only the caller can know.
	CauseMaintenance Cause = "maintenance"
	// CauseMigration: it is being moved to another place.
	CauseMigration Cause = "migration"
	// CauseAttack: it is being flooded; only its provider can see that.
	CauseAttack Cause = "attack"
)

// symptom is how something that was asked does not work.
type symptom string

// The symptoms.
const (
	silent       symptom = "silent"              // no answer to any SYN
	refused      symptom = "refused"             // a reset in place of the handshake
	prohibited   symptom = "prohibited"          // an ICMP error that names a policy
	rejected     symptom = "rejected"            // an ICMP error that no host or router sends but by a rule
	nobodyThere  symptom = "nobody there"        // the last router finds nobody at the address
	noWay        symptom = "no way"              // a router cannot forward
	neighbour    symptom = "neighbour"           // nobody answers on this host's own link
	notAsked     symptom = "not asked"           // this host did not send
	shut         symptom = "port shut"           // others at this port are dead too, and not at another
	mute         symptom = "mute"                // opens, and not a byte comes back
	unheard      symptom = "unheard"             // opens, and the request is never acknowledged
	broken       symptom = "broken"              // opens, and is closed without a whole answer
	stuck        symptom = "stuck"               // opens, and the answer stops in the middle
	cutOff       symptom = "cut off"             // opens, and is reset
	alikeDead    symptom = "alike"               // dead, and so is every control
	onlyHere     symptom = "only here"           // a chain that proves the name elsewhere and not here
	sometimes    symptom = "sometimes"           // some of many connections are refused
	lossy        symptom = "lossy"               // some of many connections lose packets
	smallPasses  symptom = "small passes"        // opens, and only answers in small packets
	noTLS        symptom = "no TLS"              // the TLS handshake fails
	expired      symptom = "expired"             // a certificate out of its time, by a clock that nobody doubts
	byClock      symptom = "by clock"            // a certificate out of its time by this host's clock only
	otherName    symptom = "other name"          // a certificate for other names, or of an unknown issuer
	badChain     symptom = "bad chain"           // a certificate that is no good otherwise
	serverError  symptom = "server error"        // a status from 500 on
	edgeError    symptom = "edge error"          // a delivery network says that the origin fails
	notWanted    symptom = "not wanted"          // a status that refuses this host, or everybody
	noPage       symptom = "no page"             // another status of the 400s
	login        symptom = "login"               // status 511
	plainPage    symptom = "plain page"          // a page that nothing proves
	elsewhere    symptom = "elsewhere"           // an unproven redirect to another site
	edgeDoubt    symptom = "edge in doubt"       // a status from 500 on that a delivery network or the origin can give
	loop         symptom = "loop"                // a page that leads to itself
	nowhere      symptom = "nowhere"             // the name leads to an address that nobody else can have
	rewritten    symptom = "rewritten"           // the name leads where names lead that nobody has
	slow         symptom = "slow"                // it answers after seconds
	noName       symptom = "no such name"        // NXDOMAIN or no address, by everybody
	unlikeOthers symptom = "unlike others"       // a resolver denies what another one has
	bogus        symptom = "bad signatures"      // SERVFAIL, and an answer without checking
	servFail     symptom = "servfail"            // one resolver cannot find out
	servFails    symptom = "servfail everywhere" // several cannot
	stubFails    symptom = "stub fails"          // the resolver on this host cannot find out
	noResolver   symptom = "no resolver"         // a resolver does not answer
	badResolver  symptom = "bad resolver"        // a resolver refuses, or answers nonsense
)

// fact is something that strikes causes out.
type fact string

// The facts.
const (
	controlUp      fact = "control up"      // another target of the family can be reached from here
	controlPort    fact = "control port"    // another target can be reached at the same port
	anyControl     fact = "any control"     // another target can be reached from here at all
	controlDown    fact = "control down"    // no other target of the family can
	portDead       fact = "port dead"       // others cannot be reached at this port, and can at another
	controlPage    fact = "control page"    // another site's page came unchanged
	intercepted    fact = "intercepted"     // another site's page did not
	ownSideDead    fact = "own side dead"   // this host's own link, gateway or table is at fault
	alive          fact = "alive"           // the address gives another sign of life
	worksElsewhere fact = "works elsewhere" // the same works from another host
	deadElsewhere  fact = "dead elsewhere"  // and does not
	realStack      fact = "real stack"      // the other side said how much it can take
	smallSilent    fact = "small silent"    // in small packets it is silent too
	resolverWorks  fact = "resolver works"  // the resolver answers other questions
	clockRight     fact = "clock right"     // others agree with this host's clock
	clockWrong     fact = "clock wrong"     // others agree with the server's
)

// row is one cause: what it can explain, what excludes it, and what to ask or do.
type row struct {
	cause    Cause
	explains []symptom
	backed   bool // it is thought of only where a fact that the caller brought speaks for it
	excluded []fact
	ask      string // what would exclude or show it
	do       string // what to do about it
}

// table is everything that this package knows of causes. The order is that in
// which they are asked for: this host first, then the way, then the other side.
func table() []row {
	us := []fact{controlDown, ownSideDead, intercepted}
	and := func(more ...fact) []fact { return append(more, us...) }
	return []row{
		{
			cause: CauseNothing, explains: []symptom{plainPage, elsewhere}, excluded: []fact{intercepted},
			ask: "ask for a page of another site whose content is known, or the same over https",
		}, {
			cause: CauseThisHost, explains: []symptom{silent, noWay, neighbour, stubFails, noResolver},
			excluded: []fact{controlUp, alive, deadElsewhere},
			ask:      "ask from here for something else that is known to be up (a control), over the same family",
			do:       "look at this host and its network first: ip route get ADDRESS; ip neigh; nft list ruleset; date; cat /etc/resolv.conf",
		}, {
			cause: CauseThisHost, explains: []symptom{notAsked, alikeDead}, // nothing excludes what this host itself says
			do: "look at this host and its network first: ip route get ADDRESS; ip neigh; nft list ruleset",
		}, {
			cause: CauseThisHost, explains: []symptom{onlyHere}, excluded: []fact{controlPage},
			ask: "ask from here for another page over https",
			do:  "compare this host's root certificates and clock with those of a host from which it works",
		}, {
			cause: CauseThisHost, explains: []symptom{byClock}, excluded: []fact{clockRight},
			ask: "compare this host's clock with a third one",
			do:  "set this host's clock: timedatectl",
		}, {
			cause: CausePortal, explains: []symptom{plainPage, elsewhere, otherName, onlyHere, login, loop, rewritten},
			excluded: []fact{controlPage, ownSideDead},
			ask:      "ask for a page of another site whose content is known (a control)",
			do:       "log in to the network here, or ask from another one",
		}, {
			cause: CauseEgressFilter, explains: []symptom{silent, refused, shut},
			excluded: []fact{controlPort, controlDown, deadElsewhere, ownSideDead},
			ask:      "ask another target that is known to be up at the same port (a control)",
			do:       "ask whoever runs the network here to let this port out",
		}, {
			cause: CauseResolver, explains: []symptom{servFail, stubFails, noResolver, badResolver},
			excluded: []fact{resolverWorks, ownSideDead},
			ask:      "ask the same resolver for a name that is known to exist (a control)",
			do:       "ask another resolver, and whoever runs this one",
		}, {
			cause: CauseResolver, explains: []symptom{unlikeOthers, nowhere, rewritten}, excluded: []fact{ownSideDead}, // it may block this name alone
			ask: "ask the zone's own servers: dig +trace NAME",
		}, {
			cause: CauseResolution, explains: []symptom{noName, unlikeOthers, nowhere, rewritten, bogus, servFail, servFails, stubFails},
			excluded: []fact{ownSideDead},
			ask:      "ask the zone's own servers: dig +trace NAME",
			do:       "ask the zone's own servers: dig +trace NAME",
		}, {
			cause: CausePath, explains: []symptom{silent, noWay, unheard, lossy}, excluded: and(alive),
			ask: "trace the way to it at this port: where does it end?",
			do:  "show the last router that answers to whoever runs it: mtr -T ADDRESS",
		}, {
			cause: CauseMTU, explains: []symptom{mute, unheard, stuck, smallPasses}, excluded: and(smallSilent),
			ask: "ask again over a connection with small segments (an MSS of 536)",
			do:  "find the link with the small MTU, and who drops its ICMP errors: tracepath ADDRESS; until then clamp the MSS",
		}, {
			cause: CauseFiltered, explains: []symptom{silent, prohibited, rejected, unheard, cutOff, notWanted}, excluded: us,
			ask: "ask at another port of the address, and from another network",
			do:  "ask whoever runs the router or host named above for its rule",
		}, {
			cause: CauseHostDown, explains: []symptom{silent, nobodyThere, neighbour, mute, unheard}, excluded: and(alive, realStack, worksElsewhere),
			ask: "ask for another sign of life of the address: an echo reply, another port",
			do:  "ask whoever runs the machine for its console",
		}, {
			cause: CauseServiceDown, explains: []symptom{refused, nowhere, sometimes}, excluded: and(worksElsewhere),
			ask: "ask from another network", do: "on the machine: ss -ltnp, then the service's log",
		}, {
			cause: CauseCertificate, explains: []symptom{expired, byClock, otherName, badChain}, excluded: []fact{intercepted, ownSideDead, clockWrong},
			ask: "compare this host's clock with a third one",
			do:  "compare it with the one on the server: renew that, or find who answers in the server's place",
		}, {
			cause: CauseOrigin, explains: []symptom{edgeError, edgeDoubt}, excluded: us,
			ask: "ask the origin server itself, past the delivery network, and the network's own status page",
			do:  "the delivery network works: look at the origin server, and at what it lets in",
		}, {
			cause: CauseApplication, explains: []symptom{silent, mute, broken, stuck, cutOff, lossy, sometimes, noTLS, serverError, edgeDoubt, loop, notWanted, noPage, slow}, excluded: us,
			ask: "look at the service's own log",
			do:  "look at the service's own log, its backends and the way to them",
		}, {
			cause: CauseMaintenance, explains: all(), backed: true, excluded: []fact{worksElsewhere, ownSideDead},
			ask: "ask whoever announced the work", do: "wait for the end of the work that was announced, then ask again",
		}, {
			cause: CauseMigration, explains: all(), backed: true, excluded: and(worksElsewhere),
			ask: "ask the owner about the move",
			do:  "ask the owner about the move before speaking of an attack; ask again after the old records' TTL",
		}, {
			cause: CauseAttack, explains: []symptom{silent, mute}, backed: true, excluded: and(worksElsewhere),
			ask: "ask the owner's provider for traffic figures: they alone can show it",
			do:  "ask the owner's provider for traffic figures: they alone can show it",
		},
	}
}

// all lists the symptoms of something that does not work on the other side.
func all() []symptom {
	return []symptom{silent, refused, rejected, nobodyThere, noWay, mute, unheard, broken, stuck, cutOff, noTLS, expired, otherName, badChain, serverError, edgeError, edgeDoubt, notWanted, noPage, noName, unlikeOthers, servFail, servFails}
}
