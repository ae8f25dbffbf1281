package rootca

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
	"fmt"

	"github.com/opskit-go/opskit"
)

// Bundle scans bytes: any number of PEM blocks with text between them, or one
// or more certificates in DER. name is how the report calls them.
func Bundle(name string, data []byte) *Report {
	r := newReport()
	r.bundle(name, data, true)
	r.Judge()
	return r
}

// Chain scans certificates in DER, such as those that a TLS server sent
// (reach.TLS.Chain). A root need not be sent for a chain to lead to it: the
// signature of the last certificate tells.
func Chain(certs [][]byte) *Report {
	r := newReport()
	for i, der := range certs {
		r.der("", 0, i, der)
	}
	r.Judge()
	return r
}

func newReport() *Report { return &Report{AsOf: AsOf(), Roots: len(Known())} }

// bundle adds what is in data. With expected set, nothing in it is a gap.
func (r *Report) bundle(name string, data []byte, expected bool) {
	before := r.Certificates + len(r.Unseen)
	switch {
	case bytes.Contains(data, []byte("-----BEGIN ")):
		r.pem(name, data)
	case len(data) > 0 && data[0] == 0x30:
		if certs, ok := pkcs7(data); ok {
			r.many(name, 0, certs)
			break
		}
		for i := 0; len(data) > 0; i++ {
			if data = r.der(name, 0, i, data); data == nil {
				break
			}
		}
	case bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}), bytes.HasPrefix(data, []byte{0xce, 0xce, 0xce, 0xce}):
		r.gap("the Java key store "+name, "its format is not read", "keytool -list -rfc -keystore "+name)
	}
	switch {
	case r.Certificates+len(r.Unseen) > before:
		r.Files++
	case expected:
		r.gap(name, "there is no certificate in it", "PEM, DER or PKCS #7")
	}
}

// many adds certificates that stand one behind the other.
func (r *Report) many(name string, line int, certs []byte) {
	for i := 0; len(certs) > 0; i++ {
		if certs = r.der(name, line, i, certs); certs == nil {
			return
		}
	}
}

// pkcs7 returns the certificates of a SignedData (RFC 2315, 9.1), as a .p7b file
// holds them, one behind the other.
func pkcs7(data []byte) (certs []byte, ok bool) {
	var outer struct {
		Type    asn1.ObjectIdentifier
		Content struct {
			Signed asn1.RawValue
		} `asn1:"tag:0"`
	}
	if _, err := asn1.Unmarshal(data, &outer); err != nil || outer.Type.String() != "1.2.840.113549.1.7.2" {
		return nil, false
	}
	for rest := outer.Content.Signed.Bytes; len(rest) > 0; {
		var part asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &part); err != nil {
			return nil, true
		}
		if part.Class == asn1.ClassContextSpecific && part.Tag == 0 {
			return part.Bytes, true
		}
	}
	return nil, true
}

// pem goes through the blocks one by one, since pem.Decode would pass over one
// that it cannot read without a word.
func (r *Report) pem(name string, data []byte) {
	begin := []byte("-----BEGIN ")
	line, index := 1, 0
	for {
		i := bytes.Index(data, begin)
		if i < 0 {
			return
		}
		line += bytes.Count(data[:i], []byte("\n"))
		data = data[i:]
		block := data
		if end := bytes.Index(data[len(begin):], begin); end >= 0 {
			block = data[:len(begin)+end]
		}
		label, _, _ := bytes.Cut(block[len(begin):], []byte("-----"))
		switch string(label) {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
			p, _ := pem.Decode(block)
			if p == nil {
				r.gap(fmt.Sprintf("certificate %d of %s, line %d", index+1, name, line), "its PEM block is damaged", "openssl x509 -in FILE")
			} else {
				r.der(name, line, index, p.Bytes)
			}
			index++
		case "PKCS7", "CMS":
			p, _ := pem.Decode(block)
			var certs []byte
			if p != nil {
				certs, _ = pkcs7(p.Bytes)
			}
			if len(certs) == 0 {
				r.gap(fmt.Sprintf("the PKCS #7 block of %s, line %d", name, line), "it holds no certificate that could be read", "openssl pkcs7 -print_certs -in "+name)
			}
			r.many(name, line, certs)
		}
		line += bytes.Count(block, []byte("\n"))
		data = data[len(block):]
	}
}

// der adds one certificate and returns the bytes behind it, or nil if it
// could not be read.
func (r *Report) der(name string, line, index int, der []byte) []byte {
	c, rest, err := parseCertificate(der)
	if err != nil {
		where := fmt.Sprintf("certificate %d", index+1)
		if name != "" {
			where += " of " + name
		}
		if line > 0 {
			where += fmt.Sprintf(", line %d", line)
		}
		r.gap(where, err.Error(), "openssl asn1parse")
		return nil
	}
	r.Certificates++
	if root, m := c.match(); m != "" {
		r.Findings = append(r.Findings, Finding{Root: root, Match: m, File: name, Line: line, Index: index, SHA256: digest(c.raw)})
	}
	return rest
}

func (r *Report) gap(what, why, need string) {
	r.Unseen = append(r.Unseen, opskit.Gap{What: what, Why: why, Need: need})
}
