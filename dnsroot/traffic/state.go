package traffic

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/opskit-go/opskit"
)

// state is what an Analyzer took in, and how it is saved.
type state struct {
	Schema  int
	Ports   []uint16
	Frames  uint64
	Skipped map[string]uint64
	Broken  [][]byte // opskit.Failure as JSON
	Sources table    // of all time, a finer sample than the epochs'
	Seconds map[int64]*chunk
	Epochs  map[int64]*epoch // by second>>Shift
	Shift   uint8
}

// chunk is what is counted of 256 seconds on end.
type chunk [256]bin

// bin is a second: queries and answers in it.
type bin struct{ Queries, Answers uint32 }

// epoch is what is known of 2^Shift seconds: one to a few, for a short capture.
// When epochs become too many, each two that adjoin become one.
type epoch struct {
	N                              [numbers]uint64
	Sources, Names                 table // samples, of queries
	Talkers, Top, Servers, Clients table // rankings: sources and names of queries, both by whole address, clients of answers only
}

// What stands where in an epoch's numbers.
const (
	queries = iota
	answers
	queryBytes
	answerBytes
	overIPv6
	rcodes                // of answers
	types   = rcodes + 16 // of queries, the last for those from 256 on
	octets  = types + 257 // IPv4 queries by the first byte of their source
	numbers = octets + 256
)

const (
	schema       = 2
	maxChunks    = 8192 // how many seconds can be told apart: 24 days
	maxEpochs    = 32
	epochSources = 4096
	epochNames   = 2048
	wholeSources = 1 << 15
)

func newState() state {
	return state{
		Schema: schema, Skipped: map[string]uint64{}, Sources: sample(wholeSources, false),
		Seconds: map[int64]*chunk{}, Epochs: map[int64]*epoch{},
	}
}

func newEpoch() *epoch {
	return &epoch{
		Sources: sample(epochSources, false), Names: sample(epochNames, true),
		Talkers: ranking(false), Top: ranking(false), Servers: ranking(true), Clients: ranking(false),
	}
}

func (e *epoch) tables() []*table {
	return []*table{&e.Sources, &e.Names, &e.Talkers, &e.Top, &e.Servers, &e.Clients}
}

// merge adds another epoch.
func (e *epoch) merge(o *epoch) {
	for i, n := range o.N {
		e.N[i] += n
	}
	for i, t := range o.tables() {
		e.tables()[i].merge(t)
	}
}

// chunk is that of a second, nil where there are too many.
func (s *state) chunk(key int64) *chunk {
	if s.Seconds[key] == nil && len(s.Seconds) < maxChunks {
		s.Seconds[key] = &chunk{}
	}
	return s.Seconds[key]
}

// epoch is the one of that key, which may make others coarser.
func (s *state) epoch(second int64) *epoch {
	if e := s.Epochs[second>>s.Shift]; e != nil {
		return e
	}
	s.Epochs[second>>s.Shift] = newEpoch()
	for len(s.Epochs) > maxEpochs {
		s.coarsen(s.Shift + 1)
	}
	return s.Epochs[second>>s.Shift]
}

// coarsen joins epochs to that shift.
func (s *state) coarsen(shift uint8) {
	by := shift - s.Shift
	joined := make(map[int64]*epoch, maxEpochs)
	for _, key := range slices.Sorted(maps.Keys(s.Epochs)) {
		if to := joined[key>>by]; to == nil {
			joined[key>>by] = s.Epochs[key]
		} else {
			to.merge(s.Epochs[key])
		}
	}
	s.Epochs, s.Shift = joined, shift
}

func (s *state) merge(o *state) {
	s.Frames += o.Frames
	s.Broken = append(s.Broken, o.Broken...)
	for why, n := range o.Skipped {
		s.Skipped[why] += n
	}
	s.Sources.merge(&o.Sources)
	for key, theirs := range o.Seconds {
		c := s.chunk(key)
		if c == nil {
			s.Skipped["too_many_seconds"]++
			continue
		}
		for i, b := range theirs {
			c[i].Queries += b.Queries
			c[i].Answers += b.Answers
		}
	}
	s.coarsen(max(s.Shift, o.Shift))
	for _, key := range slices.Sorted(maps.Keys(o.Epochs)) {
		s.epoch(key << o.Shift).merge(o.Epochs[key])
	}
}

// Merge adds what another Analyzer took in. Counts, windows and the numbers of
// sources become what they were if one had taken in everything, in whatever order;
// of the names and addresses that are printed, the bounds add up.
func (a *Analyzer) Merge(b *Analyzer) error {
	if a == b {
		return errors.New("merge: an analyzer with itself")
	}
	a.flush()
	b.flush()
	a.last, b.last = last{}, last{}
	a.state.merge(&b.state)
	return nil
}

// MarshalBinary returns what the Analyzer took in, for UnmarshalBinary of the same version of this module.
func (a *Analyzer) MarshalBinary() ([]byte, error) {
	a.flush()
	a.state.Ports = a.Ports
	return json.Marshal(&a.state)
}

// UnmarshalBinary puts back what MarshalBinary returned. Errors match ErrNotPart.
func (a *Analyzer) UnmarshalBinary(data []byte) error {
	var s state
	err := json.Unmarshal(data, &s) // and not gob, which makes a map as large as it says it is
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return &opskit.Error{Op: "read part", Err: fmt.Errorf("%w: %s", ErrNotPart, err.Error())}
	}
	*a = Analyzer{Ports: s.Ports, state: newState()}
	a.state.merge(&s) // builds each table anew, whatever order its keys stood in
	return nil
}

// check refuses what no Analyzer can have saved.
func (s *state) check() error {
	switch {
	case s.Schema != schema:
		return fmt.Errorf("schema %d", s.Schema)
	case s.Shift > 40 || len(s.Epochs) > maxEpochs || len(s.Seconds) > maxChunks:
		return errors.New("out of bounds")
	}
	far := func(second int64) bool { return second>>34 != 0 && second>>34 != -1 } // what int64 holds of nanoseconds
	for key := range s.Seconds {
		if far(key) || far(key<<8) || s.Seconds[key] == nil {
			return errors.New("out of bounds")
		}
	}
	tables := []*table{&s.Sources}
	for key, e := range s.Epochs {
		if far(key) || far(key<<s.Shift) || e == nil {
			return errors.New("out of bounds")
		}
		tables = append(tables, e.tables()...)
	}
	for _, t := range tables {
		if t.Level > 63 || len(t.Slots) > 2*wholeSources {
			return errors.New("out of bounds")
		}
	}
	for _, text := range s.Broken {
		if err := json.Unmarshal(text, &opskit.Failure{}); err != nil {
			return err
		}
	}
	return nil
}
