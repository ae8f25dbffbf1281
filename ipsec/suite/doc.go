// Package suite knows the algorithms of IKE and ESP by the words of three
// daemons, tells what two lists of proposals agree on, and what ESP costs.
//
//	west := suite.Parse("aes256gcm16-prfsha256-modp2048!", suite.ProtocolIKE, conf.DialectStrongSwan)
//	east := suite.Parse("aes256-sha256-modp2048!", suite.ProtocolIKE, conf.DialectStrongSwan)
//	suite.Negotiate(west, east, suite.MomentFirst) // refused: the ciphers differ
//
// # Usage
//
// [Parse] reads what a configuration proposes; [Negotiate] says whether two offers
// agree, at first or at a rekey; [Proposal.Sizes] gives the bytes that a suite costs,
// and from them the inner MTU and the MSS.
//
// The transforms stand as text in transforms.txt, with their sources. A word that
// is in no line of it, or that not every libreswan takes, is in [Offer.Unread], and
// an offer with such a word never makes Negotiate say that two ends have nothing in common, or that they agree by
// it.
//
// # Privileges
//
// None.
//
// # Platforms
//
// All.
//
// # Testing
//
// The sizes are those that two daemons put on the wire, and what two ends agree on
// is what two daemons answered. Of libreswan's words its own algparse is asked.
package suite
