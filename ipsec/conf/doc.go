// Package conf reads ipsec.conf files by the rules of ipsec.conf(5), in the
// syntax of libreswan and Openswan and in that of strongSwan's starter, and
// swanctl.conf into the same model: each child of a connection is one, in the words
// of ipsec.conf. It keeps for every parameter the file and line that it stands in.
//
//	c, err := conf.Read(os.DirFS("/"), "etc/ipsec.conf", conf.DialectLibreswan)
//	conn, err := c.Conn("tunnel") // with also= and %default resolved
//	conn.Get("auto")              // Param{Value: "start", File: …, Line: 7}
//
// # Usage
//
// [Parse] reads one text and lists the include lines that it did not follow;
// [Read] follows them within a file system. Both return what they could read
// together with an error that names file, line, field and what was read
// instead ([*SyntaxError], matching [ErrSyntax]). [Conf.Conn] resolves one
// connection as the daemon would: its own parameters, then those of the
// sections that it names by also=, then those of %default.
//
// Text that was pasted from a web page or a terminal is read as it was there; what
// was changed stands in Conf.Pasted. Which parameters each family of daemons has
// stands in words.txt; what one means, and whether two ends agree, is said by package
// ipsec.
//
// A value with a double quote or a brace in it that is not around all of it is
// an error here, as the manual forbids it; libreswan takes most such words as
// they stand, quotes and all. Two things are taken here that libreswan 4 does
// not take so: a comment behind a value or a section's name without a blank
// after its #, for which it refuses the file, and line ends of DOS, which it
// leaves in the values.
//
// # Privileges
//
// None of its own. Keys, which swanctl.conf may hold, are not kept, and no error
// quotes a file that may hold some.
//
// # Platforms
//
// All. Nothing here asks the system anything.
//
// # Testing
//
// The grammar is compared with libreswan's own addconn and with the pairs of
// configurations of two projects' test suites, and fuzzed.
package conf
