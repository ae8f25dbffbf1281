// Package ipsec answers whether a site-to-site IPsec tunnel is right on both
// ends and up: it describes a tunnel once and renders both ends' files,
// compares the files of two ends, and reads the status commands of three
// daemons into one state.
//
//	report := ipsec.Mirror(ipsec.End{Name: "eu-west-1", Conf: a}, ipsec.End{Name: "us-east-1", Conf: b})
//	fmt.Println(report)
//	// flawed: conn tunnel, both ends: 6 findings, worst problem
//	//   problem no_recovery: a reboot of eu-west-1 is not repaired until a rekey: ...
//	//   problem not_loaded: eu-west-1 has no auto=, which means auto=ignore: ...
//	//     eu-west-1: west.conf:1: conn tunnel
//	//     next: write auto=add, or auto=start at the end that opens the tunnel
//	//   ...
//
// # Usage
//
// A [Tunnel] is one value for both ends. [Tunnel.Check] judges the description,
// [Tunnel.Render] turns it into ipsec.conf, ipsec.secrets and a list of sysctls
// for libreswan, Openswan or strongSwan, and [Files.WriteTo] writes them.
// [GenerateSecret] makes the key; [NewSecret] refuses one that can be guessed.
//
// [Mirror] compares what two ends really have, read by package
// [github.com/opskit-go/opskit/ipsec/conf], and points at file and line.
// [CheckLog] adds what the log of a start shows, and [CompareKeys] what both
// ipsec.secrets show, without keeping a key.
//
// [ParseStatus] reads the output of service ipsec status, ipsec auto --status,
// ipsec trafficstatus, ipsec statusall and swanctl --list-sas; [Status.State] says which tunnels are
// up, and package [github.com/opskit-go/opskit/ipsec/traffic] where the packets of one that is up
// are lost. [Listeners] tells which process holds UDP 500 and 4500.
//
// Every result is an [opskit.Result] and holds its evidence, from which Judge
// derives it again. A key is in none of them. Levels:
//
//	sound, up                                       OK; up is a Warning with a warning beside it
//	one_way                                         Warning: traffic of one direction may be meant
//	flawed                                          Warning or Problem, as its worst finding is
//	broken, partial, ike_only, connecting, down,
//	not_loaded, stopped                             Problem: something carries nothing
//
// Sound is about the files that were given: that nobody gave ipsec.secrets stands
// in the gaps. What was given and not understood forbids Sound, Down and IKEOnly.
//
// The codes of findings are stable. Of a description or of two files:
// address_differs, address_family, auth_differs, bad_address, bad_dpd, bad_id,
// bad_initiator, bad_name, bad_proposal, bad_subnet, bad_value, both_open,
// cannot_dial, duplicate_parameter, exchange_differs, gives_up, id_differs, ikev1,
// key_differs, leaks, lease_differs, misspelled_parameter, mixed_subnets,
// name_differs, nat, option_differs,
// no_address, no_authentication, no_common_proposal, no_conn, no_dpd, no_key,
// no_recovery, no_reopen, no_section, no_traffic, nobody_opens, not_encrypted,
// not_loaded, one_network, other_daemons, pfs_differs, private_address,
// protocol_differs, protoport_differs, protostack_unset, pubkey_differs,
// rekey_refused, same_address, same_id, slow_dpd, subnet_covers_peer,
// subnets_differ, subnets_overlap, type_differs, version_differs, weak_algorithm,
// weak_key. Of a status: answers_nothing, counts_sas, duplicate_sa, ike_only,
// narrowed, no_answer, not_loaded, one_way, silent_since, trapped.
//
// # Privileges
//
// None for descriptions, comparisons and status texts. Listeners sees its own
// processes' sockets as anybody, all of them as root or with CAP_SYS_PTRACE.
// Files.WriteTo and Sysctls.Apply need to write where they are told to.
// [Preflight] says what is possible here.
//
// # Platforms
//
// All; Listeners on the host's own /proc needs Linux and elsewhere returns an
// error matching errors.ErrUnsupported.
//
// # Testing
//
// A pair rendered here brings up a tunnel between two strongSwan daemons in
// network namespaces, whose capture is then searched for plaintext; libreswan's
// addconn reads what is rendered for libreswan; the parsers are held against
// the recorded outputs and configurations of both projects' test suites, and
// fuzzed.
package ipsec
