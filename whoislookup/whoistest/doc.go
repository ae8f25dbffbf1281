// Package whoistest runs registries on loopback for the tests of programs that
// ask registries, under the real servers' names.
//
//	srv, err := whoistest.NewServer(whoistest.Blog())
//	rec, err := srv.Client().Lookup(ctx, "138.0.155.10")
//	fmt.Println(rec.Holder.Name) // Gigared S.A.
//
// # Usage
//
// [NewServer] takes the answers: per server name and per query the text that
// the server gives. [Server.Client] returns a client whose connections end
// here; [Server.Dial] does the same for any program that takes a dial function.
// [Server.Handle] makes a server misbehave: [Drip], [Endless], [Silent],
// [Reset], [Throttle], [LoopTo], [Answer]. [Server.Replay] answers as saved
// records say that the real servers did. [Server.Queries] tells what was asked, byte by byte.
// [Server.Hosts] serves the standard port on addresses of 127.77.0.0/16 and
// returns lines for /etc/hosts, so that unmodified programs such as Debian's
// whois find it: for use in a private network namespace.
//
// # Privileges
//
// None but for [Server.Hosts], which listens on ports below 1024.
//
// # Platforms
//
// All; [Server.Hosts] needs the whole of 127.0.0.0/8 on the loopback device,
// as on Linux.
//
// # Testing
//
// This is the fake. Its texts are written by hand in each registry's format.
package whoistest
