package whoislookup

import (
	"bytes"
	"strings"
)

// role is whom a part of a domain answer is about.
type role uint8

const (
	noRole role = iota
	registrant
	admin
	tech
	billing
	registrar
	nameservers // a list of hosts
	dates       // "Relevant dates:"
	statuses    // "Registration status:"
	domainPart  // "Domain:", "Domain Information"
	ignored     // what says nothing about this domain: DNSSEC keys, the server's own data
)

// attr is what a label is about.
type attr uint8

const (
	noAttr attr = iota
	aDomain
	aUnicode
	aDomainID
	aCreated
	aUpdated
	aExpires
	aExpiresWeak // a renewal date: counts if there is no expiry date
	aHost
	aStatus
	aDNSSEC
	aWhois // the registrar's WHOIS server
	aName
	aOrg
	aEmail
	aPhone
	aHandle
	aCountry
	aAddress
	aURL
	aSelf  // the label is a role and nothing else: "Registrant"
	aOther // known, and of no interest: fax, city
)

// maxLabel is longer than any label; what is longer is a sentence.
const maxLabel = 56

// canon writes a label in lower case with one space for every run of other
// characters, so that "Registrant-Email", "registrant_email" and
// "Registrant E-mail." differ in their words only. Numbering in front ("1a.",
// "**") and behind ("Name Server 2") and brackets "(s)" go. low is in lower
// case already. nil if it is no label.
func canon(dst []byte, low string) []byte {
	if i := strings.IndexByte(low, '('); i > 0 && !strings.HasPrefix(low[i:], "(s)") && !strings.HasPrefix(low[i:], "(es)") {
		low = low[:i]
	}
	if len(low) > maxLabel {
		return nil
	}
	gap := false
	for i := 0; i < len(low); i++ {
		c := low[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		case c == '\'' && i+1 < len(low) && low[i+1] == 's' && (i+2 == len(low) || low[i+2] == ' '):
			i++ // "Registrant's address"
			continue
		case c == '(' && (strings.HasPrefix(low[i:], "(s)") || strings.HasPrefix(low[i:], "(es)")):
			i += strings.IndexByte(low[i:], ')')
			continue
		case c == 0xc3 && i+1 < len(low) && low[i+1] >= 0x80 && low[i+1] < 0xc0: // U+00C0 to U+00FF
			const base = "aaaaaaaceeeeiiiidnooooo ouuuuypsaaaaaaaceeeeiiiidnooooo ouuuuypy"
			i++
			if c = base[low[i]-0x80]; c == ' ' {
				gap = true
				continue
			}
		case c < 0x80:
			gap = true
			continue
		}
		if gap && len(dst) > 0 {
			dst = append(dst, ' ')
		}
		gap = false
		dst = append(dst, c)
	}
	// "1a domain name", "2 name"
	if len(dst) > 3 && dst[0] >= '0' && dst[0] <= '9' {
		i := 1
		for i < len(dst) && dst[i] != ' ' && i < 3 {
			i++
		}
		if i < len(dst) && dst[i] == ' ' {
			dst = dst[i+1:]
		}
	}
	// "ns1 hostname", "dns1 name"
	if i := bytes.IndexByte(dst, ' '); i > 2 && dst[i-1] >= '0' && dst[i-1] <= '9' && (dst[0] == 'n' || dst[0] == 'd') {
		if word := bytes.TrimRight(dst[:i], "0123456789"); string(word) == "ns" || string(word) == "dns" {
			dst = append(word, dst[i:]...)
		}
	}
	// "name server 1", "dns1", "registrant address 2"
	n := len(dst)
	for n > 0 && dst[n-1] >= '0' && dst[n-1] <= '9' {
		n--
	}
	for n > 0 && n < len(dst) && dst[n-1] == ' ' {
		n--
	}
	if n > 1 {
		dst = dst[:n]
	}
	return dst
}

// label tells what a label means. Of one in two languages, "Estado / Status",
// the last counts.
func (d *domainReader) label(name span) (role, attr) {
	low := d.lower(name)
	ro, at := labelOf(canon(d.key[:0], low))
	if ro == noRole && at == noAttr && strings.IndexByte(low, '/') > 0 {
		if i := strings.LastIndex(low, " / "); i > 0 {
			return labelOf(canon(d.key[:0], low[i+3:]))
		}
	}
	return ro, at
}

// labelOf tells what a canonical label means.
func labelOf(key []byte) (role, attr) {
	if len(key) == 0 {
		return noRole, noAttr
	}
	if a := domainLabel(key); a != noAttr {
		return noRole, a
	}
	ro, rest := rolePrefix(key)
	if ro == noRole {
		if a := contactLabel(key); a != noAttr {
			return noRole, a
		}
		return roleBehind(key)
	}
	if len(rest) == 0 {
		return ro, aSelf
	}
	if ro == registrar {
		switch string(rest) {
		case "whois server", "whois":
			return noRole, aWhois
		case "registration expiration date":
			return noRole, aExpires
		case "created":
			return ro, aOther
		}
	}
	if ro == nameservers {
		switch string(rest) {
		case "name", "hostname", "host name", "host":
			return noRole, aHost
		}
		return ro, aOther
	}
	a := contactLabel(rest)
	if a == noAttr {
		return noRole, noAttr
	}
	return ro, a
}

// roleBehind reads "telephone contact administratif" and "nom du titulaire".
func roleBehind(key []byte) (role, attr) {
	i := bytes.LastIndexByte(key, ' ')
	if i < 0 {
		return noRole, noAttr
	}
	ro := roleWord(key[i+1:])
	if !isContact(ro) {
		return noRole, noAttr
	}
	what := key[:i]
	for _, word := range [...]string{" contact", " contacto", " du", " del", " de", " of"} {
		what = bytes.TrimSuffix(what, []byte(word))
	}
	if a := contactLabel(what); a != noAttr {
		return ro, a
	}
	return noRole, noAttr
}

// domainLabel knows the labels about the domain itself.
func domainLabel(key []byte) attr {
	switch string(key) {
	case "domain", "domain name", "query", "ascii", "domainname", "dominio", "nombre de dominio", "nombre del dominio",
		"nom de domaine", "nome de dominio", "nome do dominio", "domain name ascii",
		"subdomain", "domain ace", "nome a dominio", "nome dominio", "Домен", "домен", "Доменное имя", "доменное имя", "complete domain name", "domena", "alan adı", "domain name requested", "whois for", "ドメイン名", "도메인이름", "域名", "domaine":
		return aDomain
	case "domain idn", "idn", "domain name unicode", "domain u", "idn domain name", "internationalized domain name", "display name",
		"domain name idn", "u label", "domain name utf8", "domain utf8", "idn tag name":
		return aUnicode
	case "domain id", "registry domain id", "roid", "domain roid", "domain handle", "domain name id", "registry id", "norid handle", "registration no":
		return aDomainID
	case "created", "created on", "creation date", "created date", "creation time", "create date", "date created", "domain created",
		"domain created on", "domain creation date", "domain registered", "domain registered on", "domain registration date",
		"registered", "registered on", "registered date", "registration date", "registration time", "date registered",
		"date of registration", "record created", "record created on", "record created date", "record create date",
		"entry created", "domain dateregistered", "domain datecreated", "activated", "activated on", "activation date", "activation", "acivated",
		"domain record activated", "domain create date", "created at", "domain name commencement date", "commencement date",
		"registered since", "first registration date", "first registered", "registration", "registration on",
		"fecha de registro", "fecha de creacion", "fecha de alta", "fecha creacion", "fecha registro",
		"data de registo", "data de registro", "data de criacao", "creation date dd mm yyyy",
		"date de creation", "date de creation domaine", "cree le", "date d enregistrement",
		"data registrazione", "data di registrazione", "data di creazione", "approval date", "approved date", "registrierungsdatum", "registriert am", "registriert seit", "Дата регистрации", "дата регистрации", "data di creazione dominio", "created on date", "original registration date", "reg date", "reg created",
		"domain reg date", "registration created", "registereddate", "createddate", "creationdate", "date de registre",
		"登録年月日", "등록일", "注册日期", "registado em", "registrado em", "date approved", "注册时间", "註冊日期", "註冊時間", "登録日", "regdate", "record activated", "domain activated", "valid from":
		return aCreated
	case "updated", "updated on", "updated date", "update date", "last updated", "last updated on", "last updated date",
		"last update", "last updates", "last modified", "last modified on", "last modified date", "last modification", "modified", "modified on",
		"modified date", "modification date", "date modified", "changed", "changed on", "changed date", "last changed", "last change",
		"last changed date", "record last updated", "record last updated on", "record last modified", "record changed on", "record updated",
		"record updated on", "record modified", "record modified on", "record last update", "domain last updated date", "domain last updated", "domain last modified",
		"domain updated", "domain datelastmodified", "entry updated", "entry modified", "domain record last updated", "last edited on", "last edited",
		"updated at", "lastupdate", "fecha de actualizacion", "fecha de modificacion", "ultima modificacion", "ultima actualizacion",
		"fecha de ultima modificacion", "date de modification", "derniere modification", "date de derniere modification", "letzte anderung", "letzte aktualisierung", "geandert am", "ultimo aggiornamento", "ultima modifica", "data di modifica", "ultima actualizacao", "data de actualizacao", "Дата изменения", "дата изменения", "date de mise a jour", "derniere mise a jour", "mis a jour le", "last update date", "updated time", "update time", "modification time", "date updated", "last renewed on", "last renewed",
		"updateddate", "lastmodified", "last modified time", "最終更新", "최근 정보 변경일", "last transaction date", "domain update date",
		"更新时间", "更新日期", "更新時間", "更新日", "data de atualizacao", "ultima atualizacao", "domain modified", "date last modified", "date of last change", "record last changed":
		return aUpdated
	case "expires", "expires on", "record expired", "domain currently expires", "expire", "expiry", "expiry date", "expiration", "expiration date", "expiration time",
		"expire date", "expires at", "expires date", "expired date", "expired", "expiration on", "expire on", "registry expiry date",
		"registrar registration expiration date", "domain expiration date", "domain expires", "domain expires on", "domain expiry date",
		"domain expiration", "domain expire date", "exp date", "paid till", "paid until", "valid until", "valid till", "validity", "valid to",
		"record expires", "record expires on", "record expired on", "record will expire on", "record expire date", "record expiration date", "record expiry date",
		"record expires date", "domain datebilleduntil", "domain paid till", "fecha de vencimiento", "fecha de expiracion", "fecha de caducidad", "fecha vencimiento", "fecha expiracion", "data de expiracao", "data de vencimento",
		"date d expiration", "date d expiration domaine", "expire le", "registered until", "registration expires", "registration expiration date",
		"registration expiration", "registration expiry date", "registry expiration date", "registrar expiration date", "scadenza", "status expires",
		"expirydate", "expirationdate", "expiresdate", "expires in", "valid date", "有効期限", "사용 종료일", "到期日期", "renewal", "expiration at",
		"date of expiration", "date expires", "date of expiry", "expiracion", "expiry time", "next renewal date", "data di scadenza", "ablaufdatum", "lauft ab am", "gultig bis", "data scadenza", "valido ate", "Дата окончания", "дата окончания", "Оплачен до", "оплачен до", "reg expires", "到期时间", "過期日期", "有效期至", "有効期限日":
		return aExpires
	case "renewal date", "renew date", "renewed until", "renewal due", "domain renewal date":
		return aExpiresWeak
	case "name server", "nserver", "nameserver", "ns", "dns", "dns server", "domain server", "hostname", "host name",
		"primary server", "secondary server", "primary ns", "secondary ns", "primary nameserver", "secondary nameserver",
		"primary name server", "secondary name server", "third name server", "ns name", "nameserver name", "name server name",
		"serveur de nom", "serveur de noms", "primnsfqdn", "secns1fqdn", "secns2fqdn", "secns3fqdn", "secns4fqdn", "servidor dns", "servidor de nombre", "servidor de nombres", "servidor de nome", "servidor de nomes", "dns name", "name server host", "ns hostname", "p nserver", "s nserver",
		"primary server hostname", "secondary server hostname", "ns list", "nslist", "name servers hostname", "nameserver hostname",
		"primary dns", "secondary dns", "domain nameserver", "domain name server", "ネームサーバ", "nserver hostname", "additional name server",
		"primary nserver", "secondary nserver", "other nameserver", "tertiary ns", "server dns", "servidor dns primario", "servidor dns secundario", "servidor primario", "servidor secundario",
		"dns сервер", "Сервер имен", "сервер имен", "Серверы имен", "серверы имен", "serveur dns", "dns hostname", "dns hostnames", "dns host", "serveur primaire", "serveur secondaire", "nom serveur", "primary dns server", "secondary dns server", "域名服务器", "名称服务器", "域名伺服器":
		return aHost
	case "rgp status", "renewal status", "Статус", "статус", "Состояние", "состояние", "estatus", "situacion", "situacao", "etat", "hold status", "domain status", "state", "ren status", "registration status", "domain state", "domaintype", "query status", "estado", "estatus del dominio",
		"epp status", "eppstatus", "status", "statut", "domain registration status", "registry status", "domain status code", "estado del dominio",
		"domain name status", "current status", "status flags", "状態", "등록정보 보호", "domain flags", "stato", "域名状态", "域名狀態", "flags", "delegation status", "status codes", "account status":
		return aStatus
	case "dnssec", "domain signed", "signed", "dnssec signed", "dns sec", "dnssec status", "domain dnssec", "dnssec delegation", "dnssec delegated":
		return aDNSSEC
	case "whois server", "registrar whois server", "registrar whois", "whois":
		return aWhois
	}
	return noAttr
}

// rolePrefix splits a key such as "administrative contact email".
func rolePrefix(key []byte) (role, []byte) {
	if ro, rest := phraseRole(key); ro != noRole {
		return ro, rest
	}
	word, rest := cutWord(key)
	ro := roleWord(word)
	if ro == noRole {
		if len(rest) == 0 && len(word) > len("registrant") && string(word[:len("registrant")]) == "registrant" {
			return registrant, word[len("registrant"):] // "registrantemail"
		}
		return noRole, nil
	}
	for len(rest) > 0 {
		next, after := cutWord(rest)
		switch string(next) {
		case "contact", "contacts", "information", "info", "details", "data", "c", "account", "person", "holder",
			"domain", "of", "the", "profile", "listed", "in", "order", "following", "s", "persona", "main", "servers", "server", "personne", "entity":
			if string(next) == "person" && len(after) == 0 && ro != registrant {
				return ro, rest
			}
			rest = after
			continue
		}
		break
	}
	return ro, rest
}

// cutWord splits a key behind its first word.
func cutWord(key []byte) (word, rest []byte) {
	word, rest, _ = bytes.Cut(key, []byte{' '})
	return word, rest
}

func roleWord(word []byte) role {
	switch string(word) {
	case "registrant", "owner", "holder", "titular", "titulaire", "registrants", "licensee", "domainholder", "domainowner", "proprietario",
		"propietario", "titolare", "entidade", "beneficiary", "subscriber", "organization using domain name", "registrantc", "demandeur", "inhaber", "domaininhaber", "intestatario", "assegnatario", "Владелец", "владелец", "Администратор", "администратор", "注册者", "注册人", "註冊人", "註冊者":
		return registrant
	case "admin", "administrative", "administrator", "adm", "administrador", "adminc", "administrateur", "administratif":
		return admin
	case "tech", "technical", "techical", "tec", "tecnico", "technique", "techc":
		return tech
	case "billing", "bill", "financial", "financier", "cobranza", "facturacion", "billingc", "bil":
		return billing
	case "registrar", "registrars", "registrador", "registrarname", "Регистратор", "регистратор", "所属注册服务机构", "注册商", "註冊商", "受理註冊機構":
		return registrar
	case "nameservers", "nserver", "nservers", "nameserver", "dns", "nsset":
		return nameservers
	case "reseller", "sponsor", "onsite", "keys", "dnssec", "keyset", "ds", "dnskey", "ipv4", "ipv6", "abuse", "database", "zone", "security":
		return ignored
	}
	return noRole
}

// phraseRole splits a key that starts with a role in several words.
func phraseRole(key []byte) (role, []byte) {
	list := rolePhrases(key[0])
	for i := range list {
		p := &list[i]
		n := len(p.phrase)
		if len(key) < n || len(key) > n && key[n] != ' ' || string(key[:n]) != p.phrase {
			continue
		}
		rest := key[min(n+1, len(key)):]
		for len(rest) > 0 {
			next, after := cutWord(rest)
			switch string(next) {
			case "information", "info", "contact", "details", "listed", "in", "order", "the":
				rest = after
				continue
			}
			break
		}
		return p.role, rest
	}
	return noRole, nil
}

// contactLabel knows the labels inside a contact.
func contactLabel(key []byte) attr {
	switch string(key) {
	case "name", "full name", "personname", "contact name", "nombre", "nom", "nome", "person", "person name", "contact", "attn", "attention", "contact person", "firstname lastname",
		"nombre completo", "name of contact", "responsible", "nombre y apellido", "ad soyad", "name surname", "last name", "nazwa", "nimi", "namn", "holder", "role":
		return aName
	case "organization", "organisation", "orgname", "english name", "company english name", "department name", "organization name", "organisation name", "org", "org name", "company", "company name",
		"organizacion", "organizacion name", "empresa", "firm", "nombre organizacion", "organizacao", "organisme",
		"contact organization", "contact organisation", "contact company", "business name", "legal name", "corporate name", "organization loc", "societe":
		return aOrg
	case "email", "e mail", "mail", "email address", "e mail address", "contact email", "correo electronico", "correo",
		"e mailbox", "contact e mail", "mail address", "electronic mail", "emails", "courriel", "mailbox", "eposta", "e post", "epost":
		return aEmail
	case "phone", "phone number", "telephone", "tel", "telefono", "voice", "phone no", "telephone number", "telefone", "contact phone", "voice number",
		"phones", "tel no", "phone voice", "contact telephone", "telefon", "telno", "mobile":
		return aPhone
	case "id", "handle", "number", "nic handle", "nic hdl", "contact id", "contact handle", "nichdl", "nic hdl br", "iana id", "id number", "registration number",
		"eligibility id", "organization id", "personid":
		return aHandle
	case "country", "country code", "pais", "contact country", "country economy", "pays":
		return aCountry
	case "address", "street", "street address", "address line", "contact address", "direccion", "adresse", "endereco", "postal address", "mailing address", "address street", "domicilio":
		return aAddress
	case "url", "website", "web", "homepage", "www", "web site", "registrar url", "referral url", "web page":
		return aURL
	case "fax", "fax number", "fax no", "city", "state", "province", "postal code", "postcode", "zip", "zip code", "zipcode", "type",
		"state province", "ciudad", "phone ext", "fax ext", "phone ext.", "facsimile", "remarks", "title", "postalcode", "location",
		"company number", "vat", "org number", "contact city", "contact state", "contact province", "contact zip", "contact postalcode", "contact fax",
		"created", "updated", "changed", "last modified", "reg nr", "regnr", "department", "position", "eligibility type", "eligibility name",
		"application purpose", "nexus category", "customer service contact", "customer service email", "abuse contact email", "abuse contact phone",
		"tech email", "trade name", "chinese name", "locality", "street type", "fax no.", "lastname", "firstname", "first name", "date", "hostmaster", "place", "account name", "contractual language", "preferred language":
		return aOther
	}
	return noAttr
}
