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

func TestAnswersOfNationalRegistriesInAsia(t *testing.T) {
	checkNumbers(t, []numbersCase{
		{
			rule: "JPNIC in Japanese", server: "whois.nic.ad.jp", query: "192.0.2.9",
			text: `
			[ JPNIC database provides information regarding IP address and ASN. Its use   ]
			[ is restricted to network administration purposes.                           ]

			Network Information: [ネットワーク情報]
			a. [IPネットワークアドレス]     192.0.2.0/26
			b. [ネットワーク名]             EXAMPLE-NET
			f. [組織名]                     株式会社例
			g. [Organization]               Example K.K.
			m. [管理者連絡窓口]             EX1JP
			n. [技術連絡担当者]             EX2JP
			o. [Abuse]                      abuse@example.jp
			p. [ネームサーバ]               ns1.example.jp
			p. [ネームサーバ]               ns2.example.jp
			[割当年月日]                    2001/02/03
			[返却年月日]
			[最終更新]                      2010/11/12 04:05:06(JST)

			上位情報
			----------
			例通信 (Example Telecom)
			                     [割り振り]                                192.0.0.0/16
			        SUBA-001-002 [SUBA]                                    192.0.2.0/24

			下位情報
			----------
			該当するデータがありません。
			`,
			want: `
			verdict found
			range 192.0.2.0/26
			name EXAMPLE-NET
			parent 192.0.2.0/24
			ns ns1.example.jp ns2.example.jp
			holder 株式会社例 <組織名>
			abuse abuse@example.jp <Abuse>
			created 2001-02-03
			updated 2010-11-12T04:05:06+09:00
			`,
		},
		{
			rule: "JPNIC: an AS number in English", server: "whois.nic.ad.jp", query: "AS64500",
			text: `
			[ JPNIC database provides information regarding IP address and ASN.           ]

			Autonomous System Information:
			a. [AS Number]                  64500
			b. [AS Name]                    EXAMPLE-AS
			g. [Organization]               Example K.K.
			m. [Administrative Contact]     EX1JP
			n. [Technical Contact]          EX2JP
			o. [Abuse]                      abuse@example.jp
			y. [Notify]
			[Assigned Date]                 2001/02/03
			[Return Date]
			[Last Update]                   2010/11/12 04:05:06(JST)
			`,
			want: `
			verdict found
			as 64500-64500
			name EXAMPLE-AS
			holder Example K.K. <Organization>
			abuse abuse@example.jp <Abuse>
			created 2001-02-03
			updated 2010-11-12T04:05:06+09:00
			`,
		},
		{
			rule: "JPNIC: an AS number in Japanese", server: "whois.nic.ad.jp", query: "AS64500",
			text: `
			Autonomous System Information: [AS情報]
			a. [AS番号]                     64500
			b. [AS名]                       EXAMPLE-AS
			f. [組織名]                     株式会社例
			g. [Organization]               Example K.K.
			[割当年月日]                    2001/02/03
			[最終更新]                      2010/11/12 04:05:06(JST)
			`,
			want: `
			verdict found
			as 64500-64500
			name EXAMPLE-AS
			holder 株式会社例 <組織名>
			created 2001-02-03
			updated 2010-11-12T04:05:06+09:00
			`,
		},
		{
			rule: "KRNIC: the user's network in both languages, behind the provider's", server: "whois.nic.or.kr", query: "192.0.2.70",
			text: `
			query : 192.0.2.70

			# KOREAN(UTF8)

			조회하신 IPv4주소는 한국인터넷진흥원으로부터 아래의 관리대행자에게 할당되었으며, 할당 정보는 다음과 같습니다.

			[ 네트워크 할당 정보 ]
			IPv4주소           : 192.0.0.0 - 192.0.31.255 (/19)
			기관명             : 주식회사 예시통신
			서비스명           : EXNET
			주소               : 서울특별시
			우편번호           : 12345
			할당일자           : 20010203

			이름               : IP주소 담당자
			전화번호           : +82-2-555-0100
			전자우편           : ip@example.kr

			조회하신 IPv4주소는 위의 관리대행자로부터 아래의 사용자에게 할당되었으며, 할당 정보는 다음과 같습니다.
			--------------------------------------------------------------------------------

			[ 네트워크 할당 정보 ]
			IPv4주소           : 192.0.2.64 - 192.0.2.95 (/27)
			기관명             : 예시빵집
			네트워크 구분      : CUSTOMER
			주소               : 부산광역시
			할당내역 등록일    : 20150506

			이름               : 담당자
			전자우편           : user@example.kr

			KRNIC is not an ISP but a National Internet Registry similar to APNIC.

			# ENGLISH

			KRNIC is not an ISP but a National Internet Registry similar to APNIC.

			[ Network Information ]
			IPv4 Address       : 192.0.0.0 - 192.0.31.255 (/19)
			Organization Name  : Example Telecom
			Service Name       : EXNET
			Address            : Seoul
			Zip Code           : 12345
			Registration Date  : 20010203

			Name               : IP Manager
			Phone              : +82-2-555-0100
			E-Mail             : ip@example.kr

			--------------------------------------------------------------------------------

			More specific assignment information is as follows.

			[ Network Information ]
			IPv4 Address       : 192.0.2.64 - 192.0.2.95 (/27)
			Organization Name  : Example Bakery
			Network Type       : CUSTOMER
			Address            : Busan
			Zip Code           : 23456
			Registration Date  : 20150506

			Name               : IP Manager
			Phone              : +82-51-555-0100
			E-Mail             : user@example.kr
			`,
			want: `
			verdict found
			range 192.0.2.64/27
			status CUSTOMER
			parent 192.0.0.0/19
			holder Example Bakery <Organization Name>
			created 2015-05-06
			`,
		},
		{
			rule: "KRNIC: Korean only, with the abuse desk", server: "whois.kisa.or.kr",
			text: `
			[ 네트워크 할당 정보 ]
			IPv6주소           : 2001:db8::/32
			기관명             : 주식회사 예시통신
			서비스명           : EXV6
			할당일자           : 20010203

			[ 네트워크 Abuse 담당자 정보 ]
			이름               : 담당자
			전자우편           : abuse@example.kr
			`,
			want: `
			verdict found
			range 2001:db8::/32
			name EXV6
			holder 주식회사 예시통신 <기관명>
			abuse abuse@example.kr <abuse contact information>
			created 2001-02-03
			`,
		},
		{
			rule: "KRNIC's older form: the organisation and the abuse desk in blocks of their own", server: "whois.nic.or.kr", query: "192.0.2.70",
			text: `
			query: 192.0.2.70

			# ENGLISH

			KRNIC is not an ISP but a National Internet Registry similar to APNIC.
			The followings are information of the organization that is using the IPv4 address.

			IPv4 Address       : 192.0.2.64-192.0.2.95
			Network Name       : EX-INFRA
			Connect ISP Name   : EXNET
			Registration Date  : 20011205
			Publishes          : Y

			[ Organization Information ]
			Organization ID    : ORG24
			Org Name           : Example Bakery
			State              : SEOUL
			Address            : 1 Street

			[ Technical Contact Information ]
			Name               : Some Body
			Org Name           : Example Tech
			E-Mail             : tech@example.kr

			--------------------------------------------------------------------------------

			[ ISP IPv4 Admin Contact Information ]
			Name               : IP Administrator
			E-Mail             : ip@example.kr

			[ ISP Network Abuse Contact Information ]
			Name               : Network Abuse
			E-Mail             : abuse@example.kr
			`,
			want: `
			verdict found
			range 192.0.2.64/27
			name EX-INFRA
			holder Example Bakery <Org Name>
			handle ORG24
			abuse abuse@example.kr <abuse contact information>
			created 2001-12-05
			`,
		},
		{
			rule: "KRNIC: a range of several prefixes", server: "whois.kisa.or.kr",
			text: `
			# ENGLISH

			[ Network Information ]
			IPv4 Address       : 192.0.0.0 - 192.0.5.255 (/22+/23)
			Organization Name  : Example Telecom
			Service Name       : EXNET
			Registration Date  : 20010203
			`,
			want: `
			verdict found
			range 192.0.0.0 - 192.0.5.255
			prefixes 192.0.0.0/22 192.0.4.0/23
			name EXNET
			holder Example Telecom <Organization Name>
			created 2001-02-03
			`,
		},
		{
			rule: "KRNIC: an AS number", server: "whois.nic.or.kr", query: "AS64500",
			text: `
			query : AS64500

			# KOREAN(UTF8)

			[ AS번호 정보 ]
			AS번호             : AS64500
			AS이름             : EXAMPLE-AS
			등록일자           : 20010203

			[ 기관 정보 ]
			기관명             : 주식회사 예시통신

			# ENGLISH

			[ AS Number Information ]
			AS Number          : AS64500
			AS Name            : EXAMPLE-AS
			Registration Date  : 20010203

			[ Organization Information ]
			Org Name           : Example Telecom
			Address            : Seoul
			`,
			want: `
			verdict found
			as 64500-64500
			name EXAMPLE-AS
			holder Example Telecom <Org Name>
			created 2001-02-03
			`,
		},
		{
			rule: "TWNIC: everything indented, the holder's address above, contacts below their titles", server: "whois.twnic.net",
			text: `
			   Example Telecom Co., Ltd.
			   No. 1, Street
			   Taipei Taiwan
			   TW

			   Netname: EX-TW
			   Netblock: 203.0.113.0/24

			   Administrator contact:
			      adm@example.tw

			   Technical contact:
			      tech@example.tw
			`,
			want: `
			verdict found
			range 203.0.113.0/24
			name EX-TW
			holder Example Telecom Co., Ltd. <address>
			country TW <holder>
			`,
		},
		{
			rule: "TWNIC: with a label for the holder", server: "whois.twnic.net", query: "203.0.113.9",
			text: `
			   Netname: EX-TW
			   Netblock: 203.0.113.0-203.0.113.127

			   Organization: Example Telecom
			   Address: Taipei

			   Administrator contact:
			      adm@example.tw
			`,
			want: `
			verdict found
			range 203.0.113.0/25
			name EX-TW
			holder Example Telecom <Organization>
			`,
		},
		{
			rule: "VNNIC, CNNIC and IDNIC write RPSL", server: "whois.apnic.net",
			text: `
			inetnum:        203.0.113.0 - 203.0.113.255
			netname:        EX-VN
			descr:          Example Joint Stock Company
			country:        VN
			admin-c:        EX1-AP
			mnt-by:         MAINT-VN-VNNIC
			mnt-irt:        IRT-VNNIC-AP
			status:         ALLOCATED PORTABLE
			source:         APNIC

			irt:            IRT-VNNIC-AP
			abuse-mailbox:  hm-changed@vnnic.vn
			e-mail:         hm-changed@vnnic.vn
			source:         APNIC
			`,
			want: `
			verdict found
			range 203.0.113.0/24
			name EX-VN
			status ALLOCATED PORTABLE
			holder Example Joint Stock Company <descr>
			country VN <network>
			abuse hm-changed@vnnic.vn <irt>
			`,
		},
	})
}

func TestAnswersOfIANAAndRWhois(t *testing.T) {
	checkNumbers(t, []numbersCase{
		{
			rule: "IANA: a legacy block", server: "whois.iana.org", query: "196.0.2.1",
			text: `
			% IANA WHOIS server
			% for more information on IANA, visit http://www.iana.org

			refer:        whois.afrinic.net

			inetnum:      196.0.0.0 - 196.255.255.255
			organisation: Administered by AFRINIC
			status:       LEGACY

			whois:        whois.afrinic.net

			changed:      1993-05
			source:       IANA
			`,
			want: `
			verdict elsewhere
			range 196.0.0.0/8
			status LEGACY
			holder Administered by AFRINIC <organisation>
			updated 1993-05
			to whois://whois.afrinic.net
			`,
		},
		{
			rule: "IANA: a region's IPv6 space", server: "whois.iana.org", query: "2001:db8::1",
			text: `
			% IANA WHOIS server

			refer:        whois.arin.net

			inet6num:     2001:d00:0:0:0:0:0:0/23
			organisation: ARIN
			status:       ALLOCATED

			whois:        whois.arin.net

			changed:      2006-10
			source:       IANA
			`,
			want: `
			verdict elsewhere
			range 2001:c00::/23
			status ALLOCATED
			holder ARIN <organisation>
			updated 2006-10
			to whois://whois.arin.net
			`,
		},
		{
			rule: "IANA: a company's own /8", server: "whois.iana.org", query: "17.0.2.1",
			text: `
			% IANA WHOIS server

			refer:        whois.arin.net

			inetnum:      17.0.0.0 - 17.255.255.255
			organisation: Example Computer Inc.
			status:       LEGACY

			whois:        whois.arin.net

			changed:      1992-07
			source:       IANA
			`,
			want: `
			verdict found
			range 17.0.0.0/8
			status LEGACY
			holder Example Computer Inc. <organisation>
			updated 1992-07
			to whois://whois.arin.net
			`,
		},
		{
			rule: "IANA: a block of AS numbers", server: "whois.iana.org", query: "AS1880",
			text: `
			% IANA WHOIS server

			refer:        whois.ripe.net

			as-block:     1877-1901
			organisation: Assigned by RIPE NCC

			whois:        whois.ripe.net

			changed:      1993-09-01
			source:       IANA
			`,
			want: `
			verdict elsewhere
			as 1877-1901
			holder Assigned by RIPE NCC <organisation>
			updated 1993-09-01
			to whois://whois.ripe.net
			`,
		},
		{
			rule: "RWhois: class, ID and attributes with their type", server: "rwhois.example.net:4321", query: "192.0.2.70",
			text: `
			%rwhois V-1.5:003eff:00 rwhois.example.net (by Network Solutions, Inc. V-1.5.9.6)
			network:Class-Name:network
			network:ID:EX-1.192.0.2.64/27
			network:Auth-Area:192.0.2.0/24
			network:Network-Name:EX-192-0-2-64
			network:IP-Network:192.0.2.64/27
			network:IP-Network-Block:192.0.2.64 - 192.0.2.95
			network:Organization;I:Example Bakery
			network:Street-Address:2 Side St
			network:City:Springfield
			network:State:IL
			network:Postal-Code:62702
			network:Country-Code:US
			network:Tech-Contact;I:NOC-EX.192.0.2.0/24
			network:Admin-Contact;I:NOC-EX.192.0.2.0/24
			network:Abuse-Contact;I:abuse@example.net
			network:Created:20150506
			network:Updated:20200102
			network:Updated-By:hostmaster@example.net

			%ok
			`,
			want: `
			verdict found
			range 192.0.2.64/27
			name EX-192-0-2-64
			net EX-1.192.0.2.64/27
			holder Example Bakery <Organization>
			country US <network>
			abuse abuse@example.net <Abuse-Contact>
			created 2015-05-06
			updated 2020-01-02
			`,
		},
		{
			rule: "RWhois: the holder as a contact, the provider's network first", server: "rwhois.example.net:4321", query: "192.0.2.70",
			text: `
			%rwhois V-1.5:0010b0:00 rwhois.example.net (Example RWhois)
			network:ID;I:NET-192.0.2.0/24
			network:Auth-Area:nets
			network:Class-Name:network
			network:Network-Name;I:EX-192.0.2.0/24
			network:IP-Network:192.0.2.0/24
			network:Org-Name:Example Carrier
			network:Abuse-Email:abuse@example.net

			network:ID;I:NET-192.0.2.64/27
			network:Auth-Area:nets
			network:Class-Name:network
			network:Network-Name;I:EX-192.0.2.64/27
			network:Parent;I:NET-192.0.2.0/24
			network:IP-Network:192.0.2.64/27
			network:Org-Contact;I:POC-EX-7
			network:Tech-Contact;I:POC-EX-1
			network:Abuse-Contact;I:POC-EX-9
			network:Created:20150506123456789
			network:Updated:20200102030405000

			contact:POC-Name:Example Bakery
			contact:POC-Email:bakery@example.com
			contact:Country:US
			contact:ID;I:POC-EX-7
			contact:Class-Name:contact

			contact:POC-Name:Abuse desk
			contact:POC-Email:abuse@example.net
			contact:ID;I:POC-EX-9
			contact:Class-Name:contact

			%ok
			`,
			want: `
			verdict found
			range 192.0.2.64/27
			name EX-192.0.2.64/27
			net NET-192.0.2.64/27
			parent 192.0.2.0/24
			under NET-192.0.2.0/24
			holder Example Bakery <org-contact>
			handle POC-EX-7
			country US <holder>
			abuse abuse@example.net <abuse-c>
			created 2015-05-06T12:34:56
			updated 2020-01-02T03:04:05
			`,
		},
		{
			rule: "RWhois: another server knows", server: "rwhois.example.net:4321", query: "192.0.2.70",
			text: `
			%rwhois V-1.5:003eff:00 rwhois.example.net (by Network Solutions, Inc. V-1.5.9.6)
			%referral rwhois://rwhois2.example.net:4321/auth-area=192.0.2.0/24
			%ok
			`,
			want: `
			verdict elsewhere
			to rwhois://rwhois2.example.net
			`,
		},
		{
			rule: "RWhois: nothing there", server: "rwhois.example.net:4321", query: "192.0.2.70",
			text: `
			%rwhois V-1.5:003eff:00 rwhois.example.net (by Network Solutions, Inc. V-1.5.9.6)
			%error 230 No objects found
			`,
			want: `
			verdict not_found
			`,
		},
	})
}
