// Package watch tells as it happens which zombies stay and when they are
// reaped.
//
//	for event, err := range watch.Events(ctx, watch.Config{}) {
//		if event.Kind == watch.KindStuck {
//			fmt.Println(event.Zombie.PID, "is not reaped by", event.Zombie.PPID)
//		}
//	}
//
// # Usage
//
// [Events] looks at the zombies of the host again and again and yields one that
// has stayed for [Config.Grace] as [KindStuck], and as [KindReaped] when it is gone. A
// healthy parent's zombies, which are gone in milliseconds, are never yielded.
//
// With [Config.Connector] the kernel also tells of every process that ends
// ([KindExited]) with its exit status, through its process connector
// (Documentation/driver-api/connector.rst). What the kernel had to drop is
// counted and yielded as [KindLost]; the next look makes up for it as far as zombies
// go. Where the connector is not to be had, looking goes on without it.
//
// # Privileges
//
// None to look. The connector needs CAP_NET_ADMIN in the first user and PID
// namespaces.
//
// # Platforms
//
// As package procstate; the connector is Linux only.
//
// # Testing
//
// Give [Config.Scanner] the Root of a tree that procstatetest wrote.
package watch
