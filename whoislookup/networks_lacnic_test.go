package whoislookup_test

import "testing"

func TestAnswersOfLatinAmerica(t *testing.T) {
	checkNumbers(t, []numbersCase{
		{
			rule: "LACNIC: short prefixes, reverse zones, the contact of abuse-c", server: "whois.lacnic.net", query: "192.0.2.200",
			text: `
			% Joint Whois - whois.lacnic.net
			%  This server accepts single ASN, IPv4 or IPv6 queries

			inetnum:     192.0.2.192/27
			status:      reallocated
			aut-num:     N/A
			owner:       Example S.A.
			ownerid:     UY-EXSA-LACNIC
			responsible: Some Body
			address:     Calle, 1
			address:     11000 - Montevideo -
			country:     UY
			phone:       +598 555 0100 [12]
			owner-c:     OWN
			tech-c:      TEC
			abuse-c:     ABU
			created:     20150506
			changed:     20160708
			inetnum-up:  192/17
			inetrev:     192.0.2/24
			nserver:     NS1.EXAMPLE.NET
			nsstat:      20200101 AA
			nslastaa:    20200101
			nserver:     NS2.EXAMPLE.NET [lame - not published]

			nic-hdl:     ABU
			person:      Abuse Desk
			e-mail:      abuse@example.net.uy
			address:     Calle, 1
			country:     UY
			created:     20030101
			changed:     20190101

			nic-hdl:     OWN
			person:      Owner
			e-mail:      owner@example.net.uy
			`,
			want: `
			verdict found
			range 192.0.2.192/27
			status reallocated
			parent 192.0.0.0/17
			ns ns1.example.net ns2.example.net
			holder Example S.A. <owner>
			handle UY-EXSA-LACNIC
			country UY <network>
			abuse abuse@example.net.uy <abuse-c>
			created 2015-05-06
			updated 2016-07-08
			`,
		},
		{
			rule: "registro.br: the AS number with the network", server: "whois.registro.br",
			text: `
			% Copyright (c) Nic.br

			inetnum:     198.51.100.0/24
			aut-num:     AS64500
			abuse-c:     ABDE12
			owner:       Exemplo Ltda
			ownerid:     01.234.567/0001-89
			responsible: Alguem
			country:     BR
			owner-c:     OWNE3
			tech-c:      TECH4
			inetrev:     198.51.100.0/24
			nserver:     ns1.exemplo.net.br
			nsstat:      20200101 AA
			nslastaa:    20200101
			created:     20110809
			changed:     20121110
			inetnum-up:  198.51.0.0/16

			nic-hdl-br:  OWNE3
			person:      Dono
			e-mail:      dono@exemplo.net.br

			nic-hdl-br:  ABDE12
			person:      Abuse
			e-mail:      abuse@exemplo.net.br
			created:     20030101
			changed:     20190101
			`,
			want: `
			verdict found
			range 198.51.100.0/24
			parent 198.51.0.0/16
			origin [64500]
			ns ns1.exemplo.net.br
			holder Exemplo Ltda <owner>
			handle 01.234.567/0001-89
			country BR <network>
			abuse abuse@exemplo.net.br <abuse-c>
			created 2011-08-09
			updated 2012-11-10
			`,
		},
		{
			rule: "registro.br: the networks of an AS number", server: "whois.registro.br", query: "AS64500",
			text: `
			aut-num:     AS64500
			owner:       Exemplo Ltda
			ownerid:     01.234.567/0001-89
			responsible: Alguem
			country:     BR
			owner-c:     OWNE3
			routing-c:   ROUT5
			abuse-c:     ABDE12
			created:     20110809
			changed:     20121110
			inetnum:     198.51.100.0/24
			inetnum:     2001:db8::/32

			nic-hdl-br:  ABDE12
			person:      Abuse
			e-mail:      abuse@exemplo.net.br
			`,
			want: `
			verdict found
			as 64500-64500
			prefixes [198.51.100.0/24 2001:db8::/32]
			holder Exemplo Ltda <owner>
			handle 01.234.567/0001-89
			country BR <as>
			abuse abuse@exemplo.net.br <abuse-c>
			created 2011-08-09
			updated 2012-11-10
			`,
		},
		{
			rule: "LACNIC hands on the answer of another registry", server: "whois.lacnic.net", query: "192.0.2.9",
			text: `
			% Joint Whois - whois.lacnic.net
			%  This server accepts single ASN, IPv4 or IPv6 queries

			% ARIN resource: whois.arin.net

			NetRange:       192.0.2.0 - 192.0.2.255
			CIDR:           192.0.2.0/24
			NetName:        EXAMPLE
			NetHandle:      NET-192-0-2-0-1
			NetType:        Direct Assignment
			Organization:   Example (EXA)
			Updated:        2021-12-14

			OrgName:        Example
			OrgId:          EXA
			Country:        US

			OrgAbuseHandle: ABUSE1-ARIN
			OrgAbuseEmail:  abuse@example.net
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			name EXAMPLE
			net NET-192-0-2-0-1
			status Direct Assignment
			holder Example <OrgName>
			handle EXA
			country US <organisation>
			abuse abuse@example.net <OrgAbuseEmail>
			updated 2021-12-14
			`,
		},
		{
			rule: "LACNIC's own unallocated space", server: "whois.lacnic.net", query: "192.0.2.1",
			text: `
			% Joint Whois - whois.lacnic.net

			% Unallocated resource: 192.0.2.1
			`,
			want: `
			verdict not_found
			`,
		},
	})
}
