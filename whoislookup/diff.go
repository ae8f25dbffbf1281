package whoislookup

import (
	"fmt"
	"slices"
	"strings"
)

// Change is one field that two records do not agree on.
type Change struct {
	Field string `json:"field"`         // as in JSON: "network.range", "holder.name"
	Old   string `json:"old,omitempty"` // empty: it was not there
	New   string `json:"new,omitempty"` // empty: it is not there any more
}

// String returns "field: old -> new".
func (c Change) String() string {
	return fmt.Sprintf("%s: %s -> %s", c.Field, orNone(c.Old), orNone(c.New))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return quoteOutside(s)
}

// Diff tells what changed between two records of one thing, or what differs
// between two things: did the site move to another holder, under another
// carrier? Only what both answers can tell counts: a field that the new record
// could not see at all (no answer) is not a change. Lists are compared as sets,
// names of hosts without case. nil stands for an empty record.
func Diff(old, new *Record) []Change {
	var out []Change
	add := func(field, a, b string) {
		switch field {
		case "created", "updated", "expires": // a day and an instant of that day are no change
			if a != "" && b != "" && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)) {
				return
			}
		}
		if a != b {
			out = append(out, Change{Field: field, Old: a, New: b})
		}
	}
	a, b := comparedFields(old), comparedFields(new)
	for i := range a {
		add(a[i].field, a[i].value, b[i].value)
	}
	return out
}

type fieldValue struct{ field, value string }

// comparedFields lists what Diff looks at, always in the same order.
func comparedFields(r *Record) []fieldValue {
	if r == nil {
		r = &Record{}
	}
	n, as, d := r.Network, r.AS, r.Domain
	if n == nil {
		n = &Network{}
	}
	if as == nil {
		as = &AS{}
	}
	if d == nil {
		d = &Domain{}
	}
	number := ""
	if as.To != 0 {
		number = fmt.Sprintf("AS%d-AS%d", as.From, as.To)
	}
	verdict := ""
	if r.Verdict != VerdictUnknown {
		verdict = r.Verdict.String()
	}
	var abuse []string
	for _, c := range r.Abuse {
		abuse = append(abuse, strings.ToLower(c.Email))
	}
	var status []string
	for _, s := range d.Status {
		status = append(status, string(s))
	}
	return []fieldValue{
		{"verdict", verdict},
		{"network.range", n.Range.String()},
		{"network.name", n.Name},
		{"network.status", n.Status},
		{"network.parent", n.Parent.String()},
		{"as.from", number},
		{"as.name", as.Name},
		{"domain.name", d.Name},
		{"domain.registrar.name", d.Registrar.Name},
		{"domain.nameservers", set(d.Nameservers)},
		{"domain.status", set(status)},
		{"holder.name", r.Holder.Name},
		{"holder.handle", r.Holder.Handle},
		{"country", r.Country},
		{"abuse.email", set(abuse)},
		{"created", string(r.Created)},
		{"updated", string(r.Updated)},
		{"expires", string(r.Expires)},
	}
}

func set(list []string) string {
	s := slices.Clone(list)
	slices.Sort(s)
	return strings.Join(slices.Compact(s), " ")
}

// CompareNameservers compares the nameservers at the registry with those that
// DNS gave the caller: missing are those that only the caller has, extra those
// that only the registry has. Case and a final dot do not count.
func (d *Domain) CompareNameservers(given []string) (missing, extra []string) {
	seen := map[string]bool{}
	for _, g := range given {
		seen[strings.TrimSuffix(strings.ToLower(g), ".")] = true
	}
	for _, n := range d.Nameservers {
		if !seen[n] {
			extra = append(extra, n)
		}
		delete(seen, n)
	}
	for n := range seen {
		missing = append(missing, n)
	}
	slices.Sort(missing)
	return missing, extra
}
