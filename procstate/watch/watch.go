package watch

import (
	"context"
	"iter"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate"
)

// Config says how to watch. The zero value is ready.
type Config struct {
	// Scanner looks at the zombies. nil is one of its own. Its Settle is not used.
	Scanner *procstate.Scanner
	// Every is the time between two looks. 0 is one second.
	Every time.Duration
	// Grace is how long a zombie must stay to be Stuck. 0 is two seconds.
	Grace time.Duration
	// Observer is told of each "look", with how many there were.
	Observer opskit.Observer
	// Connector asks for the kernel's process connector. It is a netlink socket
	// that tells of every process of the host.
	Connector bool
}

// Events watches until ctx is done or the range is left, which ends everything
// that it started. An error is yielded with an event of no kind: that of a look
// that failed, after which the watch goes on, or once, that the connector is
// not to be had. The end of ctx is no error.
func Events(ctx context.Context, config Config) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		w := newWatch(config)
		defer w.close()
		if config.Connector {
			var err error
			if w.connector, err = listen(); err != nil && !yield(Event{}, err) {
				return
			}
		}
		for w.look(ctx, yield) && w.wait(ctx, yield) {
		}
	}
}

// watch is one range over Events.
type watch struct {
	config    Config
	scanner   *procstate.Scanner
	zombies   map[procstate.ID]seen // of the last look, so never more than there are PIDs
	connector *connector
	next      time.Time // when the next look is due
	looks     int
}

// seen is a zombie that is being watched.
type seen struct {
	zombie procstate.Zombie
	first  time.Time // since when it has been dead, at the latest
	told   bool      // it was yielded as Stuck
}

func newWatch(config Config) *watch {
	w := &watch{config: config, zombies: map[procstate.ID]seen{}}
	if w.config.Every <= 0 {
		w.config.Every = time.Second
	}
	if w.config.Grace <= 0 {
		w.config.Grace = 2 * time.Second
	}
	w.scanner = &procstate.Scanner{Settle: -1}
	if config.Scanner != nil {
		w.scanner.Root, w.scanner.Source = config.Scanner.Root, config.Scanner.Source
	}
	return w
}

func (w *watch) close() {
	_ = w.scanner.Close() // nothing can be done about it
	if w.connector != nil {
		w.connector.close()
	}
}

// look looks once and yields what changed. It reports whether to go on.
func (w *watch) look(ctx context.Context, yield func(Event, error) bool) bool {
	w.next = time.Now().Add(w.config.Every)
	report, err := w.scanner.Zombies(ctx)
	if ctx.Err() != nil {
		return false
	}
	w.looks++
	w.config.Observer.Report(opskit.Phase{Op: "watch", Name: "look", Done: w.looks})
	if err != nil {
		return yield(Event{}, err)
	}
	return w.changes(ctx, report, time.Now(), yield)
}

// changes compares a report with what was seen before.
func (w *watch) changes(ctx context.Context, report *procstate.Report, now time.Time, yield func(Event, error) bool) bool {
	before := w.zombies
	w.zombies = make(map[procstate.ID]seen, len(before))
	on := true
	for _, g := range report.Groups {
		for _, z := range g.Zombies {
			s, known := before[z.ID]
			if !known {
				s.first = now.Add(-z.DeadAtLeast)
			}
			z.DeadAtLeast = max(z.DeadAtLeast, now.Sub(s.first))
			s.zombie = z
			if on && !s.told && z.DeadAtLeast >= w.config.Grace && z.Kind != procstate.KindDeadLeader {
				s.told = true
				on = yield(Event{Kind: KindStuck, At: now.UTC(), Zombie: z, Why: g.Why, Unseen: g.Unseen}, nil)
			}
			w.zombies[z.ID] = s
		}
	}
	var there map[int]procstate.ID
	looked := false
	for id, s := range before {
		if _, still := w.zombies[id]; still || !s.told {
			continue
		}
		if !looked {
			there, looked = w.present(ctx), true
		}
		if now, known := there[id.PID]; there == nil || known && (now == id || now.PID == 0) { // it could not be read at this look
			w.zombies[id] = s
			continue
		}
		if on {
			on = yield(Event{Kind: KindReaped, At: now.UTC(), Zombie: s.zombie, Unseen: report.Unseen}, nil)
		}
	}
	return on
}

// present returns who is there, with or without having been read; nil if that cannot
// be told.
func (w *watch) present(ctx context.Context) map[int]procstate.ID {
	there := map[int]procstate.ID{}
	for p, err := range w.scanner.Processes(ctx) {
		switch {
		case p.PID == 0:
			return nil
		case err != nil:
			there[p.PID] = procstate.ID{}
		default:
			there[p.PID] = p.ID
		}
	}
	return there
}

// wait waits for the next look, and yields what the connector tells meanwhile.
func (w *watch) wait(ctx context.Context, yield func(Event, error) bool) bool {
	if w.connector != nil {
		return w.connector.until(ctx, w.next, yield)
	}
	timer := time.NewTimer(time.Until(w.next))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
