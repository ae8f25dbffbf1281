package ipsec

// KeyMatch is what two ipsec.secrets files say about the key of one tunnel,
// without the key.
type KeyMatch struct {
	// Same tells whether both ends hold the same key; nil when one holds none.
	Same *bool `json:"same,omitempty"`
	// Missing names the ends whose file has no key for this pair of identities.
	Missing []string `json:"missing,omitempty"`
	// Unread names the ends whose file has none either but includes others,
	// which were not read.
	Unread []string `json:"unread,omitempty"`
	// Refs are the lines of ipsec.secrets that the keys stand in.
	Refs []Ref `json:"refs,omitempty"`
	// Weakness says why the key is weak; empty for a strong one.
	Weakness string `json:"weakness,omitempty"`
}

// keys judges what is known about the pre-shared key.
func (m *mirror) keys() {
	if !m.uses(authPSK) {
		return
	}
	k := m.a.end.Keys
	if k == nil {
		k = m.b.end.Keys
	}
	if k == nil {
		m.beyond("whether both ends hold the same pre-shared key, and a strong one", "ipsec.secrets was not given", "CompareKeys on both ends' ipsec.secrets")
		return
	}
	for _, end := range k.Missing {
		m.add("no_key", SeverityFatal, "psk", "add a line \"ID ID : PSK ...\" to its ipsec.secrets", []Ref{{End: end, File: "ipsec.secrets"}}, "%s has no pre-shared key for these two identities", end)
	}
	for _, end := range k.Unread {
		m.unread(end+": the pre-shared key of these two identities", "not in the ipsec.secrets that was read, which includes other files", "the files that its include lines name, joined to it")
	}
	if k.Same != nil && !*k.Same {
		m.add("key_differs", SeverityFatal, "psk", "copy the line of one end's ipsec.secrets to the other", k.Refs, "the ends hold different pre-shared keys")
	}
	if k.Weakness != "" {
		m.add("weak_key", SeverityProblem, "psk", "replace it on both ends by one that GenerateSecret makes; one that was published is burnt", k.Refs,
			"the pre-shared key is weak: %s", k.Weakness)
	}
}
