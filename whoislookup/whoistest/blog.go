package whoistest

// Blog returns the world of November and December 2015 in which a newspaper's
// site moved: ARIN's placeholder for 138.0.0.0/16, LACNIC's answers about the
// new and the old address (in Latin-1, as LACNIC writes), and ARIN's about the
// content delivery network. Written from facts: ranges, holders and referrals;
// no persons, telephone numbers or mail addresses.
func Blog() Answers {
	return Answers{
		"whois.arin.net": {
			"138.0.155.10": arinPlaceholder,
			"104.20.75.37": arinCloudFlare,
			"104.20.76.37": arinCloudFlare,
		},
		"whois.lacnic.net": {
			"138.0.155.10":   lacnicHead + lacnicGigared + lacnicFoot,
			"190.57.233.170": lacnicHead + lacnicEditorial + lacnicFoot,
		},
	}
}

const arinPlaceholder = `
#
# In ARIN's format, for tests: the registry puts its rules of use
# into comments like these, before an answer and behind it.
#

NetRange:       138.0.0.0 - 138.0.255.255
CIDR:           138.0.0.0/16
NetName:        LACNIC-ERX-138-0-0-0
NetHandle:      NET-138-0-0-0-1
Parent:         NET138 (NET-138-0-0-0-0)
NetType:        Transferred to LACNIC
OriginAS:
Organization:   Latin American and Caribbean IP address Regional Registry (LACNIC)
RegDate:        2010-11-19
Updated:        2010-11-19
Comment:        Handed over: LACNIC keeps these addresses now,
Comment:        and knows who has them.

ResourceLink:  whois.lacnic.net

OrgName:        Latin American and Caribbean IP address Regional Registry
OrgId:          LACNIC
City:           Montevideo
Country:        UY
RegDate:        2002-07-27
Updated:        2011-09-24

ReferralServer:  whois://whois.lacnic.net

#
# In ARIN's format, for tests: the registry puts its rules of use
# into comments like these, before an answer and behind it.
#
`

const arinCloudFlare = `
#
# In ARIN's format, for tests: the registry puts its rules of use
# into comments like these, before an answer and behind it.
#

NetRange:       104.16.0.0 - 104.31.255.255
CIDR:           104.16.0.0/12
NetName:        CLOUDFLARENET
NetHandle:      NET-104-16-0-0-1
Parent:         NET104 (NET-104-0-0-0-0)
NetType:        Direct Assignment
OriginAS:       AS13335
Organization:   CloudFlare, Inc. (CLOUD14)
RegDate:        2014-03-28
Updated:        2015-10-01

OrgName:        CloudFlare, Inc.
OrgId:          CLOUD14
City:           San Francisco
StateProv:      CA
Country:        US
RegDate:        2010-07-09
Updated:        2015-10-01

#
# In ARIN's format, for tests: the registry puts its rules of use
# into comments like these, before an answer and behind it.
#
`

const lacnicHead = "\n% In LACNIC's format, for tests\n" +
	"%  ask for one address, network or AS number\n\n" +
	"% LACNIC has it: whois.lacnic.net\n\n"

const lacnicGigared = `inetnum:     138.0.152/22
status:      allocated
aut-num:     N/A
owner:       Gigared S.A.
ownerid:     AR-GISA2-LACNIC
country:     AR
inetrev:     138.0.152/22
nserver:     NS1.GIGARED.COM
nsstat:      20151210 AA
nslastaa:    20151210
nserver:     NS2.GIGARED.COM
nsstat:      20151210 AA
nslastaa:    20151210
created:     20150102
changed:     20150102

`

// The address has one byte of Latin-1, i with acute accent.
const lacnicEditorial = "inetnum:     190.57.233.160/28\n" +
	"status:      reallocated\n" +
	"owner:       EDITORIAL LA PAGINA S.A.\n" +
	"ownerid:     AR-ELPS-LACNIC\n" +
	"address:     Sol\xeds, 1525,\n" +
	"address:     C1134ADG - CABA -\n" +
	"country:     AR\n" +
	"created:     20140930\n" +
	"changed:     20140930\n" +
	"inetnum-up:  190.57.224/19\n\n"

const lacnicFoot = "% End of the answer. whois.lacnic.net finds people and\n" +
	"% organisations by their handle too, but only by the\n" +
	"% whole of it.\n\n"
