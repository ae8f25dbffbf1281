package whoislookup_test

import "testing"

func TestAnswersOfRIPE(t *testing.T) {
	checkNumbers(t, []numbersCase{
		{
			rule: "the organisation by handle, its abuse contact in the comment", server: "whois.ripe.net", query: "192.0.2.9",
			text: `
			% This is the RIPE Database query service.

			% Information related to '192.0.2.0 - 192.0.2.255'

			% Abuse contact for '192.0.2.0 - 192.0.2.255' is 'abuse@example.net'

			inetnum:        192.0.2.0 - 192.0.2.255
			netname:        EX-NET
			descr:          Racks in the north
			country:        NL
			country:        DE
			org:            ORG-EX1-RIPE
			admin-c:        EX1-RIPE
			tech-c:         EX1-RIPE
			status:         ASSIGNED PA
			mnt-by:         EX-MNT
			created:        2003-03-17T12:15:57Z
			last-modified:  2017-12-04T14:42:31Z
			source:         RIPE

			organisation:   ORG-EX1-RIPE
			org-name:       Example Hosting B.V.
			country:        NL
			org-type:       LIR
			address:        Street 1
			abuse-c:        AR1-RIPE
			mnt-ref:        EX-MNT
			created:        2004-04-17T11:22:00Z
			last-modified:  2020-12-16T13:20:14Z
			source:         RIPE # Filtered

			role:           Example NOC
			address:        Street 1
			e-mail:         noc@example.net
			abuse-mailbox:  other@example.net
			nic-hdl:        EX1-RIPE
			source:         RIPE # Filtered

			% Information related to '192.0.0.0/22AS64500'

			route:          192.0.0.0/22
			descr:          Example
			origin:         AS64500
			mnt-by:         EX-MNT
			source:         RIPE

			% This query was served by the RIPE Database Query Service version 1.100 (EXAMPLE)
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			name EX-NET
			status ASSIGNED PA
			route 192.0.0.0/22 AS64500
			holder Example Hosting B.V. <org-name>
			handle ORG-EX1-RIPE
			country NL <network>
			abuse abuse@example.net <comment>
			created 2003-03-17T12:15:57Z
			updated 2017-12-04T14:42:31Z
			`,
		},
		{
			rule: "an abuse role by the organisation's abuse-c", server: "whois.ripe.net",
			text: `
			inet6num:       2001:db8::/32
			netname:        EX-V6
			country:        SE
			org:            ORG-EX1-RIPE
			status:         ALLOCATED-BY-RIR
			source:         RIPE

			organisation:   ORG-EX1-RIPE
			org-name:       Example AB
			abuse-c:        AR1-RIPE
			source:         RIPE

			role:           Registry
			e-mail:         lir@example.net
			nic-hdl:        LIR1-RIPE
			abuse-mailbox:  lir-abuse@example.net
			source:         RIPE

			role:           Abuse desk
			nic-hdl:        AR1-RIPE
			abuse-mailbox:  report@example.net
			source:         RIPE
			`,
			want: `
			verdict found
			range 2001:db8::/32
			name EX-V6
			status ALLOCATED-BY-RIR
			holder Example AB <org-name>
			handle ORG-EX1-RIPE
			country SE <network>
			abuse report@example.net <abuse-c>
			`,
		},
		{
			rule: "space that RIPE does not manage", server: "whois.ripe.net", query: "192.0.2.9",
			text: `
			% No abuse contact registered for 192.0.0.0 - 192.1.255.255

			inetnum:        192.0.0.0 - 192.1.255.255
			netname:        NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK
			descr:          IPv4 address block not managed by the RIPE NCC
			remarks:        ------------------------------------------------------
			remarks:        For registration information,
			remarks:        you can consult the following sources:
			remarks:        APNIC (Asia Pacific)
			remarks:        http://www.apnic.net/ whois.apnic.net
			remarks:        ------------------------------------------------------
			country:        EU # Country is really world wide
			admin-c:        IANA1-RIPE
			tech-c:         IANA1-RIPE
			status:         ALLOCATED UNSPECIFIED
			mnt-by:         RIPE-NCC-HM-MNT
			created:        2019-01-07T10:48:54Z
			last-modified:  2019-01-07T10:48:54Z
			source:         RIPE

			role:           Internet Assigned Numbers Authority
			address:        see http://www.iana.org.
			nic-hdl:        IANA1-RIPE
			source:         RIPE # Filtered
			`,
			want: `
			verdict elsewhere
			range 192.0.0.0/15
			name NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK
			status ALLOCATED UNSPECIFIED
			holder IPv4 address block not managed by the RIPE NCC <descr>
			country EU <network>
			created 2019-01-07T10:48:54Z
			updated 2019-01-07T10:48:54Z
			`,
		},
		{
			rule: "an early registration that was handed over", server: "whois.ripe.net",
			text: `
			inetnum:        198.51.100.0 - 198.51.100.255
			netname:        EXAMPLE-UNI
			descr:          Example University
			descr:          Town
			country:        PL
			admin-c:        EX2-RIPE
			status:         LEGACY
			remarks:        abuse reports: cert@example.edu
			mnt-by:         RIPE-NCC-LEGACY-MNT
			created:        1970-01-01T00:00:00Z
			last-modified:  2015-05-05T01:41:52Z
			source:         RIPE
			`,
			want: `
			verdict found
			range 198.51.100.0/24
			name EXAMPLE-UNI
			status LEGACY
			holder Example University <descr>
			country PL <network>
			abuse cert@example.edu <remarks>
			created 1970-01-01T00:00:00Z
			updated 2015-05-05T01:41:52Z
			`,
		},
		{
			rule: "an AS number with its block before it", server: "whois.ripe.net", query: "AS64500",
			text: `
			% Information related to 'AS64496 - AS64511'

			as-block:       AS64496 - AS64511
			descr:          RIPE NCC ASN block
			remarks:        These AS Numbers are assigned to network operators
			mnt-by:         RIPE-NCC-HM-MNT
			created:        2018-11-22T15:27:19Z
			last-modified:  2018-11-22T15:27:19Z
			source:         RIPE

			% Information related to 'AS64500'

			% Abuse contact for 'AS64500' is 'abuse@example.net'

			aut-num:        AS64500
			as-name:        EXAMPLE-AS
			descr:          The backbone
			org:            ORG-EX1-RIPE
			import:         from AS64501 accept ANY
			export:         to AS64501 announce AS64500
			status:         ASSIGNED
			created:        2002-09-12T08:59:17Z
			last-modified:  2021-09-12T08:59:17Z
			source:         RIPE

			organisation:   ORG-EX1-RIPE
			org-name:       Example Ltd
			country:        GB
			org-type:       LIR
			source:         RIPE
			`,
			want: `
			verdict found
			as 64500-64500
			name EXAMPLE-AS
			status ASSIGNED
			holder Example Ltd <org-name>
			handle ORG-EX1-RIPE
			country GB <organisation>
			abuse abuse@example.net <comment>
			created 2002-09-12T08:59:17Z
			updated 2021-09-12T08:59:17Z
			`,
		},
		{
			rule: "a block of AS numbers that another registry keeps", server: "whois.ripe.net", query: "AS64500",
			text: `
			as-block:       AS64496 - AS64511
			descr:          ARIN ASN block
			remarks:        These AS numbers are further assigned by ARIN
			remarks:        to ARIN members and end-users in the ARIN region
			remarks:        Please query whois.arin.net
			mnt-by:         RIPE-NCC-HM-MNT
			source:         RIPE
			`,
			want: `
			verdict elsewhere
			as 64496-64511
			holder ARIN ASN block <descr>
			to whois://whois.arin.net
			`,
		},
		{
			rule: "a number of the region that nobody has", server: "whois.ripe.net", query: "AS64500",
			text: `
			as-block:       AS64496 - AS64511
			descr:          RIPE NCC ASN block
			country:        NL
			mnt-by:         RIPE-NCC-HM-MNT
			source:         RIPE
			`,
			want: `
			verdict not_found
			`,
		},
		{
			rule: "a block of AS numbers as such", server: "whois.ripe.net",
			text: `
			as-block:       AS64496 - AS64511
			descr:          RIPE NCC ASN block
			source:         RIPE
			`,
			want: `
			verdict found
			as 64496-64511
			holder RIPE NCC ASN block <descr>
			`,
		},
		{
			rule: "the route alone", server: "whois.ripe.net",
			text: `
			route:          192.0.2.0/24
			descr:          Example
			origin:         AS64500
			mnt-by:         EX-MNT
			created:        2014-01-02T03:04:05Z
			last-modified:  2014-01-02T03:04:05Z
			source:         RIPE
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			route 192.0.2.0/24 AS64500
			`,
		},
		{
			rule: "a role of a dump", server: "bulk",
			text: `
			role:           Example NOC
			address:        Street
			country:        AU
			e-mail:         noc@example.net
			nic-hdl:        EX1-AP
			abuse-mailbox:  abuse@example.net
			changed:        hm@example.net 20010203
			source:         APNIC
			`,
			want: `
			verdict found
			holder Example NOC <role>
			handle EX1-AP
			country AU <holder>
			abuse abuse@example.net <abuse-mailbox>
			updated 2001-02-03
			`,
		},
		{
			rule: "a maintainer of a dump is no domain", server: "bulk",
			text: `
			mntner:         MAINT-EX
			descr:          Example maintainer
			admin-c:        EX1-AP
			auth:           # Filtered
			changed:        hm@example.net 20010203
			source:         APNIC
			`,
			want: `
			verdict found
			holder Example maintainer <descr>
			handle MAINT-EX
			updated 2001-02-03
			`,
		},
		{
			rule: "a set without a description", server: "whois.ripe.net", query: "AS-EXAMPLE",
			text: `
			as-set:         AS-EXAMPLE
			members:        AS64500, AS64501
			created:        2014-01-02T03:04:05Z
			source:         RIPE
			`,
			want: `
			verdict found
			holder AS-EXAMPLE <as-set>
			handle AS-EXAMPLE
			created 2014-01-02T03:04:05Z
			`,
		},
		{
			rule: "an organisation by its handle", server: "whois.ripe.net", query: "ORG-EX1-RIPE",
			text: `
			% Information related to 'ORG-EX1-RIPE'

			organisation:   ORG-EX1-RIPE
			org-name:       Example Ltd
			country:        GB
			org-type:       LIR
			address:        Street 1
			abuse-c:        AR1-RIPE
			created:        2004-04-17T11:22:00Z
			last-modified:  2020-12-16T13:20:14Z
			source:         RIPE # Filtered

			role:           Abuse desk
			nic-hdl:        AR1-RIPE
			abuse-mailbox:  report@example.net
			created:        2014-04-17T11:22:00Z
			source:         RIPE # Filtered
			`,
			want: `
			verdict found
			holder Example Ltd <org-name>
			handle ORG-EX1-RIPE
			country GB <organisation>
			abuse report@example.net <abuse-c>
			created 2004-04-17T11:22:00Z
			updated 2020-12-16T13:20:14Z
			`,
		},
	})
}
