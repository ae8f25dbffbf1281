package whoislookup_test

import "testing"

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
