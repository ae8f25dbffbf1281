package whoislookup_test

import "testing"

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
