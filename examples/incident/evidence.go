package main

import (
	"errors"
	"time"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/origin"
	"github.com/opskit-go/opskit/reach/why"
	"github.com/opskit-go/opskit/whoislookup"
)

// evidence is everything that was seen; tell makes a story of it. What was not
// looked at is absent, and Failed says of what was tried why it is absent.
type evidence struct {
	Host string    `json:"host"`
	At   time.Time `json:"at"`
	Demo bool      `json:"demo,omitempty"` // the embedded world: loopback, and the clock of December 2015

	Roots       *dnsroot.Sweep        `json:"roots,omitempty"`
	DNS         []*reach.Comparison   `json:"dns,omitempty"`
	Connections []*reach.Connection   `json:"connections,omitempty"`
	Before      *whoislookup.Record   `json:"before,omitempty"` // of the address that the name had before
	Now         []*whoislookup.Record `json:"now,omitempty"`    // of the addresses that it has
	Change      changes               `json:"change,omitzero"`
	Network     *whoislookup.Record   `json:"network,omitempty"` // of the address given out after the move
	Exposure    *origin.Exposure      `json:"exposure,omitempty"`
	Tunnel      *ipsec.Report         `json:"tunnel,omitempty"`
	Zombies     *procstate.Report     `json:"zombies,omitempty"`
	Snapshot    *ebssnap.Result       `json:"snapshot,omitempty"`

	Failed []failure `json:"failed,omitempty"`
}

// changes is what the caller knows from elsewhere: history services, registries
// and its own earlier runs. Package reach takes it as values.
type changes struct {
	DownSince   time.Time   `json:"down_since,omitzero"`
	Address     *why.Change `json:"address,omitempty"`
	Nameservers *why.Change `json:"nameservers,omitempty"`
	Owner       *why.Change `json:"owner,omitempty"`
}

// failure is a step that could not be carried out.
type failure struct {
	Step        string `json:"step"`
	Why         string `json:"why"`
	Unsupported bool   `json:"unsupported,omitempty"` // not to be had on that system at all
}

func (e *evidence) fail(step string, err error) {
	if err != nil {
		e.Failed = append(e.Failed, failure{step, err.Error(), errors.Is(err, errors.ErrUnsupported)})
	}
}

// moved builds the change of holder, as package reach wants it, from two
// answers of package whoislookup.
func moved(before, now *whoislookup.Record, address *why.Change) *why.Change {
	for _, d := range now.Since(before).List {
		if d.What != "holder.name" || d.Old == "" || d.New == "" {
			continue
		}
		change := &why.Change{Before: d.Old, After: d.New, Source: "whois of both addresses"}
		if address != nil {
			change.LastBefore, change.FirstAfter = address.LastBefore, address.FirstAfter
		}
		return change
	}
	return nil
}

// diagnosis judges the site's evidence. It is pure, so a saved story has it too.
func (e *evidence) diagnosis() *why.Diagnosis {
	c := why.Case{
		Name: e.Host, At: e.At, DownSince: e.Change.DownSince,
		Address: e.Change.Address, Nameservers: e.Change.Nameservers, Owner: e.Change.Owner,
	}
	for _, comparison := range e.DNS {
		c.DNS = append(c.DNS, *comparison)
	}
	for _, connection := range e.Connections {
		c.Connections = append(c.Connections, *connection)
	}
	if len(e.Now) > 0 && e.Now[0].Verdict == whoislookup.VerdictFound {
		c.Evidence = append(c.Evidence, why.Evidence{
			Fact: "the registry's server answers from here", Source: "whois", Certain: true, Against: []why.Cause{why.CauseThisHost},
		})
	}
	return why.Diagnose(c)
}
