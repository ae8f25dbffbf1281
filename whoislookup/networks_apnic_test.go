package whoislookup_test

import "testing"

func TestAnswersOfAPNIC(t *testing.T) {
	checkNumbers(t, []numbersCase{
		{
			rule: "the incident team of the network's mnt-irt", server: "whois.apnic.net",
			text: `
			% [whois.apnic.net]
			% Whois data copyright terms    http://www.apnic.net/db/dbcopyright.html

			% Information related to '203.0.113.0 - 203.0.113.255'

			inetnum:        203.0.113.0 - 203.0.113.255
			netname:        EX-AU
			descr:          Example Networks Pty Ltd
			descr:          Level 1
			country:        AU
			org:            ORG-EX1-AP
			admin-c:        EX1-AP
			tech-c:         EX1-AP
			abuse-c:        AE1-AP
			status:         ALLOCATED PORTABLE
			mnt-by:         APNIC-HM
			mnt-lower:      MAINT-EX-AP
			mnt-irt:        IRT-EX-AU
			last-modified:  2020-01-02T03:04:05Z
			source:         APNIC

			irt:            IRT-EX-AU
			address:        Level 1
			e-mail:         irt@example.net
			abuse-mailbox:  abuse@example.net
			admin-c:        EX1-AP
			auth:           # Filtered
			mnt-by:         MAINT-EX-AP
			last-modified:  2021-01-02T03:04:05Z
			source:         APNIC

			organisation:   ORG-EX1-AP
			org-name:       Example Networks
			country:        AU
			source:         APNIC

			role:           ABUSE EXAU
			country:        ZZ
			e-mail:         irt@example.net
			nic-hdl:        AE1-AP
			remarks:        Generated from irt object IRT-EX-AU
			abuse-mailbox:  abuse@example.net
			source:         APNIC
			`,
			want: `
			verdict found
			range 203.0.113.0/24
			name EX-AU
			status ALLOCATED PORTABLE
			holder Example Networks <org-name>
			handle ORG-EX1-AP
			country AU <network>
			abuse abuse@example.net <abuse-c>
			updated 2020-01-02T03:04:05Z
			`,
		},
		{
			rule: "the incident team only", server: "whois.apnic.net",
			text: `
			inetnum:        203.0.113.0 - 203.0.113.127
			netname:        EX-IN
			descr:          Example Telecom
			country:        IN
			status:         ALLOCATED NON-PORTABLE
			mnt-by:         MAINT-IN-IRINN
			mnt-irt:        IRT-EX-IN
			changed:        hostmaster@irinn.in 20130102
			source:         APNIC

			irt:            IRT-EX-IN
			e-mail:         irt@example.in
			abuse-mailbox:  abuse@example.in
			source:         APNIC

			person:         Some Body
			e-mail:         somebody@example.in
			nic-hdl:        SB1-AP
			source:         APNIC
			`,
			want: `
			verdict found
			range 203.0.113.0/25
			name EX-IN
			status ALLOCATED NON-PORTABLE
			holder Example Telecom <descr>
			country IN <network>
			abuse abuse@example.in <irt>
			updated 2013-01-02
			`,
		},
		{
			rule: "the Korean copy behind APNIC's own", server: "whois.apnic.net", query: "203.0.113.9",
			text: `
			inetnum:        203.0.112.0 - 203.0.115.255
			netname:        EXKR
			descr:          Example Korea
			admin-c:        IM1-AP
			country:        KR
			status:         ALLOCATED PORTABLE
			mnt-by:         MNT-KRNIC-AP
			mnt-irt:        IRT-KRNIC-KR
			source:         APNIC

			irt:            IRT-KRNIC-KR
			e-mail:         irt@example.kr
			abuse-mailbox:  irt@example.kr
			source:         APNIC

			% Information related to '203.0.112.0 - 203.0.115.255'

			inetnum:        203.0.112.0 - 203.0.115.255
			netname:        EXKR-KR
			descr:          Example Korea
			country:        KR
			admin-c:        EX9-KR
			status:         ALLOCATED PORTABLE
			mnt-by:         MNT-KRNIC-AP
			mnt-irt:        IRT-KRNIC-KR
			changed:        hostmaster@nic.or.kr
			source:         KRNIC

			person:         IP Manager
			e-mail:         ip@example.kr
			nic-hdl:        EX9-KR
			source:         KRNIC
			`,
			want: `
			verdict found
			range 203.0.112.0/22
			name EXKR
			status ALLOCATED PORTABLE
			holder Example Korea <descr>
			country KR <network>
			abuse irt@example.kr <irt>
			`,
		},
		{
			rule: "an early registration that another registry keeps", server: "whois.apnic.net", query: "192.0.2.9",
			text: `
			inetnum:        192.0.0.0 - 192.0.255.255
			netname:        ERX-NETBLOCK
			descr:          Early registration addresses
			remarks:        Address ranges from this historical space have now
			remarks:        been transferred to the appropriate RIR database.
			country:        AU
			admin-c:        IANA1-AP
			mnt-by:         APNIC-HM
			status:         ALLOCATED PORTABLE
			source:         APNIC
			`,
			want: `
			verdict elsewhere
			range 192.0.0.0/16
			name ERX-NETBLOCK
			status ALLOCATED PORTABLE
			holder Early registration addresses <descr>
			country AU <network>
			`,
		},
		{
			rule: "an abuse address in the remarks, and one that is no abuse address", server: "whois.apnic.net",
			text: `
			inetnum:        203.0.113.0 - 203.0.113.31
			netname:        EX-JP
			descr:          Example Exchange
			descr:          info@example.jp
			country:        JP
			admin-c:        EX1-AP
			remarks:        Email address for spam or abuse complaints : abuse@example.jp
			mnt-by:         MAINT-EX
			changed:        hm-changed@apnic.net 20041222
			changed:        apnic-ftp@nic.ad.jp 20150113
			status:         ASSIGNED NON-PORTABLE
			source:         APNIC

			role:           Example NOC
			e-mail:         noc@example.jp
			nic-hdl:        EX1-AP
			source:         APNIC
			`,
			want: `
			verdict found
			range 203.0.113.0/27
			name EX-JP
			status ASSIGNED NON-PORTABLE
			holder Example Exchange <descr>
			country JP <network>
			abuse abuse@example.jp <remarks>
			updated 2015-01-13
			`,
		},
		{
			rule: "the whole region's space, given to nobody", server: "whois.apnic.net", query: "203.0.113.9",
			text: `
			inetnum:        0.0.0.0 - 255.255.255.255
			netname:        IANA-BLK
			descr:          The whole IPv4 address space
			country:        AU
			admin-c:        IANA1-AP
			status:         ALLOCATED PORTABLE
			mnt-by:         APNIC-HM
			source:         APNIC
			`,
			want: `
			verdict elsewhere
			range 0.0.0.0/0
			name IANA-BLK
			status ALLOCATED PORTABLE
			holder The whole IPv4 address space <descr>
			country AU <network>
			`,
		},
		{
			rule: "a block of AS numbers and the number in it", server: "whois.apnic.net", query: "AS64500",
			text: `
			as-block:       AS64496 - AS64511
			descr:          APNIC ASN block
			remarks:        These AS numbers are further assigned by APNIC
			country:        AU
			mnt-by:         APNIC-HM
			source:         APNIC

			aut-num:        AS64500
			as-name:        EX-AP
			descr:          Example KK
			country:        JP
			admin-c:        JNIC1-AP
			mnt-by:         MAINT-JPNIC
			source:         APNIC
			`,
			want: `
			verdict found
			as 64500-64500
			name EX-AP
			holder Example KK <descr>
			country JP <as>
			`,
		},
		{
			rule: "AFRINIC: the parent in words, the address of the organisation", server: "whois.afrinic.net",
			text: `
			% Note: this output has been filtered.

			% No abuse contact registered for 192.0.2.0 - 192.0.2.255

			inetnum:        192.0.2.0 - 192.0.2.255
			netname:        EX-ZA
			descr:          Example (Pty) Ltd - call abuse@example.co.za
			country:        ZA
			org:            ORG-EX1-AFRINIC
			admin-c:        EX1-AFRINIC
			status:         ASSIGNED PA
			mnt-by:         EX-MNT
			source:         AFRINIC # Filtered
			parent:         192.0.0.0 - 192.0.127.255

			organisation:   ORG-EX1-AFRINIC
			org-name:       Example (Pty) Ltd
			org-type:       LIR
			country:        ZA
			source:         AFRINIC # Filtered
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			name EX-ZA
			status ASSIGNED PA
			parent 192.0.0.0/17
			holder Example (Pty) Ltd <org-name>
			handle ORG-EX1-AFRINIC
			country ZA <network>
			`,
		},
	})
}
