package rootca

import (
	"crypto/rsa"
	"math/big"
)

// Root is one root certificate whose private key is public.
type Root struct {
	Name   string `json:"name"`   // what it is known as
	SHA256 string `json:"sha256"` // of the certificate in DER, lower-case hex
	// SPKI is the SHA-256 of its SubjectPublicKeyInfo in DER; empty where this
	// package has no source for it, and then only the certificate is found.
	SPKI   string `json:"spki,omitempty"`
	Public string `json:"public"` // the day when its key became public
	Story  string `json:"story"`  // how it got into stores
	Source string `json:"source"` // whose fact this is
}

// AsOf is the day on which the table was last compared with its sources.
const AsOf = "2026-11-22"

// Known returns the table of compromised roots.
func Known() []Root {
	return []Root{
		{
			Name:   "eDellRoot",
			SHA256: "ec30c9c3065a06bb07dc5b1c6b497f370c1ca65c0f30c08e042ba6bcecc78f2c",
			SPKI:   "cdee9f3305572a677e1a6c82dc1e02a35b11cae6a684338c9f37fe1ac8daec23",
			Public: "2015-11-23",
			Story:  "shipped by Dell on laptops, with its private key",
			Source: "Chromium net/data/ssl/blocklist; computed from the certificate in chromium/badssl.com",
		},
		{
			Name:   "DSDTestProvider",
			SHA256: "0f912fd7be760be25afbc56bdc09cd9e5dcc9c6f6a55a778aefcb6aa30e31554",
			Public: "2015-11-24",
			Story:  "installed by Dell System Detect, with its private key; its serial number is negative",
			Source: "Chromium net/data/ssl/blocklist",
		},
		{
			Name:   "Superfish, Inc.",
			SHA256: "b6fe9151402bad1c06d7e66db67a26aa7356f2e6c644dbcf9f98968ff632e1b7",
			SPKI:   "4bb8f35ba1e126f8dde1b0c420625ed86dce61a7bddadbdea9aba578ff13145e",
			Public: "2015-02-19",
			Story:  "shipped by Lenovo on laptops to read TLS; one key for all of them",
			Source: "computed from the certificate in chromium/badssl.com",
		},
	}
}

// publicKey returns the RSA key of a known root, to check signatures with, or
// nil where this package does not have it. It is what SPKI is the digest of.
func publicKey(name string) *rsa.PublicKey {
	var modulus string
	switch name {
	case "eDellRoot":
		modulus = "bdd1260d6ecd5b845f41f0e17586cecea823d5bea3b1d975574130c55be06cdb" +
			"e2e6630933636cfc786fc2cd14bd6e02b52dfb95553100ec3936372e0fd77bf5" +
			"0dba46366fed259543b3cc1618a5bb0571ca389fa4ac4ef0e1362e6dfa43e8ed" +
			"cdb766b6013e63aef3678427a71abecfeddfdbbec053a45d7c2f44288703f956" +
			"c8d58d10f875efe6c210fdeae4df89ad5fba1e8df340f12fe5050961d997b0c9" +
			"83d82310a23790523ebc27dd4fe70e412a3bab1b4c638afce14a889ef729bb55" +
			"1c0b163592711bb0ffd5d5e822ea4f22f9c6baa2883a75b933aea8d8f7bb1cad" +
			"b3da1c6eca095eec63e621189123359ef2eea44bfe960cbd5aacc8105326d65f"
	case "Superfish, Inc.":
		modulus = "e8f34a18765f193fb1cf58e97f430709958035c50ffe7131278199122620a5df" +
			"8f6afc425539ee093889d9e036c4ac01825bd539e6f98f0788dffeeef6a114ce" +
			"a97445d8fdf017572a82e17a2e12935aac8ad71563d1b79b55800f58bc1c49ed" +
			"2062ddb64ca53aeb1c3da0ff7a71a6d3107833ae4bc21cfd924aa1c3e741a42d"
	default:
		return nil
	}
	n, ok := new(big.Int).SetString(modulus, 16)
	if !ok {
		return nil
	}
	return &rsa.PublicKey{N: n, E: 65537}
}
