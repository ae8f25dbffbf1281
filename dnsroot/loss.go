package dnsroot

import "math"

// What the questions of one address over one transport say of loss.
type lossKind int

const (
	lossFine    lossKind = iota // loss above leastExcluded is excluded
	lossUnclear                 // too few questions to tell
	lossCertain                 // more than availability allows
	lossLarge                   // only of large answers
)

const (
	// availability is the share of questions that must be answered, RSSAC047v2
	// section 5.1.
	availability = 0.96
	// leastExcluded is the loss that must be excluded where a server is healthy.
	leastExcluded = 0.20
	// mostSeen is the share lost up to which it may be chance, however many were
	// asked: three of 64.
	mostSeen = 0.05
	// fewestSmall is how many small answers must have come before loss is told to
	// be of large ones only.
	fewestSmall = 16
	// chance is how improbable a loss must be to be told, there being some fifty
	// probes in a sweep.
	chance = 0.001
)

// loss judges the questions of a probe that was answered.
func (p *Probe) loss() lossKind {
	all := p.all()
	large := improbable(p.Large, max(1-availability, 2*p.Small.share())) && (p.Small.Lost == 0 || p.Large.Lost == p.Large.Sent)
	switch {
	case large && (p.Small.Sent >= fewestSmall || p.Large.Lost == p.Large.Sent):
		return lossLarge
	case large:
		return lossUnclear
	case improbable(all, 1-availability):
		return lossCertain
	case all.Lost > 0 && (all.share() > mostSeen || all.most() > leastExcluded):
		return lossUnclear
	}
	return lossFine
}

func (c Count) share() float64 {
	if c.Sent == 0 {
		return 0
	}
	return float64(c.Lost) / float64(c.Sent)
}

// fewer is the probability of fewer than n losses where each question is lost
// with probability p.
func (c Count) fewer(n int, p float64) float64 {
	sum, term := 0.0, math.Pow(1-p, float64(c.Sent)) // of exactly i losses
	for i := range n {
		sum += term
		term *= float64(c.Sent-i) / float64(i+1) * p / (1 - p)
	}
	return sum
}

// improbable reports whether that many losses, or more, are not chance where
// each question is lost with probability p.
func improbable(c Count, p float64) bool {
	return c.Lost > 0 && p < 1 && 1-c.fewer(c.Lost, p) < chance
}

// most is the largest share lost with which so few losses are still as likely
// as 5 % (Clopper and Pearson, one-sided); 1 if nothing was asked.
func (c Count) most() float64 {
	if c.Sent == 0 || c.Lost >= c.Sent {
		return 1
	}
	low, high := 0.0, 1.0
	for range 30 {
		if p := (low + high) / 2; c.fewer(c.Lost+1, p) > 0.05 {
			low = p
		} else {
			high = p
		}
	}
	return high
}

// least is the smallest share lost with which so many losses are still as likely
// as 5 %.
func (c Count) least() float64 {
	low, high := 0.0, 1.0
	for range 30 {
		if p := (low + high) / 2; 1-c.fewer(c.Lost, p) > 0.05 {
			high = p
		} else {
			low = p
		}
	}
	return low
}
