// Package rpsl reads registry text line by line and object by object.
//
//	for object := range rpsl.Objects(dump) {
//		fmt.Printf("%s %s\n", object.Class(), object.Get("netname")) // inetnum GIGARED-NET
//	}
//
// The same scanner serves RPSL (RFC 2622: RIPE NCC, APNIC, AFRINIC, the
// routing registries), the "NetRange:" blocks of ARIN, the bracketed labels of
// JPNIC and JPRS, the answers of LACNIC, registro.br, KRNIC, TWNIC, IANA and
// RWhois, and the answers of domain registries. It knows nothing about what a
// label means: it says where labels and values stand, and never fails.
//
// # Usage
//
// [Scanner] yields lines as offsets into the text, without copying and without
// allocating. [Objects] groups lines by blank lines, as RPSL does; [Read] does
// the same for a dump that is larger than memory. Names and values are
// sub-slices of the input: they are valid as long as it is.
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
// Text is a literal; nothing has to be faked.
package rpsl
