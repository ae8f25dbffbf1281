// Package answer holds what an answer of a registry is made of: networks, AS
// numbers, domains, holders, contacts, and dates and ranges exactly as registries
// tell them.
//
// # Usage
//
// Package whoislookup has the types under its own name, and its Record joins them.
//
//	d := answer.Date("2015-01")
//	at, within, ok := d.Time() // 2015-01-01 00:00 UTC, true to within 31 days and 12 hours
//
// # Privileges
//
// None: the package is pure.
//
// # Platforms
//
// All.
//
// # Testing
//
// The types are plain values, to be written as literals.
package answer
