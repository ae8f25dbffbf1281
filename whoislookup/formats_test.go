package whoislookup_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
)

// TestFormatsOfRegistries reads made-up answers in the forms that registries
// write, one per idea: sections by indentation, by titles, by comments, by
// dots, by brackets, in columns, in two languages.
func TestFormatsOfRegistries(t *testing.T) {
	for _, c := range []struct {
		rule, text                  string
		name, registrar, registrant string
		created, updated, expires   string
		ns, status                  string
	}{
		{
			rule: "titles without a colon, two blanks deep (.it)",
			text: "Domain:             example.it\nStatus:             ok\nCreated:            1999-12-10 00:00:00\nLast Update:        2014-05-07 00:52:45\nExpire Date:        2015-04-21\n\nRegistrant\n  Organization:     Example S.p.A.\n  Address:          Via Roma 1\n                    Milano\n  Created:          2013-04-21 01:05:35\n  Last Update:      2013-04-21 01:05:35\n\nAdmin Contact\n  Name:             Somebody\n  Created:          2013-04-21 01:05:35\n\nRegistrar\n  Organization:     Example Registrar Ltd\n  Name:             EXAMPLE-REG\n\nNameservers\n  ns1.example.net\n  ns2.example.net\n",
			name: "example.it", registrar: "Example Registrar Ltd", registrant: "Example S.p.A.", created: "1999-12-10", updated: "2014-05-07", expires: "2015-04-21",
			ns: "ns1.example.net ns2.example.net", status: "ok",
		},
		{
			rule: "brackets (.jp)",
			text: "Domain Information:\n[Domain Name]                   EXAMPLE.JP\n\n[Registrant]                    Example K.K.\n\n[Name Server]                   ns1.example.net\n[Name Server]                   ns2.example.net\n[Signing Key]                   \n\n[Created on]                    2005/05/30\n[Expires on]                    2015/05/31\n[Status]                        Active\n[Last Updated]                  2014/06/01 01:05:06 (JST)\n\nContact Information:\n[Name]                          Somebody\n",
			name: "example.jp", registrant: "Example K.K.", created: "2005-05-30", updated: "2014-06-01", expires: "2015-05-31", ns: "ns1.example.net ns2.example.net", status: "active",
		},
		{
			rule: "lettered brackets, with the last day in the state (.co.jp)",
			text: "Domain Information:\na. [Domain Name]                EXAMPLE.CO.JP\ng. [Organization]               Example K.K.\nl. [Organization Type]          corporation\np. [Name Server]                ns1.example.net\n[State]                         Connected (2015/03/31)\n[Registered Date]               2001/03/22\n[Last Update]                   2014/04/01 01:18:23 (JST)\n",
			name: "example.co.jp", registrant: "Example K.K.", created: "2001-03-22", updated: "2014-04-01", expires: "2015-03-31", ns: "ns1.example.net", status: "Connected (2015/03/31)",
		},
		{
			rule: "bracketed section titles (.de)",
			text: "Domain: example.de\nNserver: ns1.example.net\nNserver: ns2.example.net 192.0.2.1\nStatus: connect\nChanged: 2011-03-30T19:36:27+02:00\n\n[Tech-C]\nType: ROLE\nName: Somebody\nChanged: 2012-03-30T19:36:27+02:00\n\n[Zone-C]\nType: ROLE\nName: Somebody\n",
			name: "example.de", updated: "2011-03-30", ns: "ns1.example.net ns2.example.net", status: "connect",
		},
		{
			rule: "tabs and withheld registrant (.eu)",
			text: "Domain:\texample.eu\n\nRegistrant:\n\tNOT DISCLOSED!\n\tVisit www.example.eu for webbased whois.\n\nOnsite(s)/Technical:\n\tOrganisation: Other\n\tEmail: other@example.net\n\nRegistrar:\n\tName: Example Registrar\n\tWebsite: www.example.net\n\nName servers:\n\tns1.example.net (192.0.2.1)\n\tns2.example.net\n\nPlease visit www.example.eu for more info.\n",
			name: "example.eu", registrar: "Example Registrar", ns: "ns1.example.net ns2.example.net",
		},
		{
			rule: "RPSL with a contact object by handle (.at)",
			text: "domain:         example.at\nregistrant:     EX123-NICAT\nadmin-c:        EX123-NICAT\nnserver:        ns1.example.net\nchanged:        20110426 17:57:27\nsource:         AT-DOM\n\npersonname:     Some Body\norganization:   Example GmbH\nphone:          +4312345678\ne-mail:         hostmaster@example.at\nnic-hdl:        EX123-NICAT\nchanged:        20120111 00:08:30\nsource:         AT-DOM\n",
			name: "example.at", registrant: "Some Body", updated: "2011-04-26", ns: "ns1.example.net",
		},
		{
			rule: "the database's date is not the domain's (.ru)",
			text: "domain:        EXAMPLE.RU\nnserver:       ns1.example.net.\nstate:         REGISTERED, DELEGATED, VERIFIED\norg:           Example LLC\nregistrar:     EXAMPLE-RU\ncreated:       2004-03-03T21:00:00Z\npaid-till:     2015-03-04T21:00:00Z\nfree-date:     2015-04-05\nsource:        TCI\n\nLast updated on 2014-05-06T07:08:09Z\n",
			name: "example.ru", registrar: "EXAMPLE-RU", registrant: "Example LLC", created: "2004-03-03", expires: "2015-03-04", ns: "ns1.example.net", status: "REGISTERED DELEGATED VERIFIED",
		},
		{
			rule: "dots for filling and titles of one word (.fi)",
			text: "domain.............: example.fi\nstatus.............: Registered\ncreated............: 30.6.2006 00:00:00\nexpires............: 4.7.2024 10:15:55\nmodified...........: 2.6.2023\n\nNameservers\n\nnserver............: ns1.example.net [OK]\n\nHolder\n\nname...............: Example Oy\ncountry............: Finland\n\nRegistrar\n\nregistrar..........: Example Registrar\nwww................: www.example.net\n",
			name: "example.fi", registrar: "Example Registrar", registrant: "Example Oy", created: "2006-06-30", updated: "2023-06-02", expires: "2024-07-04", ns: "ns1.example.net", status: "Registered",
		},
		{
			rule: "titles in comments (.ua)",
			text: "domain:           example.com.ua\nregistrant:       com.ua-ex-1\nnserver:          ns1.example.net\nstatus:           clientDeleteProhibited\ncreated:          2002-12-04 00:00:00+02\nmodified:         2014-11-04 12:02:15+02\nexpires:          2015-12-04 00:00:00+02\nsource:           UAEPP\n\n% Registrar:\n% ==========\nregistrar:        ua.example\norganization:     Example Registrar\n\n% Registrant:\n% ===========\nperson:           n/a\ncontact-id:       com.ua-ex-1\norganization:     Example Ltd\ncreated:          2013-01-02 00:00:00+02\nstatus:           linked\n",
			name: "example.com.ua", registrant: "", registrar: "ua.example", created: "2002-12-04", updated: "2014-11-04", expires: "2015-12-04", ns: "ns1.example.net", status: "clientDeleteProhibited",
		},
		{
			rule: "columns without a colon (.sk, old)",
			text: "Domain-name         example.sk\nAdmin-id            EXAM-0292\ndns_name            ns1.example.net\nLast-update         2014-02-24\nValid-date          2015-07-24\nDomain-status       DOM_OK\n",
			name: "example.sk", updated: "2014-02-24", expires: "2015-07-24", ns: "ns1.example.net", status: "DOM_OK",
		},
		{
			rule: "labels in two languages (.pt, old)",
			text: "Nome de domínio / Domain Name: example.pt\nData de registo / Creation Date (dd/mm/yyyy): 09/01/2003\nData de expiração / Expiration Date (dd/mm/yyyy): 28/02/2015\nEstado / Status: ACTIVE\n\nTitular / Registrant\n    Example Lda\n    Rua Um\n\nNameserver Information\n    Nameserver: example.pt\tNS\tns1.example.net.\n",
			name: "example.pt", registrant: "Example Lda", created: "2003-01-09", expires: "2015-02-28", ns: "ns1.example.net", status: "active",
		},
		{
			rule: "a date inside the registrant's section (.hk)",
			text: "Domain Name:  EXAMPLE.HK\nDomain Status: Active\nRegistrar Name: EXAMPLE REGISTRAR\nRegistrar Contact Information: Email: x@example.net\n\nRegistrant Contact Information:\n\nCompany English Name (as in the documents): EXAMPLE LTD.\nCompany Chinese Name:\nEmail: hostmaster@example.hk\nDomain Name Commencement Date: 06-04-2004\nExpiry Date: 31-03-2015\n\nName Servers Information:\n\nNS1.EXAMPLE.NET\nNS2.EXAMPLE.NET\n\nStatus Information:\nDomain Prohibit Status:\n",
			name: "example.hk", registrar: "EXAMPLE REGISTRAR", registrant: "EXAMPLE LTD.", created: "2004-04-06", expires: "2015-03-31", ns: "ns1.example.net ns2.example.net", status: "active",
		},
		{
			rule: "assigned and changed by whom and when (.il)",
			text: "query:        example.co.il\n\ndomain:       example.co.il\n\ndescr:        Example Ltd.\ndescr:        Street 1\nnserver:      ns1.example.net\nvalidity:     05-06-2014\nstatus:       Transfer Locked\nchanged:      registrar AT example.il 19990605 (Assigned)\nchanged:      registrar AT example.il 20000526 (Changed)\nchanged:      registrar AT example.il 20130605 (Changed)\n",
			name: "example.co.il", registrant: "Example Ltd.", created: "1999-06-05", updated: "2013-06-05", expires: "2014-06-05", ns: "ns1.example.net", status: "Transfer Locked",
		},
		{
			rule: "a sentence for the name, dates without a zone (.kg)",
			text: "% whois server\n\nDomain EXAMPLE.KG (ACTIVE)\n\nAdministrative Contact:\n   Name: Somebody\n\nRecord created: Tue Feb 10 09:44:58 2004\nRecord last updated on  Fri Feb 11 13:31:15 2011\nRecord expires on  Fri Mar 28 23:59:00 2014\n\nName servers in the listed order:\n\nNS1.EXAMPLE.NET\nNS2.EXAMPLE.NET\n",
			name: "example.kg", created: "2004-02-10", updated: "2011-02-11", expires: "2014-03-28", ns: "ns1.example.net ns2.example.net", status: "active",
		},
		{
			rule: "numbered bracket labels with the value below (.my)",
			text: "a [Domain Name]                 example.my\nc [Record Created]              10-JUN-2008\nd [Record Expired]              10-JUN-2015\ne [Record Last Modified]        22-MAY-2014\n\nk [Primary Name Server]\n                     ns1.example.net\nl [Secondary Name Server]\n                     ns2.example.net\n",
			name: "example.my", created: "2008-06-10", updated: "2014-05-22", expires: "2015-06-10", ns: "ns1.example.net ns2.example.net",
		},
		{
			rule: "the English half of an answer in two languages (.kr)",
			text: "# ENGLISH\n\nDomain Name                 : example.co.kr\nRegistrant                  : Example Corp\nRegistrant Zip Code         : 12345\nAdministrative Contact(AC)  : Domain Admin\nAC E-Mail                   : x@example.co.kr\nRegistered Date             : 1999. 07. 28.\nLast Updated Date           : 2010. 10. 04.\nExpiration Date             : 2015. 07. 28.\nPublishes                   : Y\nAuthorized Agency           : Example Agency\nDNSSEC                      : unsigned\n\nPrimary Name Server\n   Host Name                : ns1.example.net\n\nSecondary Name Server\n   Host Name                : ns2.example.net\n",
			name: "example.co.kr", registrar: "Example Agency", registrant: "Example Corp", created: "1999-07-28", updated: "2010-10-04", expires: "2015-07-28", ns: "ns1.example.net ns2.example.net",
		},
		{
			rule: "university registry: sections, then sentences with a colon (.edu)",
			text: "Domain Name: EXAMPLE.EDU\n\nRegistrant:\n   Example University\n   241 Street\n   UNITED STATES\n\nAdministrative Contact:\n   Domain Admin\n   (555) 723-4328\n   admin@example.edu\n\nName Servers:\n   NS1.EXAMPLE.EDU     192.0.2.1\n   NS2.EXAMPLE.EDU     2001:db8::1\n\nDomain record activated:    04-Oct-1985\nDomain record last updated: 07-Sep-2016\nDomain expires:             31-Jul-2017\n",
			name: "example.edu", registrant: "Example University", created: "1985-10-04", updated: "2016-09-07", expires: "2017-07-31", ns: "ns1.example.edu ns2.example.edu",
		},
		{
			rule: "old NSI sentences (registrars)",
			text: "Registrant:\nExample Inc.\n   Street 1\n   City\n\n   Domain Name: EXAMPLE.COM\n\n   Administrative Contact, Technical Contact:\n      Somebody\t\tx@example.com\n\n   Record expires on 14-Sep-2015.\n   Record created on 15-Sep-1997.\n   Database last updated on 1-Oct-2012 10:11:12 EDT.\n\n   Domain servers in listed order:\n\n   NS1.EXAMPLE.COM              192.0.2.1\n   NS2.EXAMPLE.COM              192.0.2.2\n",
			name: "example.com", registrant: "Example Inc.", created: "1997-09-15", expires: "2015-09-14", ns: "ns1.example.com ns2.example.com",
		},
		{
			rule: "dots without a colon (Melbourne IT)",
			text: "Domain Name.......... example.com\n  Creation Date........ 1999-03-16\n  Registration Date.... 2011-06-24\n  Expiry Date.......... 2020-09-15\n  Organisation Name.... Example Inc\n\nAdmin Name........... Somebody\n  Admin Email.......... x@example.com\n\n  Name Server.......... ns1.example.com\n  Name Server.......... ns2.example.com\n",
			name: "example.com", registrant: "Example Inc", created: "1999-03-16", expires: "2020-09-15", ns: "ns1.example.com ns2.example.com",
		},
		{
			rule: "Spanish, with hosts behind dashes (.ve, .uy)",
			text: "Titular:\nExample C.A.\t\tx@example.com.ve\n   Calle 1\n\n   Nombre de Dominio: example.com.ve\n\n   Contacto Administrativo:\n      Alguien\t\ty@example.com.ve\n\n   Fecha de Vencimiento: 2018-03-06 00:00:00\n   Última Actualización: 2005-11-17 20:35:01\n   Fecha de Creación: 2003-03-06 00:00:00\n\n   Estatus del dominio: ACTIVO\n\n   Servidor(es) de Nombres de Dominio:\n\n   - ns1.example.net\n   - ns2.example.net\n",
			name: "example.com.ve", registrant: "Example C.A.", created: "2003-03-06", updated: "2005-11-17", expires: "2018-03-06", ns: "ns1.example.net ns2.example.net", status: "ACTIVO",
		},
		{
			rule: "owner and handle of a person (.br)",
			text: "domain:      example.com.br\nowner:       Example Ltda\nownerid:     01.234.567/0001-89\ncountry:     BR\nowner-c:     EXAMP1\nnserver:     ns1.example.net\nnsstat:      20170628 AA\ncreated:     19990518 #162310\nchanged:     20170427\nexpires:     20180518\nstatus:      published\n\nnic-hdl-br:  EXAMP1\nperson:      Some Body\ne-mail:      x@example.com.br\ncreated:     20100520\nchanged:     20180103\n",
			name: "example.com.br", registrant: "Some Body", created: "1999-05-18", updated: "2017-04-27", expires: "2018-05-18", ns: "ns1.example.net", status: "published",
		},
		{
			rule: "old AFNIC: days first, holder by handle (.fr)",
			text: "domain:      example.fr\nstatus:      ACTIVE\nhold:        NO\nholder-c:    EX123-FRNIC\nadmin-c:     EX123-FRNIC\nregistrar:   EXAMPLE REGISTRAR\nExpiry Date: 30/12/2017\ncreated:     27/07/2000\nlast-update: 17/11/2016\nsource:      FRNIC\n\nns-list:     NSL1-FRNIC\nnserver:     ns1.example.net\nsource:      FRNIC\n\nregistrar:   EXAMPLE REGISTRAR\ntype:        Isp Option 1\nregistered:  10/01/2002\nsource:      FRNIC\n\nnic-hdl:     EX123-FRNIC\ntype:        ORGANIZATION\ncontact:     Example SARL\nchanged:     05/06/2012 nic@example.fr\n",
			name: "example.fr", registrar: "EXAMPLE REGISTRAR", registrant: "Example SARL", created: "2000-07-27", updated: "2016-11-17", expires: "2017-12-30", ns: "ns1.example.net", status: "active",
		},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rec, err := whoislookup.Parse("", []byte(c.text))
			require.NoError(t, err)
			d := rec.Domain
			require.NotNil(t, d)
			var status []string
			for _, s := range d.Status {
				status = append(status, string(s))
			}
			assert.Equal(t, c.name, d.Name)
			assert.Equal(t, c.registrar, d.Registrar.Name, "registrar")
			assert.Equal(t, c.registrant, d.Registrant.Name, "registrant")
			assert.Equal(t, c.created, rec.Created.Day(), "created")
			assert.Equal(t, c.updated, rec.Updated.Day(), "updated")
			assert.Equal(t, c.expires, rec.Expires.Day(), "expires")
			assert.Equal(t, c.ns, strings.Join(d.Nameservers, " "), "nameservers")
			assert.Equal(t, c.status, strings.Join(status, " "), "status")
		})
	}
}
