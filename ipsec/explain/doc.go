// Package explain reads the logs of charon (strongSwan) and pluto (libreswan) and
// tells at which step a tunnel failed to come up, and why.
//
//	west := explain.ReadLog("west", text) // of a file, of journalctl, or of journalctl -o json
//	fmt.Println(explain.Why(west))
//
// prints, where the peer refused and gave no reason,
//
//	failed: at ike_proposal: one of 2 causes
//	  ike_proposal: the two ends have no IKE proposal in common
//	    next: make ike= (swanctl: proposals) the same at both ends
//	  no_connection: the answering end has no connection loaded for these addresses and this version of IKE
//	    ...
//	not checked: which of the causes (the other end knows; need: its log of the same minutes)
//
// # Usage
//
// One line of one end stands for several causes: a daemon that refuses tells the
// other end next to nothing, on purpose (RFC 7296, section 2.21). So the answer of
// one log is a set that holds the cause, and as small as that log allows; [Why]
// with the logs of both ends leaves one. The last attempt counts that came to an
// end, and the tunnel's later life where it was up.
//
//	verdict      level     when
//	established  ok        the last attempt ended with a Child SA, and nothing was lost since
//	failed       problem   the last attempt was refused, or ended without an answer
//	lost         problem   it was up, and then the peer stopped answering
//	unknown      unknown   no attempt in the log came to an end that is understood
//
// # Privileges
//
// Whatever it takes to read the logs. Nothing of a log is kept but the lines that
// were understood, and those hold no keys.
//
// # Platforms
//
// All.
//
// # Testing
//
// A log is text.
package explain
