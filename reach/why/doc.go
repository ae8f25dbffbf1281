// Package why tells what can be behind a name that does not work, from what
// package reach saw of it and what the caller knows:
//
//	d, err := why.Look(ctx, new(reach.Prober), why.Question{Target: "www.example.org"})
//	fmt.Println(d)
//
//	www.example.org: down from here: service_down
//	  IPv4 192.0.2.80 port 80, 443: broken: service_down
//	    refused
//	    not egress_filter: 203.0.113.80:443 can be reached from here
//	next: on the machine: ss -ltnp, then the service's log
//	not checked: who sent the reset (a firewall can send it in the host's name; ...
//
// # Usage
//
// [Look] asks and judges; [Diagnose] judges a [Case] that the caller gathered, or
// read from a file. Each thing that was asked is a [Finding]. Of all causes that
// could explain it those are struck out that a fact excludes: one that is left is
// told; of several the question is told that would separate them. A fact counts
// once, however many ports or addresses show it, and nothing is outvoted.
//
// One table holds all of that: cause, what it explains, what excludes it, what to
// ask, what to do. Its order is that of blame: this host, the way, the other side.
//
// What is not visible from outside (a move, an attack, maintenance) is thought of
// only where the caller brings a fact that speaks for it; see [Change] and
// [Evidence]. A move is told with other causes left only where two records of it
// lie between the last time that the name worked and the first that it did not.
//
// What a verdict means to a monitor: works is OK; degraded is Warning; partly and
// down are Problem, but down is Unknown as long as this host may be the cause,
// since then nothing is known of the other side; cannot tell is Unknown.
//
// # Privileges
//
// None.
//
// # Platforms
//
// All; on Linux there is more evidence.
//
// # Testing
//
// [Diagnose] is pure. reachtest serves what Look asks.
package why
