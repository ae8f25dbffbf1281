package whoistest

import (
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/opskit-go/opskit/whoislookup"
)

// Replay makes the servers of saved look-ups say again what they said, byte by
// byte: the same look-up by [Server.Client] then gives the same record. A server
// that gave no answer is unknown here, as one that cannot be reached. Call
// [Server.Client] after it, as the records may be of RDAP servers. The error is
// that of [Server.HandleRDAP].
func (s *Server) Replay(records ...*whoislookup.Record) error {
	answers := Answers{}
	pages := map[string]map[string]whoislookup.Hop{} // by server and path
	var collect func(list []*whoislookup.Record)
	collect = func(list []*whoislookup.Record) {
		for _, rec := range list {
			if rec == nil {
				continue
			}
			for _, h := range rec.Hops {
				name := strings.ToLower(h.Server)
				if host, _, err := net.SplitHostPort(name); err == nil {
					name = host
				}
				switch u, err := url.Parse(h.Sent); {
				case !h.Failure.IsZero() || h.Protocol == "local":
				case h.Protocol != "rdap":
					if answers[name] == nil {
						answers[name] = map[string]string{}
					}
					answers[name][strings.ToLower(h.Sent)] = string(h.Raw)
				case err == nil:
					if pages[name] == nil {
						pages[name] = map[string]whoislookup.Hop{}
					}
					pages[name][u.RequestURI()] = h
				}
			}
			collect(rec.Embedded)
		}
	}
	collect(records)
	s.mu.Lock()
	world := make(Answers, len(s.answers)+len(answers))
	for _, from := range [...]Answers{s.answers, answers} {
		for name, known := range from {
			name = strings.ToLower(name)
			if world[name] == nil {
				world[name] = map[string]string{}
			}
			maps.Copy(world[name], known)
		}
	}
	s.answers = world
	s.mu.Unlock()
	for name, known := range pages {
		if err := s.HandleRDAP(name, replayed(known)); err != nil {
			return err
		}
	}
	return nil
}

// replayed serves what an RDAP server said, or where it sent the client.
func replayed(known map[string]whoislookup.Hop) http.Handler {
	none := RDAP(nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch h, ok := known[r.URL.RequestURI()]; {
		case !ok:
			none.ServeHTTP(w, r)
		case len(h.Raw) == 0 && h.Referral != "":
			http.Redirect(w, r, h.Referral, http.StatusFound)
		default:
			w.Header().Set("Content-Type", "application/rdap+json")
			w.Write(h.Raw)
		}
	})
}
