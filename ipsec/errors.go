package ipsec

import "github.com/opskit-go/opskit"

// Errors that a caller branches on.
var (
	// ErrWeakKey: a pre-shared key can be guessed.
	ErrWeakKey = opskit.Sentinel("ipsec_weak_key", "weak pre-shared key")
	// ErrKeyText: a pre-shared key cannot stand in ipsec.secrets, or its text is
	// not here because it came from JSON.
	ErrKeyText = opskit.Sentinel("ipsec_key_text", "unusable pre-shared key")
	// ErrTunnel: a Tunnel cannot be rendered; Tunnel.Check has the findings.
	ErrTunnel = opskit.Sentinel("ipsec_tunnel", "tunnel description has fatal findings")
	// ErrNoStatus: a text is not the output of a status command that ParseStatus
	// knows.
	ErrNoStatus = opskit.Sentinel("ipsec_no_status", "not the output of a known status command")
	// ErrLink: a file to be written is a symbolic link.
	ErrLink = opskit.Sentinel("ipsec_link", "is a symbolic link")
)
