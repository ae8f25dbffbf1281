package dnsroot

// Verdict is what [Assess] makes of a letter, or of the thirteen together. The
// zero value is Unknown.
type Verdict uint8

// The verdicts. A letter's verdict is what one host saw of it: it cannot show
// that a letter is down everywhere. For the system as a whole only Unknown,
// Healthy, Degraded and Suspicious are used.
const (
	Unknown     Verdict = iota // one host's view cannot tell
	Healthy                    // answers in time, current and validated
	Degraded                   // answers in part: loss, one transport or family missing, slow; system: some letter is not healthy
	Unreachable                // does not answer this host, which other letters do answer
	Lame                       // answers, but not with the root zone (RFC 1912 section 2.8)
	Stale                      // serves an old root zone
	Invalid                    // its answers do not validate
	Suspicious                 // answers as if something else stood in the server's place, or forged messages came
)

var verdictText = [...]string{"unknown", "healthy", "degraded", "unreachable", "lame", "stale", "invalid", "suspicious"}

// String returns the verdict in lower case, such as "degraded".
func (v Verdict) String() string {
	if int(v) < len(verdictText) {
		return verdictText[v]
	}
	return unknown
}

// MarshalText writes what String returns.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what String returns; anything else is an error.
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, s := range verdictText {
		if s == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return unknownText("verdict", text)
}
