package ipsec

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/opskit-go/opskit"
)

// Secret is a pre-shared key. Its text is given out by Reveal only: printing,
// logging and marshalling show that there is one and whether it is strong. The
// zero value holds none. It is safe for concurrent use.
type Secret struct {
	// A function, because no printing by reflection looks into one: the text
	// stays hidden even in an unexported field of somebody's struct, where fmt
	// does not call the methods below.
	text func() []byte
	note string // "strong" or why it is weak; without text, of a key that was saved
}

const redacted = "redacted: "

// GenerateSecret returns a new key of 256 random bits from crypto/rand, as 43
// characters of base64url, none of which needs quoting.
func GenerateSecret() Secret {
	bits := make([]byte, 32)
	_, _ = rand.Read(bits) // documented never to fail
	return secretOf(base64.RawURLEncoding.EncodeToString(bits))
}

// NewSecret takes a key that somebody chose. A weak one comes with an error
// matching ErrWeakKey, one that cannot stand in ipsec.secrets with an error
// matching ErrKeyText; neither error quotes it. Weak is what a dictionary or
// brute force finds offline once one handshake was recorded: under 112 bits by
// a generous estimate of its characters. A key that passes may still be
// guessable to somebody who knows how it was made: GenerateSecret's are not.
//
// The Secret that comes with ErrWeakKey is usable: it is for checking what is
// in use already.
func NewSecret(text string) (Secret, error) {
	for _, r := range text {
		if r == '"' || r == '\\' || r < ' ' || r == 0x7f {
			return Secret{}, &opskit.Error{Op: "accept key", Err: fmt.Errorf("%w: a quote, backslash or control character in it; use letters, digits and punctuation", ErrKeyText)}
		}
	}
	s := secretOf(text)
	if why := s.Weakness(); why != "" {
		return s, &opskit.Error{Op: "accept key", Err: fmt.Errorf("%w: %s; let GenerateSecret make one", ErrWeakKey, why)}
	}
	return s, nil
}

func secretOf(text string) Secret {
	b := []byte(text)
	note := weakness(text)
	if note == "" {
		note = "strong"
	}
	return Secret{text: func() []byte { return b }, note: note}
}

// IsZero reports whether there is no key at all.
func (s Secret) IsZero() bool { return s.note == "" }

// Weakness says why the key is weak, without quoting it; it is empty for a
// strong key.
func (s Secret) Weakness() string {
	if s.note == "strong" {
		return ""
	}
	if s.note == "" {
		return "there is none"
	}
	return s.note
}

// Reveal returns the key's text; false when there is none, or when the Secret
// was read from JSON, which does not carry it.
func (s Secret) Reveal() (string, bool) {
	if s.text == nil {
		return "", false
	}
	return string(s.text()), true
}

// Equal compares two keys in constant time; keys without text equal nothing.
func (s Secret) Equal(other Secret) bool {
	return s.text != nil && other.text != nil && subtle.ConstantTimeCompare(s.text(), other.text()) == 1
}

// String returns "redacted: strong", "redacted: WHY IT IS WEAK" or "none".
func (s Secret) String() string {
	if s.IsZero() {
		return "none"
	}
	return redacted + s.note
}

// Format prints what String returns, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue gives slog what String returns.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns what String returns: the text of a key is in no JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText accepts what MarshalText returns. It refuses anything else: a
// key does not belong into JSON; read it from a file of its own and use
// NewSecret.
func (s *Secret) UnmarshalText(text []byte) error {
	if string(text) == "none" {
		*s = Secret{}
		return nil
	}
	note, ok := strings.CutPrefix(string(text), redacted)
	if !ok || note == "" {
		return &opskit.Error{Op: "read key", Err: fmt.Errorf("%w: a key does not belong into JSON; keep it in a file of its own", ErrKeyText)}
	}
	*s = Secret{note: note}
	return nil
}
