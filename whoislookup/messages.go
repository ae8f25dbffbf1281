package whoislookup

// deniedStart start a line of a server that does not answer this client.
var deniedStart = phraseSet{
	'a': {"access denied"},
	'e': {"error 401", "error:201"},
	'p': {"permission denied"},
	'q': {"query refused"},
	'y': {"you are not authorised", "you are not authorized to access this"},
}

// deniedAnywhere stand in such a line.
var deniedAnywhere = phraseSet{
	'a': {"access has been blocked", "access is denied", "access restricted to", "access to this server", "address has been blocked", "address is blocked"},
	'c': {"contained within a list of ip addresses"},
	'i': {"ip address is not authorised", "ip address is not authorized", "ip has been blocked", "ip is blocked"},
	'n': {"not allowed to query"},
}

// throttledAnywhere stand in a line of a server that was asked too much.
var throttledAnywhere = phraseSet{
	'a': {"allowed queries exceeded"},
	'b': {"been banned", "being throttled", "blacklisted"},
	'c': {"connection rate", "connection refused"},
	'e': {"exceeded allowed", "exceeded your", "excessive access", "excessive queries", "excessive querying"},
	'g': {"grace period"},
	'h': {"has been exceeded", "has exceeded the", "have exceeded"},
	'i': {"interval is too short"},
	'l': {"limit exceeded", "limit reached", "limits exceeded", "lookup refused"},
	'm': {"maximum allowable number", "maximum number of requests", "maximum queries per", "maximum query rate"},
	'n': {"number of queries"},
	'o': {"over the limit"},
	'p': {"please slow down"},
	'q': {"query limit", "query rate limit", "quota exceeded"},
	'r': {"rate exceeded", "rate is too high", "rate limited", "request denied", "request per second", "requests of this client are not permitted", "requests per "},
	't': {
		"temporarily banned", "temporarily blocked", "temporarily unavailable", "too fast", "too many connections", "too many queries",
		"too many requests", "too many simultaneous", "too often", "try again after", "try again in ", "try again later",
	},
	'y': {"your daily limit"},
}

// reservedStart start a line about a name that the registry keeps back.
var reservedStart = phraseSet{
	'd': {"domain is reserved", "domain name is reserved", "domain reserved"},
	'f': {"forbidden name"},
	'n': {"name is reserved"},
	'r': {"registry reserved", "reserved by", "restricted -"},
	't': {"the domain is reserved", "this domain is reserved", "this name is not available", "this name is reserved"},
}

// reservedAnywhere stand in such a line.
var reservedAnywhere = phraseSet{
	'c': {"can not be registered", "cannot be registered"},
	'h': {"has been blocked", "has been reserved"},
	'i': {"in the reserved list", "is a reserved", "is blocked", "is not available for", "is restricted because", "is restricted from registration"},
	'n': {"not allowed to be registered", "not available for registration"},
	'r': {"requested is prohibited", "reserved by regist", "reserved by the regist", "reserved domain", "reserved for", "reserved name"},
}

// absentStart start a line about something that the registry does not know.
var absentStart = phraseSet{
	'a': {"available"},
	'd': {
		"domain available", "domain is available", "domain is not registered", "domain name not found", "domain not found",
		"domain unknown", "dominio no registrado",
	},
	'e': {"error 230", "error:101"},
	'f': {"free"},
	'i': {"invalid query or domain name not known"},
	'n': {
		"nincs tal", "no data found", "no data was found", "no domain record", "no domains match", "no entries found",
		"no entry found", "no existe", "no found", "no information available", "no information was found", "no match", "no object",
		"no record", "no results", "no se encontr", "no such domain", "no_se_encontr", "not find ", "not found", "not registered", "not registred", "nothing found", "nothing found for",
	},
	'o': {"object does not exist", "object not found"},
	's': {"status: available", "status: free", "status: not registered"},
	't': {"the queried object does not exist", "this query returned 0 objects"},
	'w': {"we do not have an entry"},
}

// absentAnywhere stand in such a line.
var absentAnywhere = phraseSet{
	' ': {" no existe", " not found", " not registered", " not registred"},
	'c': {"cannot be found", "could not find"},
	'd': {"does not exist", "does not have an entry", "does not have any data"},
	'h': {"has not been registered", "have no match"},
	'i': {"is available for", "is not currently registered", "is unregistered", "isn't registered"},
	'n': {
		"no data found", "no encontrad", "no entries", "no fue encontrado", "no match for",
		"no match found", "no matching", "no record for", "no record of", "no records matching", "no results were found", "no whois record",
		"not assigned", "not available in our", "not been found",
		"not exist in", "not in our database",
	},
	'o': {"object_not_found"},
	'r': {"returned no "},
	't': {"there is no information"},
	'u': {"unallocated", "unassigned"},
	'w': {"was not found"},
}

// absentNot start a line of advice, which absentStart would take.
var absentNot = phraseSet{
	'a': {"available at", "available for download", "available from", "available in", "available on"},
	'f': {"free of", "free to", "freely"},
}

// withheld stand in a value that the registry does not show.
var withheld = phraseSet{
	'a': {"ano nymous"},
	'd': {"data protected"},
	'g': {"gdpr masked"},
	'h': {"hidden upon user request"},
	'n': {"non-public data", "not disclosed", "not published", "not shown"},
	'r': {"redacted"},
	's': {"statutory masking"},
	'w': {"withheld for privacy"},
}
