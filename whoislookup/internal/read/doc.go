// Package read turns the bytes of one answer into facts: values by field, each with
// the line that it was read from, whichever registry wrote them and in which form.
// It asks nobody and knows of no other answer: package whoislookup joins them.
//
//	parse.go      the way through: charset, pasted text, lines, which form it is
//	reader.go     lines with their labels, and values with their sources
//	network.go    addresses: RPSL, ARIN's blocks and lists, RWhois
//	domain.go     domain names: what a line means by its label and section
//	rdap.go       RDAP (RFC 9083), from a tree that knows its lines
//	refusal.go    what an answer says that holds no object
//	dateparse.go  dates as they are written
//	about.go      whether an answer is about what was asked for
package read
