package dnsroot

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// Letter names one of the thirteen root server identities by its lower-case
// letter, 'a' to 'm'. The zero value is no letter.
type Letter byte

// rootServers is the parent of the thirteen names.
const rootServers = ".root-servers.net."

// Letters yields the thirteen letters in order.
func Letters() iter.Seq[Letter] {
	return func(yield func(Letter) bool) {
		for l := Letter('a'); l <= 'm'; l++ {
			if !yield(l) {
				return
			}
		}
	}
}

// ParseLetter reads "k", "K", "k.root-servers.net" or the same with a final
// dot. The error matches [ErrSyntax].
func ParseLetter(s string) (Letter, error) {
	name := strings.TrimSuffix(strings.ToLower(s), ".")
	name = strings.TrimSuffix(name, strings.TrimSuffix(rootServers, "."))
	if len(name) == 1 {
		if l := Letter(name[0]); l.valid() {
			return l, nil
		}
	}
	return 0, &opskit.Error{Op: "parse letter", Target: s, Err: fmt.Errorf("%w: want a letter from a to m, or its name under root-servers.net", ErrSyntax)}
}

// letterOf is ParseLetter for host names, where "k." alone is another name.
func letterOf(name string) (Letter, error) {
	if len(name) < len(rootServers) || !strings.EqualFold(name[len(name)-len(rootServers):], rootServers) {
		return 0, fmt.Errorf("%w: %s is not under root-servers.net", ErrSyntax, name)
	}
	return ParseLetter(name)
}

func (l Letter) valid() bool { return l >= 'a' && l <= 'm' }

// String returns the letter, or "?" for what is none.
func (l Letter) String() string {
	if !l.valid() {
		return "?"
	}
	return string(rune(l))
}

// Name returns the server's host name, such as "k.root-servers.net.".
func (l Letter) Name() string { return l.String() + rootServers }

// MarshalText writes the letter. It fails for what is none.
func (l Letter) MarshalText() ([]byte, error) {
	if !l.valid() {
		return nil, &opskit.Error{Op: "write letter", Err: fmt.Errorf("%w: no letter", ErrSyntax)}
	}
	return []byte(l.String()), nil
}

// UnmarshalText reads what [ParseLetter] reads.
func (l *Letter) UnmarshalText(text []byte) error {
	parsed, err := ParseLetter(string(text))
	if err != nil {
		return err
	}
	*l = parsed
	return nil
}

// label is how a server is displayed: a root server by its letter, any other by
// its name without the final dot.
func label(server string) string {
	if l, err := letterOf(server); err == nil {
		return l.String()
	}
	return strings.TrimSuffix(server, ".")
}

// names joins servers for a sentence: "a c k".
func names(servers []string) string {
	s := make([]string, len(servers))
	for i, server := range servers {
		s[i] = label(server)
	}
	return strings.Join(slices.Compact(s), " ")
}
