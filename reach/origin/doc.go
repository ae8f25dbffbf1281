// Package origin finds servers that answer behind the back of the network
// that is to shield them: a site moved behind a content delivery network whose
// old address still serves it can be flooded as before.
//
//	e, err := origin.Check(ctx, &reach.Prober{}, origin.Question{URL: "http://www.example.org/", Origin: addr})
//	fmt.Println(e)
//
//	http://www.example.org/ at 138.0.155.10:80: exposed
//	  gives 302 to /diario/ultimas/index.html for its name
//	  gives nothing (closed) for a name that it cannot know
//	next: let in only the network's own ranges (cdn.Prefixes), and nothing else, at 138.0.155.10:80
//	not checked: whether the network serves the same (no edge address was given; need: Question.Edge); whether it is a network's edge after all (it is in no list of 2026-01-02, which are never complete; need: whoever runs it)
//
// # Usage
//
// [Check] asks the server for the site by its name, as curl -I ADDRESS -H
// Host: NAME does, and asks it also for names that it cannot know: a server
// that gives everybody its default page is not called exposed. With an address
// of the network (Edge) it compares what that one serves. [Exposure.Judge] is
// the pure rule.
//
// # Privileges
//
// None.
//
// # Platforms
//
// All.
//
// # Testing
//
// reachtest.StartHTTP serves an origin, with a default page or without.
package origin
