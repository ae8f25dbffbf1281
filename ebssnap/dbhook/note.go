package dbhook

import "encoding/json"

// note is what ebssnap.Result.Notes keeps: what it is, and its JSON.
func note(what string, value any) []string {
	text, err := json.Marshal(value)
	if err != nil {
		return nil // strings and numbers always encode
	}
	return []string{what + " " + string(text)}
}
