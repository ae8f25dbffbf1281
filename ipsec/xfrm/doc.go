// Package xfrm reads what the kernel holds of tunnels, as ip xfrm prints it, and keeps
// no key:
//
//	tables, err := xfrm.Parse(output) // of ip xfrm state, ip xfrm policy, or both
//	fmt.Println(tables)
//	// 2 states, 1 policies
//	//   esp tunnel 192.0.2.1 to 192.0.2.2 hmac(sha256) cbc(aes)
//	//   ...
//
// # Usage
//
// [Parse] reads one or both outputs. A state without algorithms is larval: the kernel
// waits for a daemon. A policy without templates that does not block lets packets pass
// in clear.
//
// # Privileges
//
// None; ip xfrm itself needs root.
//
// # Platforms
//
// All.
//
// # Testing
//
// It reads the recorded outputs of libreswan's test suite as their sources count them,
// and is fuzzed.
package xfrm
