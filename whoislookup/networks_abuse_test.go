package whoislookup_test

import "testing"

// TestAbuseContactsOfAnotherObject is about answers in which the chosen network
// has no abuse contact of its own.
func TestAbuseContactsOfAnotherObject(t *testing.T) {
	checkNumbers(t, []numbersCase{
		{
			rule: "the comment about the wider network, before somebody else's", server: "whois.apnic.net", query: "203.0.113.9",
			text: `
			% Abuse contact for '203.0.0.0 - 203.0.255.255' is 'far@example.tw'

			inetnum:        203.0.0.0 - 203.0.255.255
			netname:        FAR-TW
			descr:          Far Telecom
			country:        TW
			source:         APNIC

			% Abuse contact for '203.0.112.0 - 203.0.115.255' is 'abuse@example.tw'

			inetnum:        203.0.112.0 - 203.0.115.255
			netname:        EX-TW
			descr:          Example Telecom
			country:        TW
			mnt-irt:        IRT-EXNIC-AP
			source:         APNIC

			irt:            IRT-EXNIC-AP
			abuse-mailbox:  hostmaster@example.org
			source:         APNIC

			inetnum:        203.0.113.0 - 203.0.113.63
			netname:        TEA-TW
			descr:          Example Tea
			country:        TW
			source:         TWNIC
			`,
			want: `
			verdict found
			range 203.0.113.0/26
			name TEA-TW
			parent 203.0.112.0/22
			holder Example Tea <descr>
			country TW <network>
			abuse abuse@example.tw <comment>
			`,
		},
		{
			rule: "a remark of the contact that the network names", server: "whois.apnic.net",
			text: `
			inetnum:      203.0.112.0 - 203.0.113.255
			netname:      EX-NZ
			descr:        Example Wool Exchange
			country:      NZ
			admin-c:      EX1-AP
			source:       APNIC

			role:         Example Admin
			country:      NZ
			e-mail:       admin@example.nz
			remarks:      do not send spam reports to admin@example.nz
			remarks:      send spam and abuse report to abuse@example.nz
			nic-hdl:      EX1-AP
			source:       APNIC
			`,
			want: `
			verdict found
			range 203.0.112.0/23
			name EX-NZ
			holder Example Wool Exchange <descr>
			country NZ <network>
			abuse abuse@example.nz <remarks>
			`,
		},
		{
			rule: "a remark of the wider network", server: "whois.apnic.net", query: "2001:db8:7::1",
			text: `
			inet6num:       2001:0db8::/32
			netname:        EX-JP
			descr:          Example Communications
			country:        JP
			remarks:        Email address for spam or abuse complaints : abuse@example.jp
			source:         APNIC

			inet6num:       2001:0db8:0007::/48
			netname:        PRINT-JP
			descr:          Example Print Works
			country:        JP
			source:         JPNIC
			`,
			want: `
			verdict found
			range 2001:db8:7::/48
			name PRINT-JP
			parent 2001:db8::/32
			holder Example Print Works <descr>
			country JP <network>
			abuse abuse@example.jp <remarks>
			`,
		},
		{
			rule: "none of them where the registry says that there is none", server: "whois.afrinic.net", query: "192.0.2.9",
			text: `
			% No abuse contact registered for 192.0.2.0 - 192.0.2.255

			inetnum:        192.0.2.0 - 192.0.2.255
			netname:        EX-ZA
			descr:          Example (Pty) Ltd
			country:        ZA
			admin-c:        EX1-AFRINIC
			source:         AFRINIC # Filtered

			role:           Example NOC
			remarks:        abuse: abuse@example.co.za
			nic-hdl:        EX1-AFRINIC
			source:         AFRINIC # Filtered
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			name EX-ZA
			holder Example (Pty) Ltd <descr>
			country ZA <network>
			`,
		},
		{
			rule: "nor the wider network's, which the registry then knows as well", server: "whois.afrinic.net", query: "192.0.2.9",
			text: `
			% Abuse contact for '192.0.0.0 - 192.0.255.255' is 'abuse@example.net'

			inetnum:        192.0.0.0 - 192.0.255.255
			netname:        CARRIER-ZA
			descr:          Example Carrier
			country:        ZA
			source:         AFRINIC # Filtered

			% No abuse contact registered for 192.0.2.0 - 192.0.2.255

			inetnum:        192.0.2.0 - 192.0.2.255
			netname:        EX-ZA
			descr:          Example (Pty) Ltd
			country:        ZA
			source:         AFRINIC # Filtered
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			name EX-ZA
			parent 192.0.0.0/16
			holder Example (Pty) Ltd <descr>
			country ZA <network>
			`,
		},
		{
			rule: "ARIN: the provider's, whose record comes behind the customer's", server: "whois.arin.net", query: "192.0.2.70",
			text: `
			NetRange:       192.0.2.64 - 192.0.2.95
			NetName:        EXCA-CUST-7
			NetHandle:      NET-192-0-2-64-1
			NetType:        Reassigned

			CustName:       Example Bakery
			Country:        US

			NetRange:       192.0.0.0 - 192.0.127.255
			NetName:        EXAMPLE-CARRIER
			NetHandle:      NET-192-0-0-0-1
			NetType:        Direct Allocation

			OrgName:        Example Carrier, Inc.
			OrgId:          EXCA
			Country:        US

			OrgAbuseHandle: ABUSE1-ARIN
			OrgAbuseEmail:  abuse@example.net
			`,
			want: `
			verdict found
			range 192.0.2.64/27
			name EXCA-CUST-7
			net NET-192-0-2-64-1
			status Reassigned
			parent 192.0.0.0/17
			holder Example Bakery <CustName>
			country US <organisation>
			abuse abuse@example.net <OrgAbuseEmail>
			`,
		},
		{
			rule: "Korea: the carrier's block, in the language of the customer's", server: "whois.kisa.or.kr", query: "192.0.2.9",
			text: `
			[ 네트워크 할당 정보 ]
			IPv4주소           : 192.0.0.0 - 192.0.255.255 (/16)
			기관명             : 예시통신

			[ 네트워크 할당 정보 ]
			IPv4주소           : 192.0.2.0 - 192.0.2.255 (/24)
			기관명             : 예시서점

			[ Network Information ]
			IPv4 Address       : 192.0.0.0 - 192.0.255.255 (/16)
			Organization Name  : Example Telecom

			[ Abuse Contact Information ]
			E-Mail             : abuse@example.kr

			[ Network Information ]
			IPv4 Address       : 192.0.2.0 - 192.0.2.255 (/24)
			Organization Name  : Example Bookstore
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			parent 192.0.0.0/16
			holder Example Bookstore <Organization Name>
			abuse abuse@example.kr <abuse contact information>
			`,
		},
	})
}

func TestOlderFormsOfAnswers(t *testing.T) {
	checkNumbers(t, []numbersCase{
		{
			rule: "ARIN: the referral of the narrowest network, which comes first", server: "whois.arin.net", query: "203.0.113.9",
			text: `
			NetRange:       203.0.112.0 - 203.0.115.255
			NetName:        RIPE-ERX-203-0-112-0
			NetHandle:      NET-203-0-112-0-1
			NetType:        Transferred to RIPE NCC

			OrgName:        RIPE Network Coordination Centre
			OrgId:          RIPE
			Country:        NL

			ReferralServer: whois://whois.ripe.net

			NetRange:       203.0.0.0 - 203.255.255.255
			NetName:        APNIC-203
			NetHandle:      NET-203-0-0-0-1
			NetType:        Allocated to APNIC

			OrgName:        Asia Pacific Network Information Centre
			OrgId:          APNIC
			Country:        AU

			ReferralServer: whois://whois.apnic.net
			`,
			want: `
			verdict elsewhere
			range 203.0.112.0/22
			name RIPE-ERX-203-0-112-0
			net NET-203-0-112-0-1
			status Transferred to RIPE NCC
			parent 203.0.0.0/8
			holder RIPE Network Coordination Centre <OrgName>
			handle RIPE
			country NL <organisation>
			to whois://whois.ripe.net
			`,
		},
		{
			rule: "ARIN's list, the ranges on lines of their own", query: "192.0.2.9",
			text: `
			Example Carrier EXCA-1 (NET-192-0-0-0-1)
			                                  192.0.0.0 - 192.0.127.255
			Example Clinic EXCA-CLINIC (NET-192-0-2-0-1)
			                                  192.0.2.0 - 192.0.2.127

			# ARIN WHOIS database, last updated 2008-08-12 19:10
			# Enter ? for additional hints on searching ARIN's WHOIS database.
			`,
			want: `
			verdict found
			range 192.0.2.0/25
			name EXCA-CLINIC
			net NET-192-0-2-0-1
			parent 192.0.0.0/17
			holder Example Clinic <list>
			`,
		},
		{
			rule: "ARIN's list of IPv6 networks", server: "whois.arin.net", query: "2001:db8:5::1",
			text: `
			Example Carrier EXCA-V6 (NET6-2001-DB8-1) 2001:DB8:: - 2001:DB8:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF
			Example Clinic CLINIC-V6 (NET6-2001-DB8-5-1) 2001:DB8:5:: - 2001:DB8:5:FFFF:FFFF:FFFF:FFFF:FFFF
			`,
			want: `
			verdict found
			range 2001:db8:5::/48
			name CLINIC-V6
			net NET6-2001-DB8-5-1
			parent 2001:db8::/32
			holder Example Clinic <list>
			`,
		},
		{
			rule: "Korea before 2010: an IP address that is a range", server: "whois.krnic.net", query: "192.0.2.9",
			text: `
			query: 192.0.2.9

			# ENGLISH

			IP Address         : 192.0.0.0-192.0.3.255
			Network Name       : EX-UNIV
			Connect ISP Name   : EXNET
			Registration Date  : 19990304

			[ Organization Information ]
			Org Name           : Example University
			Country Code       : KR

			[ Technical Contact Information ]
			Org Name           : Somebody Else
			E-Mail             : tech@example.kr
			`,
			want: `
			verdict found
			range 192.0.0.0/22
			name EX-UNIV
			holder Example University <Org Name>
			country KR <organisation>
			created 1999-03-04
			`,
		},
		{
			rule: "an RWhois server's referral without its greeting", server: "rwhois.example.net", query: "192.0.2.9",
			text: `
			%referral rwhois://root.example.net:4321/auth-area=.
			%ok
			`,
			want: `
			verdict elsewhere
			to rwhois://root.example.net
			`,
		},
	})
}
