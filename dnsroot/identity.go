package dnsroot

import (
	"strings"

	"github.com/opskit-go/opskit"
)

// Identity is which machine behind the server's address answered, by its own
// words. Each is in presentation form (\DDD for unprintable bytes), nil if the
// server did not tell; operators choose and change these names freely.
type Identity struct {
	NSID         *string `json:"nsid,omitempty"`          // RFC 5001
	HostnameBind *string `json:"hostname_bind,omitempty"` // hostname.bind CH TXT, RFC 4892
	IDServer     *string `json:"id_server,omitempty"`     // id.server CH TXT, RFC 4892
}

// told lists what the server told of itself.
func (id Identity) told() (list []string) {
	for _, s := range []*string{id.NSID, id.HostnameBind, id.IDServer} {
		if s != nil {
			list = append(list, *s)
		}
	}
	return list
}

// String returns the first of the three that is there, or "".
func (id Identity) String() string {
	if told := id.told(); len(told) > 0 {
		return opskit.Escape(told[0])
	}
	return ""
}

// differs reports whether the ways to ask tell different machines.
func (id Identity) differs() bool {
	told := id.told()
	for _, s := range told {
		if !strings.EqualFold(s, told[0]) {
			return true
		}
	}
	return false
}

// letters are the letters that an identity names in one of the forms that
// operators use: "k.root-servers.org", "k.ripe.net", "kroot", and, where begins
// is set, "k1.example".
func identified(text string, begins bool) (found []Letter) {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' })
	add := func(word string) bool {
		if len(word) == 1 && Letter(word[0]).valid() {
			found = append(found, Letter(word[0]))
			return true
		}
		return false
	}
	for i, word := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch {
		case next == "root" || next == "ripe", begins && i == 0:
			add(word)
		case strings.HasSuffix(word, "root") && len(word) == 5:
			add(word[:1])
		}
	}
	return found
}

// others are the root servers whose identity is another letter's: it names a
// letter, and not its own. That identities begin with the letter is taken for a
// form of theirs only where most of them do.
func (j *judge) strangers() map[string]string {
	own, begin := 0, 0
	for i := range j.sweep.Probes {
		p := &j.sweep.Probes[i]
		l, err := letterOf(p.Server)
		for _, text := range p.Identity.told() {
			if err == nil {
				own++
				if found := identified(text, true); len(found) > 0 && found[0] == l {
					begin++
				}
			}
		}
	}
	strangers := map[string]string{}
	for i := range j.sweep.Probes {
		p := &j.sweep.Probes[i]
		l, err := letterOf(p.Server)
		for _, text := range p.Identity.told() {
			found := identified(text, 2*begin > own)
			if err == nil && len(found) > 0 && found[0] != l && !strings.Contains(strings.ToLower(text), l.String()+".root") {
				strangers[p.Server+" "+p.Addr.String()] = text
			}
		}
	}
	return strangers
}

// shared are the identities that three letters or more tell: one machine in
// place of several, whatever it serves. Two may be one operator's.
func (j *judge) shared() map[string]bool {
	letters := map[string]map[string]bool{}
	for i := range j.sweep.Probes {
		p := &j.sweep.Probes[i]
		if _, err := letterOf(p.Server); err != nil {
			continue
		}
		for _, text := range p.Identity.told() {
			text = strings.ToLower(text)
			if letters[text] == nil {
				letters[text] = map[string]bool{}
			}
			letters[text][p.Server] = true
		}
	}
	shared := map[string]bool{}
	for text, who := range letters {
		shared[text] = len(who) >= 3
	}
	return shared
}
