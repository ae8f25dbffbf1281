package ipsec

import "strings"

// CheckLog reads what a daemon or its start script printed at a start and
// reports what configuration alone cannot show. Today that is the stack: the
// line "No KLIPS support found while requested" says that protostack is not
// set, so that Openswan asks for KLIPS first and only falls back to the
// kernel's own IPsec. The report's Log holds the lines that say so and belongs
// into the Log of an End. name is what the report calls the text; a text
// without such lines yields Unknown, since a start that was not logged looks
// the same.
func CheckLog(name, text string) *Report {
	var refs []Ref
	line := 0
	for l := range strings.SplitSeq(text, "\n") {
		line++
		if klips(l) || strings.Contains(l, "NETKEY support found. Use protostack=netkey") {
			refs = append(refs, Ref{File: name, Line: line, Text: strings.TrimSpace(strings.TrimRight(l, "\r"))})
		}
	}
	r := &Report{Subject: name, Log: refs}
	r.Judge()
	return r
}

func klips(line string) bool {
	return strings.Contains(line, "No KLIPS support found while requested")
}

// logFindings judges the lines that CheckLog kept.
func logFindings(end string, refs []Ref) []Finding {
	found := false
	own := make([]Ref, len(refs))
	for i, ref := range refs {
		ref.End = end
		own[i] = ref
		found = found || klips(ref.Text)
	}
	if !found {
		return nil
	}
	return []Finding{{
		Code: "protostack_unset", Severity: SeverityWarning, Field: "protostack", Refs: own,
		Message: "protostack is not set: the daemon asked for KLIPS, which this kernel does not have, and fell back to NETKEY by luck",
		Fix:     "write protostack=netkey under config setup in /etc/ipsec.conf",
	}}
}
