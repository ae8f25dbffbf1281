// Package traffic tells what kind of attack a capture at a name server shows, or
// that it shows none: when, how much, which names, from what kind of sources.
//
//	var a traffic.Analyzer
//	err := a.ReadCapture(ctx, os.Stdin) // tcpdump -w - port 53 | ...
//	fmt.Println(a.Report())
//	// traffic: attack: 45000 queries and 0 answers in 45000 packets from ... to ...
//	//   from 2015-11-30T06:50:20Z (within 1s) to 2015-11-30T06:51:20Z (within 1s): a flood of queries from
//	//   sources that were made up, for one name, www.336901.com.
//
// # Usage
//
// [Analyzer.ReadCapture] takes in pcap and pcapng, [Analyzer.Observe] messages
// from elsewhere, such as dnstap. [Analyzer.Report] says what they were. Parts
// of a capture can be read by several Analyzers, on several machines:
// [Analyzer.MarshalBinary] carries what one holds, [Analyzer.Merge] puts them
// together.
//
// A window is where the rate steps up by half or more against the minutes before,
// for three seconds or longer. Sources are counted exactly up to 32,768 and by
// sampling above; names and sources that occur most are found by counters whose
// bounds are printed. See [Report] for all of it.
//
// The levels, and why:
//
//	verdict  level    why
//	quiet    ok       1,000 queries and a minute, without a step, made-up sources, or one name all along
//	surge    warning  a step that a crowd or a broken client makes too
//	attack   problem  made-up sources, random names below one that step up, or queries in a victim's name
//	unknown  unknown  too short, too little understood, or the same from the first second to the last
//
// Sources count as made up when they are spread over all of IPv4 as draws are. Of
// sources over IPv6 there is no model. What makes these rules wrong: a sender
// that draws from a small network only; real clients that are as many, as even
// and as short of repetition as draws, in every /8.
//
// # Privileges
//
// None. Capturing needs what tcpdump needs.
//
// # Platforms
//
// All.
//
// # Testing
//
// Against captures of known truth made by the tests, and message by message
// against tshark.
package traffic
