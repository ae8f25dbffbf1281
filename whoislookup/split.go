package whoislookup

import (
	"bytes"
	"strings"

	"github.com/opskit-go/opskit/internal/pasted"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/internal/read"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

// splitTranscript cuts the output of a whole client run at the lines by which
// Debian's whois announces the next server.
func splitTranscript(raw []byte) []Hop {
	const mark = "\nFound a referral to "
	var hops []Hop
	server := ""
	for {
		i := bytes.Index(raw, []byte(mark))
		if i < 0 {
			break
		}
		host, rest, ok := bytes.Cut(raw[i+len(mark):], []byte("\n"))
		name := strings.TrimSuffix(strings.TrimSpace(string(host)), ".")
		if !ok || !lex.IsHost(strings.ToLower(read.HostOf(name))) {
			break
		}
		hops = append(hops, Hop{Server: server, Protocol: "whois", Raw: raw[:i+1], Referral: "whois://" + name})
		server, raw = name, rest
	}
	if len(hops) == 0 {
		return nil
	}
	hops = append(hops, Hop{Server: server, Protocol: "whois", Raw: raw})
	if hops[0].Server == "" && strings.Contains(string(hops[0].Raw), "ARIN WHOIS data") {
		hops[0].Server = "whois.arin.net"
	}
	return hops
}

// splitHeadings cuts the output of a client, such as that of the BSDs, that
// puts "# server" in front of what the server said which IANA named.
func splitHeadings(raw []byte) []Hop {
	_, rest, ok := bytes.Cut(raw, []byte("\nrefer:"))
	if !ok {
		return nil
	}
	value, _, _ := bytes.Cut(rest, []byte("\n"))
	host := strings.TrimSpace(string(value))
	before, after, ok := bytes.Cut(raw, []byte("\n# "+host+"\n"))
	if !ok {
		before, after, ok = bytes.Cut(raw, []byte("\n# "+host+"\r\n"))
	}
	if !ok || !lex.IsHost(host) {
		return nil
	}
	return []Hop{{Server: "whois.iana.org", Protocol: "whois", Raw: before}, {Server: host, Protocol: "whois", Raw: after}}
}

// banners are lines by which a server is known, in lower case.
var banners = map[string]string{
	"% iana whois server":                                            servers.IANA,
	"% joint whois - whois.lacnic.net":                               "whois.lacnic.net",
	"% this is the ripe database query service.":                     "whois.ripe.net",
	"% this is the afrinic whois server.":                            "whois.afrinic.net",
	"% [whois.apnic.net]":                                            "whois.apnic.net",
	"# arin whois data and services are subject to the terms of use": "whois.arin.net",
}

// splitAnswers cuts a text in which answers of several servers stand one below the
// other: at a server's banner, at a prompt with another command, behind IANA's
// object, and where the name that the text is about is introduced once more.
func splitAnswers(raw []byte) []Hop {
	type part struct {
		at     int
		server string
	}
	parts := []part{{}}
	cut := func(at int, server string) {
		if last := &parts[len(parts)-1]; hasContent(raw[last.at:at]) {
			parts = append(parts, part{at, server})
		} else if server != "" {
			last.server = server
		}
	}
	comments, at, blank, lines := 0, 0, true, 0
	about, refers, behindIANA := "", "", false
	for line := range bytes.Lines(raw) {
		text := strings.ToLower(strings.TrimSpace(string(line)))
		comment := text != "" && strings.IndexByte("%#", text[0]) >= 0
		if !comment {
			comments = at + len(line) // where a block of comments would begin
		}
		if server, ok := banners[text]; ok {
			cut(comments, server)
			about, lines = "", 0
		} else if command, ok := pasted.Command(line); ok && bytes.Contains(command, []byte("whois ")) {
			cut(at, "")
			about, lines = "", 0
		} else if label, value, ok := strings.Cut(text, ":"); ok && !comment {
			value = strings.TrimSpace(value)
			switch strings.TrimSpace(label) {
			case "whois", "refer":
				refers = value
			case "source":
				behindIANA = value == "iana"
			case "domain", "domain name":
				if behindIANA {
					cut(at, refers)
					behindIANA, about = false, ""
				}
				if about != "" && value == about && blank && lines > 4 {
					cut(at, "")
					lines = 0
				}
				about = value
			}
		}
		lines++
		at += len(line)
		blank = text == ""
	}
	hops := make([]Hop, len(parts))
	for i, p := range parts {
		end := len(raw)
		if i+1 < len(parts) {
			end = parts[i+1].at
		}
		hops[i] = Hop{Server: p.server, Protocol: "whois", Raw: raw[p.at:end]}
	}
	if last := len(hops) - 1; last > 0 && !hasContent(hops[last].Raw) {
		return nil
	}
	return hops
}

// hasContent reports whether a text has more than comments.
func hasContent(raw []byte) bool {
	for line := range bytes.Lines(raw) {
		if line = bytes.TrimSpace(line); len(line) > 0 && bytes.IndexByte([]byte("%#>"), line[0]) < 0 {
			if _, prompt := pasted.Command(line); !prompt {
				return true
			}
		}
	}
	return false
}
