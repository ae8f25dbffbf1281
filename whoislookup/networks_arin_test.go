package whoislookup_test

import "testing"

func TestAnswersOfARIN(t *testing.T) {
	checkNumbers(t, []numbersCase{
		{
			rule: "the customer's network inside the provider's", server: "whois.arin.net", query: "192.0.2.70",
			text: `
			#
			# ARIN WHOIS data and services are subject to the Terms of Use
			#

			NetRange:       192.0.0.0 - 192.0.127.255
			CIDR:           192.0.0.0/17
			NetName:        EXAMPLE-CARRIER
			NetHandle:      NET-192-0-0-0-1
			Parent:         NET192 (NET-192-0-0-0-0)
			NetType:        Direct Allocation
			OriginAS:       AS64496, AS64497
			Organization:   Example Carrier, Inc. (EXCA)
			RegDate:        2001-02-03
			Updated:        2020-03-04
			Ref:            https://rdap.arin.net/registry/ip/192.0.0.0

			OrgName:        Example Carrier, Inc.
			OrgId:          EXCA
			Address:        1 Main St
			City:           Springfield
			StateProv:      IL
			PostalCode:     62701
			Country:        US
			RegDate:        1999-01-01
			Updated:        2019-01-01

			ReferralServer: rwhois://rwhois.example.net:4321

			OrgTechHandle: TECH1-ARIN
			OrgTechName:   Tech
			OrgTechEmail:  tech@example.net

			OrgAbuseHandle: ABUSE1-ARIN
			OrgAbuseName:   Abuse
			OrgAbusePhone:  +1-555-0100
			OrgAbuseEmail:  abuse@example.net

			OrgNOCHandle: NOC1-ARIN
			OrgNOCName:   NOC
			OrgNOCEmail:  noc@example.net

			# end

			# start

			NetRange:       192.0.2.64 - 192.0.2.95
			CIDR:           192.0.2.64/27
			NetName:        EXCA-CUST-7
			NetHandle:      NET-192-0-2-64-1
			Parent:         EXAMPLE-CARRIER (NET-192-0-0-0-1)
			NetType:        Reassigned
			OriginAS:
			Customer:       Example Bakery (C01234567)
			RegDate:        2015-05-06
			Updated:        2015-05-06
			Ref:            https://rdap.arin.net/registry/ip/192.0.2.64

			CustName:       Example Bakery
			Address:        2 Side St
			City:           Springfield
			StateProv:      IL
			PostalCode:     62702
			Country:        US
			RegDate:        2015-05-06
			Updated:        2015-05-06
			Ref:            https://rdap.arin.net/registry/entity/C01234567

			OrgAbuseHandle: ABUSE1-ARIN
			OrgAbuseName:   Abuse
			OrgAbusePhone:  +1-555-0100
			OrgAbuseEmail:  abuse@example.net

			# end
			`,
			want: `
			verdict found
			range 192.0.2.64/27
			name EXCA-CUST-7
			net NET-192-0-2-64-1
			status Reassigned
			parent 192.0.0.0/17
			under EXAMPLE-CARRIER (NET-192-0-0-0-1)
			holder Example Bakery <CustName>
			handle C01234567
			country US <organisation>
			abuse abuse@example.net <OrgAbuseEmail>
			created 2015-05-06
			updated 2015-05-06
			to rwhois://rwhois.example.net
			`,
		},
		{
			rule: "an abuse contact of the network before that of its organisation", server: "whois.arin.net",
			text: `
			NetRange:       198.51.100.0 - 198.51.100.255
			CIDR:           198.51.100.0/24
			NetName:        EXAMPLE
			NetHandle:      NET-198-51-100-0-1
			Parent:          ()
			NetType:        Direct Assignment
			OriginAS:       AS64500
			Organization:   Example University (EXUN-Z)
			RegDate:
			Updated:        2021-12-14

			OrgName:        Example University
			OrgId:          EXUN-Z
			Country:        CA

			OrgAbuseHandle: ABUSE2-ARIN
			OrgAbuseEmail:  abuse@example.edu

			RTechHandle: T1-ARIN
			RTechEmail:  tech@example.edu

			RAbuseHandle: ABUSE3-ARIN
			RAbuseName:   Net abuse
			RAbuseEmail:  net-abuse@example.edu
			`,
			want: `
			verdict found
			range 198.51.100.0/24
			name EXAMPLE
			net NET-198-51-100-0-1
			status Direct Assignment
			origin [64500]
			holder Example University <OrgName>
			handle EXUN-Z
			country CA <organisation>
			abuse net-abuse@example.edu <RAbuseEmail>
			abuse abuse@example.edu <OrgAbuseEmail>
			updated 2021-12-14
			`,
		},
		{
			rule: "transferred to another registry: two networks, the latter's referral counts", server: "whois.arin.net", query: "203.0.113.9",
			text: `
			NetRange:       203.0.0.0 - 203.255.255.255
			CIDR:           203.0.0.0/8
			NetName:        APNIC-203
			NetHandle:      NET-203-0-0-0-1
			Parent:          ()
			NetType:        Allocated to APNIC
			Organization:   Asia Pacific Network Information Centre (APNIC)
			RegDate:        1993-05-01

			ResourceLink:  https://apps.db.ripe.net/search/query.html
			ResourceLink:  whois.ripe.net

			OrgName:        Asia Pacific Network Information Centre
			OrgId:          APNIC
			Country:        AU

			ReferralServer:  whois://whois.apnic.net
			ResourceLink:  https://wq.apnic.net/whois-search/static/search.html

			OrgAbuseHandle: AWC12-ARIN
			OrgAbuseEmail:  search-apnic-not-arin@apnic.net
			`,
			want: `
			verdict elsewhere
			range 203.0.0.0/8
			name APNIC-203
			net NET-203-0-0-0-1
			status Allocated to APNIC
			holder Asia Pacific Network Information Centre <OrgName>
			handle APNIC
			country AU <organisation>
			abuse search-apnic-not-arin@apnic.net <OrgAbuseEmail>
			created 1993-05-01
			to whois://whois.apnic.net
			`,
		},
		{
			rule: "the older form, with the state's name in full and no colon after the handle", server: "whois.arin.net",
			text: `
			OrgName:    Example Networks
			OrgID:      EXNE
			Address:    1 Main St
			City:       Springfield
			StateProv:  IL
			PostalCode: 62701
			Country:    US

			NetRange:   192.0.2.0 - 192.0.2.255
			CIDR:       192.0.2.0/24
			NetName:    EXNE-1
			NetHandle:  NET-192-0-2-0-1
			Parent:     NET-192-0-0-0-0
			NetType:    Direct Allocation
			NameServer: NS1.EXAMPLE.NET
			NameServer: NS2.EXAMPLE.NET
			Comment:    For abuse write to report@example.net
			RegDate:    1998-01-02
			Updated:    2006-03-04

			RTechHandle: XX1-ARIN
			RTechName:   Hostmaster
			RTechEmail:  hostmaster@example.net

			OrgAbuseHandle: ABU1-ARIN
			OrgAbuseName:   Abuse
			OrgAbuseEmail:  abuse@example.net
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			name EXNE-1
			net NET-192-0-2-0-1
			status Direct Allocation
			under NET-192-0-0-0-0
			ns ns1.example.net ns2.example.net
			holder Example Networks <OrgName>
			handle EXNE
			country US <organisation>
			abuse abuse@example.net <OrgAbuseEmail>
			created 1998-01-02
			updated 2006-03-04
			`,
		},
		{
			rule: "IPv6, the range written in full", server: "whois.arin.net",
			text: `
			NetRange:       2001:DB8:: - 2001:DB8:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF
			CIDR:           2001:DB8::/32
			NetName:        EXAMPLE-V6
			NetHandle:      NET6-2001-DB8-1
			Parent:         ARIN-001 (NET6-2001-400-0)
			NetType:        Direct Allocation
			OriginAS:       AS65536
			Organization:   Example, Inc. (EX)
			RegDate:        2005-03-14
			Updated:        2012-02-24

			OrgName:        Example, Inc. (formerly Sample)
			OrgId:          EX
			Country:        US
			`,
			want: `
			verdict found
			range 2001:db8::/32
			name EXAMPLE-V6
			net NET6-2001-DB8-1
			status Direct Allocation
			under ARIN-001 (NET6-2001-400-0)
			origin [65536]
			holder Example, Inc. (formerly Sample) <OrgName>
			handle EX
			country US <organisation>
			created 2005-03-14
			updated 2012-02-24
			`,
		},
		{
			rule: "a range of several prefixes", server: "whois.arin.net",
			text: `
			NetRange:       192.0.2.0 - 192.0.6.255
			CIDR:           192.0.6.0/24, 192.0.4.0/23, 192.0.2.0/23
			NetName:        EXAMPLE-5
			NetHandle:      NET-192-0-2-0-2
			Organization:   Example (EXA)
			`,
			want: `
			verdict found
			range 192.0.2.0 - 192.0.6.255
			prefixes 192.0.2.0/23 192.0.4.0/23 192.0.6.0/24
			name EXAMPLE-5
			net NET-192-0-2-0-2
			holder Example <Organization>
			handle EXA
			`,
		},
		{
			rule: "an AS number", server: "whois.arin.net", query: "AS64496",
			text: `
			ASNumber:       64496
			ASName:         EXAMPLE-AS
			ASHandle:       AS64496
			RegDate:        2000-03-30
			Updated:        2012-02-24
			Comment:        abuse to abuse@example.com
			Ref:            https://rdap.arin.net/registry/autnum/64496

			OrgName:        Example LLC
			OrgId:          EXL-1
			Address:        1 Main St
			Country:        US
			RegDate:        2000-03-29
			Updated:        2019-10-31

			OrgAbuseHandle: ABUSE9-ARIN
			OrgAbuseEmail:  network-abuse@example.com

			OrgTechHandle: ZG1-ARIN
			OrgTechEmail:  arin-contact@example.com
			`,
			want: `
			verdict found
			as 64496-64496
			name EXAMPLE-AS
			net AS64496
			holder Example LLC <OrgName>
			handle EXL-1
			country US <organisation>
			abuse network-abuse@example.com <OrgAbuseEmail>
			created 2000-03-30
			updated 2012-02-24
			`,
		},
		{
			rule: "a block of AS numbers that another registry keeps", server: "whois.arin.net", query: "AS64500",
			text: `
			ASNumber:       64496 - 64511
			ASName:         RIPE-ASNBLOCK-64496
			ASHandle:       AS64496
			RegDate:        2009-06-18
			Comment:        These AS numbers are assigned by the RIPE NCC

			OrgName:        RIPE Network Coordination Centre
			OrgId:          RIPE
			Country:        NL

			ReferralServer:  whois://whois.ripe.net
			ResourceLink:  https://apps.db.ripe.net/db-web-ui/query

			OrgAbuseHandle: ABUSE3850-ARIN
			OrgAbuseEmail:  abuse@ripe.net
			`,
			want: `
			verdict elsewhere
			as 64496-64511
			name RIPE-ASNBLOCK-64496
			net AS64496
			holder RIPE Network Coordination Centre <OrgName>
			handle RIPE
			country NL <organisation>
			abuse abuse@ripe.net <OrgAbuseEmail>
			created 2009-06-18
			to whois://whois.ripe.net
			`,
		},
		{
			rule: "an organisation by its handle", server: "whois.arin.net", query: "EXL-1",
			text: `
			OrgName:        Example LLC
			OrgId:          EXL-1
			Address:        1 Main St
			City:           Springfield
			Country:        US
			RegDate:        2000-03-30
			Updated:        2019-10-31

			OrgAbuseHandle: ABUSE9-ARIN
			OrgAbuseEmail:  network-abuse@example.com
			`,
			want: `
			verdict found
			holder Example LLC <OrgName>
			handle EXL-1
			country US <organisation>
			abuse network-abuse@example.com <OrgAbuseEmail>
			created 2000-03-30
			updated 2019-10-31
			`,
		},
		{
			rule: "a person by the handle", server: "whois.arin.net", query: "ABUSE9-ARIN",
			text: `
			Name:           Abuse Desk
			Handle:         ABUSE9-ARIN
			Company:        Example LLC
			Address:        1 Main St
			City:           Springfield
			StateProv:      IL
			PostalCode:     62701
			Country:        US
			RegDate:        2015-11-06
			Updated:        2020-10-31
			Phone:          +1-555-0100 (Office)
			Email:          network-abuse@example.com
			`,
			want: `
			verdict found
			holder Abuse Desk <Name>
			handle ABUSE9-ARIN
			country US <holder>
			created 2015-11-06
			updated 2020-10-31
			`,
		},
		{
			rule: "the short list of several networks", server: "whois.arin.net", query: "192.0.2.70",
			text: `
			#
			# ARIN WHOIS data and services are subject to the Terms of Use
			#

			Example Bakery EXCA-CUST-7 (NET-192-0-2-64-1) 192.0.2.64 - 192.0.2.95
			Example Carrier, Inc. EXAMPLE-CARRIER (NET-192-0-0-0-1) 192.0.0.0 - 192.0.127.255
			`,
			want: `
			verdict found
			range 192.0.2.64/27
			name EXCA-CUST-7
			net NET-192-0-2-64-1
			parent 192.0.0.0/17
			holder Example Bakery <list>
			`,
		},
		{
			rule: "the bulk file's form", server: "bulk",
			text: `
			NetHandle:      NET-192-0-2-0-1
			OrgID:          EXNE
			Parent:         NET-192-0-0-0-0
			NetName:        EXNE-1
			NetRange:       192.0.2.0 - 192.0.2.255
			NetType:        assignment
			RegDate:        1998-01-02
			Updated:        2006-03-04
			NameServer:     NS1.EXAMPLE.NET
			TechHandle:     XX1-ARIN
			Source:         ARIN
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			name EXNE-1
			net NET-192-0-2-0-1
			status assignment
			under NET-192-0-0-0-0
			ns ns1.example.net
			created 1998-01-02
			updated 2006-03-04
			`,
		},
		{
			rule: "the bulk file's AS number", server: "bulk",
			text: `
			ASHandle:       AS64496
			OrgID:          EXNE
			ASName:         EXNE-AS
			ASNumber:       64496
			RegDate:        1998-01-02
			Updated:        2006-03-04
			TechHandle:     XX1-ARIN
			Source:         ARIN
			`,
			want: `
			verdict found
			as 64496-64496
			name EXNE-AS
			net AS64496
			created 1998-01-02
			updated 2006-03-04
			`,
		},
		{
			rule: "the bulk file's IPv6 network", server: "bulk",
			text: `
			V6NetHandle:    NET6-2001-DB8-0
			OrgID:          EXNE
			Parent:
			NetName:        EXNE-V6
			NetRange:       2001:0DB8:: - 2001:0DB8:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF
			NetType:        allocation
			RegDate:        1999-08-03
			Source:         ARIN
			`,
			want: `
			verdict found
			range 2001:db8::/32
			name EXNE-V6
			net NET6-2001-DB8-0
			status allocation
			created 1999-08-03
			`,
		},
		{
			rule: "the bulk file's role", server: "bulk",
			text: `
			POCHandle:      ABUSE1-ARIN
			IsRole:         Y
			LastName:       Abuse desk
			Street:         1 Main St
			Country:        US
			RegDate:        2001-01-01
			Mailbox:        abuse@example.net
			Source:         ARIN
			`,
			want: `
			verdict found
			holder Abuse desk <LastName>
			handle ABUSE1-ARIN
			country US <holder>
			created 2001-01-01
			`,
		},
		{
			rule: "the bulk file's organisation", server: "bulk",
			text: `
			OrgID:          EXNE
			OrgName:        Example Networks
			CanAllocate:
			Street:         1 Main St
			City:           Springfield
			State/Prov:     IL
			Country:        US
			PostalCode:     62701
			RegDate:        1998-01-02
			Updated:        2006-03-04
			OrgAbuseHandle: ABU1-ARIN
			OrgTechHandle:  XX1-ARIN
			Source:         ARIN
			`,
			want: `
			verdict found
			holder Example Networks <OrgName>
			handle EXNE
			country US <organisation>
			created 1998-01-02
			updated 2006-03-04
			`,
		},
	})
}
