package conf

import (
	"slices"
	"strings"
)

// Conf is what one or several ipsec.conf files say, section by section in the
// order of reading. It marshals to JSON and back without loss. The zero value
// is an empty configuration. It is safe for concurrent reading.
type Conf struct {
	Dialect  Dialect   `json:"dialect"`            // as it was read, or as its parameters show
	Files    []string  `json:"files,omitempty"`    // every file read, in order
	Sections []Section `json:"sections,omitempty"` // every section, in order
	// Pasted is what was changed in a text that was copied from a web page or a
	// terminal, by file: no-break spaces read as spaces, and the like.
	Pasted  []string  `json:"pasted,omitempty"`
	Missing []Include `json:"missing,omitempty"` // include lines that could not be followed
}

// Section is one "config setup", "conn NAME" or "ca NAME" with its parameters
// as written.
type Section struct {
	Kind   string  `json:"kind"`             // config, conn or ca
	Name   string  `json:"name"`             // setup, a connection's name, or %default
	File   string  `json:"file"`             // the file it stands in
	Line   int     `json:"line"`             // its first line, counted from 1
	Params []Param `json:"params,omitempty"` // in the order of the file
}

// Param is one line name=value. Names are in lower case, as the daemons compare
// them without regard to case; values are without their quotes.
type Param struct {
	Name  string `json:"name"`  // in lower case
	Value string `json:"value"` // without quotes; empty: left to the default
	File  string `json:"file"`  // the file it stands in
	Line  int    `json:"line"`  // counted from 1
}

// Include is an include line that was not followed.
type Include struct {
	Pattern string `json:"pattern"` // as written
	File    string `json:"file"`    // the file that the line stands in
	Line    int    `json:"line"`    // counted from 1
	Why     string `json:"why"`     // why it was not followed
}

// Setup returns the parameters of all "config setup" sections; the later of two
// parameters of one name comes later. It is nil when there is no such section.
func (c *Conf) Setup() []Param {
	var params []Param
	for _, s := range c.Sections {
		if s.Kind == "config" {
			params = append(params, s.Params...)
		}
	}
	return params
}

// ConnNames returns the names of the connections, without %default, each once,
// in the order of the files.
func (c *Conf) ConnNames() []string {
	var names []string
	seen := map[string]bool{"%default": true}
	for _, s := range c.Sections {
		if s.Kind == "conn" && !seen[s.Name] {
			seen[s.Name] = true
			names = append(names, s.Name)
		}
	}
	return names
}

// TunnelNames returns the names of the connections that are tunnels: all but
// those that others only inherit from and that nothing loads.
func (c *Conf) TunnelNames() []string {
	inherited, loaded := map[string]bool{}, map[string]bool{}
	for _, s := range c.Sections {
		for _, p := range s.Params {
			if s.Kind == "conn" && isAlso(p.Name) {
				inherited[p.Value] = true
			}
			if p.Name == "auto" && p.Value != "ignore" {
				loaded[s.Name] = true
			}
		}
	}
	return slices.DeleteFunc(c.ConnNames(), func(n string) bool { return inherited[n] && !loaded[n] })
}

// HasSetup reports whether a "config setup" section was read at all: a file
// with only connections says nothing about the daemon.
func (c *Conf) HasSetup() bool {
	for _, s := range c.Sections {
		if s.Kind == "config" {
			return true
		}
	}
	return false
}

// clip shortens what an error quotes.
func clip(s string) string {
	s = strings.TrimRight(s, "\r\n")
	if len(s) > 80 {
		return s[:80]
	}
	return s
}
