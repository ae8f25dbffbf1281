package ipsec

import (
	"fmt"
	"math"
	"strings"
)

// minKeyBits is the least strength that NIST SP 800-131A still allows.
const minKeyBits = 112

// guessable holds pieces of keys that every dictionary has; each counts as one
// character.
var guessable = [...]string{
	"password", "passw0rd", "passwort", "contrasena", "secret", "geheim", "clave", "shared", "preshared",
	"ipsec", "openswan", "libreswan", "strongswan", "tunnel", "cisco", "admin", "welcome", "changeme",
	"letmein", "default", "example", "qwerty", "asdfgh", "iloveyou", "master", "monkey", "dragon", "test",
}

// weakness says why a key can be guessed, or nothing.
func weakness(key string) string {
	if key == "" {
		return "it is empty"
	}
	bits := keyBits(key)
	if bits >= minKeyBits {
		return ""
	}
	return fmt.Sprintf("%d characters worth at most %.0f bits, under the %d that resist guessing", len(key), math.Floor(bits), minKeyBits)
}

// keyBits is an upper bound of what the characters of a key are worth:
// characters that repeat or continue a sequence, repeated halves and dictionary
// words add nothing.
func keyBits(key string) float64 {
	lower := strings.ToLower(key)
	for _, w := range guessable {
		lower = strings.ReplaceAll(lower, w, "\x00")
	}
	lower = period(lower)
	count, seen := 0, map[byte]bool{}
	for i := range len(lower) {
		seen[lower[i]] = true
		if i > 0 {
			if step := int(lower[i]) - int(lower[i-1]); step >= -1 && step <= 1 {
				continue
			}
		}
		count++
	}
	return float64(count) * min(math.Log2(float64(alphabet(key))), 2*math.Log2(float64(len(seen)+1)))
}

// period shortens a text that repeats itself to what it repeats.
func period(s string) string {
	for n := 1; n <= len(s)/2; n++ {
		if strings.HasPrefix(s[n:], s[:len(s)-n]) {
			return s[:n]
		}
	}
	return s
}

// alphabet is the number of characters that a key of these kinds of characters
// could have been drawn from.
func alphabet(key string) int {
	size := map[string]int{}
	for i := range len(key) {
		switch c := key[i]; {
		case c >= 0x80 || c < ' ':
			return 256 // decoded bytes, not typed characters
		case c >= 'a' && c <= 'z':
			size["lower"] = 26
		case c >= 'A' && c <= 'Z':
			size["upper"] = 26
		case c >= '0' && c <= '9':
			size["digit"] = 10
		default:
			size["other"] = 33
		}
	}
	sum := 0
	for _, n := range size {
		sum += n
	}
	return max(sum, 2)
}
