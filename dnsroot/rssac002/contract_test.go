package rssac002_test

import (
	"testing"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot/rssac002"
	"github.com/opskit-go/opskit/internal/contract"
)

func TestContract(t *testing.T) {
	w := newWorld("abcdefghijklm")
	for l := range w { // every leaf of the JSON is mutated
		w[l] = w[l][:9]
	}
	quiet := rssac002.Findings(w.statistics())
	w.scale('a', 8, 8, 400)
	w.scale('b', 8, 3, 150)
	attack := rssac002.Findings(w.statistics())
	w.scale('c', 4, 2.2, 1)
	unknown := rssac002.Findings(w.statistics())
	contract.Check(t, contract.Package{
		Prefix: "dnsroot_",
		Results: map[string]opskit.Result{
			"quiet": quiet, "attack": attack, "a day": &attack.Days[8], "a quiet day": &quiet.Days[3], "an unknown day": &unknown.Days[4],
		},
	})
}
