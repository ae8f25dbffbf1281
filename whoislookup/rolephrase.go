package whoislookup

// rolePhrase is a role that is written in several words.
type rolePhrase struct {
	phrase string
	role   role
}

// rolePhrases returns those that start with a letter. The first that fits
// counts.
func rolePhrases(first byte) []rolePhrase {
	switch first {
	case 'a':
		return phrasesA[:]
	case 'c':
		return phrasesC[:]
	case 'd':
		return phrasesD[:]
	case 'h':
		return phrasesH[:]
	case 'i':
		return phrasesI[:]
	case 'k':
		return phrasesK[:]
	case 'l':
		return phrasesL[:]
	case 'm':
		return phrasesM[:]
	case 'n':
		return phrasesN[:]
	case 'o':
		return phrasesO[:]
	case 'p':
		return phrasesP[:]
	case 'r':
		return phrasesR[:]
	case 's':
		return phrasesS[:]
	case 't':
		return phrasesT[:]
	case 'z':
		return phrasesZ[:]
	}
	return nil
}

var (
	phrasesA = [...]rolePhrase{
		{"agente registrador", registrar},
		{"agente de registo", registrar},
		{"authorized agency", registrar},
		{"agent", registrar},
		{"additional info", dates},
	}
	phrasesC = [...]rolePhrase{
		{"current registrar", registrar},
		{"current registar", registrar},
		{"company using domain", registrant},
		{"contact admin", admin},
		{"contacto admin", admin},
		{"contatto admin", admin},
		{"contacto administrativo", admin},
		{"contact administratif", admin},
		{"contato administrativo", admin},
		{"contact tech", tech},
		{"contacto tecnico", tech},
		{"contact technique", tech},
		{"contato tecnico", tech},
		{"contatto tecnico", tech},
		{"contacto financiero", billing},
		{"contacto de cobranza", billing},
		{"contact facturation", billing},
		{"contacto de facturacion", billing},
		{"current nameservers", nameservers},
	}
	phrasesD = [...]rolePhrase{
		{"domain registrar", registrar},
		{"domain support", registrar},
		{"domain holder", registrant},
		{"domain owner", registrant},
		{"domain registrant", registrant},
		{"domain name administrator", registrant},
		{"domain name holder", registrant},
		{"datos del titular", registrant},
		{"domain manager", admin},
		{"domain managers", admin},
		{"domain servers", nameservers},
		{"domain nameservers", nameservers},
		{"dns servers", nameservers},
		{"domain name servers", nameservers},
		{"domain dns", nameservers},
		{"domain hosts", nameservers},
		{"delegation servers", nameservers},
		{"domain information", domainPart},
		{"domain details", domainPart},
		{"domain data", domainPart},
		{"domain name information", domainPart},
		{"domain info", domainPart},
	}
	phrasesH = [...]rolePhrase{
		{"holder of domain name", registrant},
		{"host servers", nameservers},
		{"hosts", nameservers},
	}
	phrasesI = [...]rolePhrase{
		{"important dates", dates},
		{"informacion del dominio", domainPart},
	}
	phrasesK = [...]rolePhrase{
		{"key dates", dates},
	}
	phrasesL = [...]rolePhrase{
		{"legal holder", registrant},
		{"listed name servers", nameservers},
	}
	phrasesM = [...]rolePhrase{
		{"managed by", registrar},
	}
	phrasesN = [...]rolePhrase{
		{"name servers", nameservers},
		{"name server", nameservers},
		{"nameserver information", nameservers},
		{"name servers in the listed order", nameservers},
		{"nameservers information", nameservers},
		{"ns records", nameservers},
	}
	phrasesO = [...]rolePhrase{
		{"organization using domain name", registrant},
		{"org using domain", registrant},
	}
	phrasesP = [...]rolePhrase{
		{"person or organization", registrant},
	}
	phrasesR = [...]rolePhrase{
		{"registar", registrar},
		{"registration service provider", registrar},
		{"registration service provided by", registrar},
		{"registered by", registrar},
		{"registered via", registrar},
		{"registrar of record", registrar},
		{"regsitrar", registrar},
		{"registered for", registrant},
		{"registered to", registrant},
		{"responsible person", admin},
		{"registered through", ignored},
		{"relevant dates", dates},
		{"registration details", dates},
		{"registration info", domainPart},
	}
	phrasesS = [...]rolePhrase{
		{"sponsoring registrar", registrar},
		{"service provider", registrar},
		{"servidores de nombre", nameservers},
		{"servidores dns", nameservers},
		{"servers", nameservers},
		{"servidores de nombres", nameservers},
		{"servidores de nomes", nameservers},
		{"serveurs de noms", nameservers},
		{"servidor de nombres de dominio", nameservers},
		{"servidores de nombres de dominio", nameservers},
	}
	phrasesT = [...]rolePhrase{
		{"tehnical contact", tech},
	}
	phrasesZ = [...]rolePhrase{
		{"zone contact", tech},
	}
)
