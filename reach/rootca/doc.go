// Package rootca finds root certificates whose private key is public: whoever
// trusts one trusts anybody. In November 2015 Dell shipped one, eDellRoot, on
// its laptops, as Lenovo had shipped Superfish's before.
//
//	r, err := rootca.System(ctx)
//	fmt.Println(r)
//
//	compromised: 1 of 145 certificates, compared with 5 known roots as of 2026-12-01
//	  eDellRoot: the certificate itself, in /etc/ssl/certs/ca-certificates.crt line 3012
//	next: remove it from the store and find out who put it there
//	not checked: nothing more
//
// # Usage
//
// [System] reads the system's store, [Paths] files and directories, [FS] any file
// system, [Bundle] bytes, [Chain] what a server sent (reach.TLS holds it). A
// certificate is named if it is a known root, if it holds a known root's key
// (a root made anew from the same key is as bad), or if a known root's key
// signed it. Names are never compared: innocent certificates share them.
//
// Nothing is skipped because Go's crypto/x509 refuses to parse it (as it
// does one of the two that Dell shipped, whose serial number is negative):
// the three parts that count are read from the DER encoding itself. What
// cannot be read even so is in Unseen, with its file and line, and no report
// with such a gap says clean.
//
// # Privileges
//
// Those of reading the files.
//
// # Platforms
//
// Everywhere. On Windows the system's store is no file, and System an error that
// matches errors.ErrUnsupported; on macOS the keychains are a gap. Stores that programs
// bring themselves (Firefox and others by NSS, Java, containers) are not the
// system's: where System finds one, that is a gap too.
//
// # Testing
//
// Everything takes bytes or an fs.FS, such as testing/fstest.MapFS.
package rootca
