package whoislookup

// What a server may say in words of its own: two things that stand together in
// one line tell what it means. These lists are asked only where no line of the
// answer is one of the known messages.

// Both in one line: somebody asks, and does it too much.
var (
	senseOfTooMuch = phraseSet{
		'a': {"access"},
		'c': {"connection", "consult"},
		'l': {"limit", "look-up", "lookup"},
		'q': {"quer", "quota"},
		'r': {"request"},
	}
	senseTooMuch = phraseSet{
		'a': {"allowed only"},
		'b': {"been rate limited", "being rate limited", "being rate-limited"},
		'e': {"exceed", "excessive", "exhaust"},
		'm': {"maximum"},
		'o': {"over quota"},
		'q': {"queries from your"},
		'r': {"reached", "retry in"},
		's': {"slow down"},
		't': {"throttl", "too frequent", "too many", "too much", "too quickly"},
		'u': {"used up"},
		'w': {"wait "},
	}
)

// senseDenied tells a client that it gets no answer at all.
var senseDenied = phraseSet{
	'a': {"access denied", "access has been denied", "access is blocked", "access is forbidden", "access is not permitted", "access refused"},
	'n': {"not authorised to use", "not authorized to use"},
	'y': {"your address is blocked", "your host is not allowed", "your ip address is blocked", "your ip is blocked", "your network is blocked"},
}

// Both in one line: a name, and it is kept back.
var (
	senseName = phraseSet{
		'd': {"domain", "dominio"},
		'l': {"label"},
		'n': {"name"},
		's': {"string"},
	}
	senseKept = phraseSet{
		'b': {"blocked by", "blocked from"},
		'c': {"can't be registered", "cannot register"},
		'd': {"domain is restricted"},
		'f': {"forbidden name"},
		'i': {"is forbidden", "is prohibited"},
		'm': {"may not be registered", "must not be registered"},
		'n': {"not be registered", "not eligible for registration", "not open for registration", "not permitted for registration", "not registrable"},
		'o': {"of forbidden", "of prohibited"},
		'p': {"premium name", "prohibited name", "protected name"},
		'r': {"reservado", "reserved", "reserviert"},
		's': {"stop list", "stop-list"},
	}
)

// senseAbsent says that there is no such name.
var senseAbsent = phraseSet{
	'c': {"can be registered", "couldn't be found", "couldn't find"},
	'd': {"did not match any", "doesn't exist"},
	'f': {"free for registration", "free to register"},
	'h': {"has no record", "have no record"},
	'n': {
		"no domain found", "no domain matching", "no information about", "no information for", "no information on", "no info", "no records", "no registration found",
		"no registration record", "no such", "no whois data", "no whois information", "not allocated", "not delegated", "not exist", "not in the database", "not in the registry",
		"no_such", "not known in", "not known to", "not listed in", "not present in", "not yet registered",
	},
	'o': {"objectnotfound", "open for registration"},
	'u': {"unable to find", "unable to locate", "unknown domain"},
}

// senseNot stand in a line that is about something else: a question that was
// not understood, a failure of the server, the terms of use.
var senseNot = phraseSet{
	'a': {"accura", "all rights", "automated", "as is"},
	'c': {"command", "could not connect", "copyright"},
	'e': {"electronic process", "except as"},
	'f': {"for the purpose"},
	'g': {"guarantee"},
	'i': {"internal error", "invalid "},
	'l': {"liab"},
	'm': {"must specify"},
	'n': {"no connection", "no domain entered", "no domain given", "no domain name given", "no domain name specified", "no domain specified", "no such command", "no such host", "no such option", "no such service"},
	'p': {"purposes"},
	'r': {"responsib"},
	't': {"terms ", "through the use"},
	'u': {"usage"},
	'w': {"warrant"},
}

// messageSense tells what a line says, in lower case, by words that stand
// together in it.
func messageSense(low string) Verdict {
	if low == "" || len(low) > maxMessage || senseNot.in(low) {
		return VerdictUnknown
	}
	switch {
	case senseDenied.in(low):
		return VerdictDenied
	case senseTooMuch.in(low) && senseOfTooMuch.in(low):
		return VerdictThrottled
	case senseKept.in(low) && senseName.in(low):
		return VerdictReserved
	case senseAbsent.in(low):
		return VerdictNotFound
	}
	return VerdictUnknown
}
