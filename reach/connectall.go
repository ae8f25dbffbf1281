package reach

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"

	"github.com/opskit-go/opskit"
)

// ConnectAll asks many targets as [Prober.Connect] asks one, at most Window at
// a time, and yields each result with Connect's error as it comes; the order is
// that of the answers. targets is read as room becomes free, so it may be
// endless. Leaving the loop, like a canceled ctx, ends the attempts under way;
// no goroutine is left when the loop has ended. Once ctx has ended no more
// targets are read: a loop that ends with ctx.Err() not nil has not asked all.
//
// When this host runs out of descriptors or ports, fewer targets are asked at
// once and the failed ones again: a shortage is never a target's verdict as
// long as other attempts hold what is missing.
//
// Routers send ICMP errors at a limited rate (Linux: one a second to each
// peer), so that in bulk most rejections look like silence. A NoAnswer after
// some router has rejected another target of the run says so in Unseen.
func (p *Prober) ConnectAll(ctx context.Context, targets iter.Seq[netip.AddrPort]) iter.Seq2[*Connection, error] {
	type outcome struct {
		c     *Connection
		err   error
		begun int  // how many attempts had begun with this one
		alone bool // it was the only one when it began
	}
	return func(yield func(*Connection, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		next, stop := iter.Pull(targets)
		results := make(chan outcome)
		window, flying, begun := p.window(), 0, 0
		defer func() {
			cancel()
			stop()
			for ; flying > 0; flying-- {
				<-results
			}
		}()
		var again []netip.AddrPort
		rejecting := map[netip.Addr]int{}
		more := true
		for {
			for flying < window && ctx.Err() == nil {
				var target netip.AddrPort
				if len(again) > 0 {
					target, again = again[len(again)-1], again[:len(again)-1]
				} else if more {
					if target, more = next(); !more {
						break
					}
				} else {
					break
				}
				begun++
				o := outcome{begun: begun, alone: flying == 0}
				flying++
				go func() {
					o.c, o.err = p.Connect(ctx, target)
					results <- o
				}()
			}
			if flying == 0 {
				return
			}
			o := <-results
			flying--
			// Others may have held what was missing, though they are over by now.
			if company := !o.alone || begun > o.begun; company && errors.Is(o.err, ErrLocal) {
				window = max(1, flying)
				again = append(again, o.c.Target)
				continue
			}
			noteRejections(o.c, rejecting)
			if !yield(o.c, o.err) {
				return
			}
		}
	}
}

func (p *Prober) window() int {
	w := p.Window
	if w <= 0 {
		w = defaultWindow
	}
	if limit := openFiles(); limit > 0 {
		w = min(w, max(1, limit/2))
	}
	return w
}

// noteRejections remembers which routers reject, and marks a silence that may
// be one more rejection.
func noteRejections(c *Connection, rejecting map[netip.Addr]int) {
	if c.ICMP != nil && c.ICMP.From.IsValid() {
		rejecting[c.ICMP.From]++
		return
	}
	if c.Verdict != NoAnswer || len(rejecting) == 0 {
		return
	}
	routers := make([]netip.Addr, 0, len(rejecting))
	for r := range rejecting {
		routers = append(routers, r)
	}
	most := slices.MaxFunc(routers, func(a, b netip.Addr) int {
		if d := rejecting[a] - rejecting[b]; d != 0 {
			return d
		}
		return b.Compare(a)
	})
	c.Unseen = append(c.Unseen, opskit.Gap{
		What: "whether the silence is a rejection", Need: "ask this target alone",
		Why: fmt.Sprintf("%s rejected %d other targets of this run, and routers limit such errors to about one a second", most, rejecting[most]),
	})
}
