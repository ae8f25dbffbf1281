// Package opskit is the map of a library for whoever is on call, and the
// contract that its packages share. Each question below has a package of its
// own, which can be imported alone and which returns a typed verdict together
// with what it rests on.
//
//	question                                                    call
//	Are the DNS root servers all right? Was that an attack?     dnsroot.Client.Sweep, dnsroot.Assess
//	Can I reach this host, and if not, why?                     reach.Prober.Dial, why.Look
//	Whose is this address, AS number or domain?                 whoislookup.Lookup
//	Is this site-to-site tunnel right on both ends, and up?     ipsec.Tunnel.Check, ipsec.Mirror
//	Which processes are zombies or stuck, and who reaps them?   procstate.Zombies
//	Is this EBS snapshot consistent, with nothing left frozen?  ebssnap.Consistent
//
// The six packages never import one another: the program that calls them
// composes them, as examples/incident does.
//
// # Verdicts
//
// The same rules hold in every package. The zero value of a verdict is unknown.
// A nil error means that the question was answered, and a bad answer is not an
// error. Every answer is a [Result]: its level is what a monitor asks, its gaps
// what could not be seen. Preflight tells beforehand, as a list of [Capability],
// what the package may do on this host. Results marshal to stable JSON and print
// with the verdict on the first line and "not checked:" on the last. Errors keep
// what they match through JSON: see [Failure].
//
// Importing a package does nothing: no goroutine, no socket, no log line, no
// state. A system call that a hardened host may object to (bpf, ptrace, exec of
// a guard process) is made only by a call or a field that names it.
package opskit
