// Package servers knows which WHOIS server keeps what, and how each wants to
// be asked.
//
//	var table servers.Table
//	host, _ := table.Addr(netip.MustParseAddr("138.0.155.10")) // whois.arin.net
//	line := servers.Line(host, servers.KindAddr, "138.0.155.10")   // n + 138.0.155.10
//
// # Usage
//
// The zero [Table] is the embedded one; [Table.Date] says how old it is. A
// caller with newer facts sets its fields to texts of the same form. Nothing is
// ever fetched. [Special] and [SpecialASN] tell space that nobody holds, with
// the RFC that says so.
//
// # Privileges
//
// None: the package is pure.
//
// # Platforms
//
// All.
//
// # Testing
//
// A Table with its fields set is a table of three lines.
package servers
