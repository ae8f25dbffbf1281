package traffic

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"maps"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/capture"
)

// state is an Analyzer as it is saved.
type state struct {
	Schema                   int
	Ports                    []uint16
	Frames, Queries, Answers uint64
	Skipped                  map[string]uint64
	Broken                   []string
	Shift                    uint8
	Whole                    savedSample
	Seconds                  map[int64][]uint32
	Epochs                   map[int64]savedEpoch
}

type savedEpoch struct {
	Counts                         []uint64
	Octets, Types, Rcodes          []uint64
	Sources, Names                 savedSample
	Talkers, Top, Servers, Clients savedFrequent
}

type savedSample struct {
	Level  uint8
	Hashes []uint64
	Counts []uint64
	Texts  []string
}

type savedFrequent struct {
	Lost   uint64
	Hashes []uint64
	Counts []uint64
	Texts  [][]byte
}

const schema = 1

// MarshalBinary returns what the Analyzer took in, for UnmarshalBinary of the same version of this module.
func (a *Analyzer) MarshalBinary() ([]byte, error) {
	a.prepare()
	a.flush()
	s := state{
		Schema: schema, Ports: a.Ports, Frames: a.frames, Queries: a.queries, Answers: a.answers, Skipped: a.skipped,
		Shift: a.shift, Whole: a.whole.save(), Seconds: map[int64][]uint32{}, Epochs: map[int64]savedEpoch{},
	}
	for _, f := range a.broken {
		s.Broken = append(s.Broken, f.String())
	}
	for key, c := range a.seconds {
		for _, b := range c {
			s.Seconds[key] = append(s.Seconds[key], b.queries, b.answers)
		}
	}
	for key, e := range a.epochs {
		s.Epochs[key] = savedEpoch{
			Counts: []uint64{e.queries, e.answers, e.queryBytes, e.answerBytes, e.v6, e.tcp},
			Octets: e.octets[:], Types: e.types[:], Rcodes: e.rcodes[:], Sources: e.sources.save(), Names: e.names.save(),
			Talkers: e.talkers.save(), Top: e.top.save(), Servers: e.servers.save(), Clients: e.clients.save(),
		}
	}
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(s)
	return b.Bytes(), err
}

// UnmarshalBinary puts back what MarshalBinary returned. Errors match ErrNotPart.
func (a *Analyzer) UnmarshalBinary(data []byte) error {
	var s state
	err := gob.NewDecoder(bytes.NewReader(data)).Decode(&s)
	if err == nil && s.Schema != schema {
		err = fmt.Errorf("schema %d", s.Schema)
	}
	if err == nil && (s.Shift > 40 || len(s.Epochs) > maxEpochs || len(s.Seconds) > maxChunks) {
		err = fmt.Errorf("out of bounds")
	}
	b := Analyzer{Ports: s.Ports, frames: s.Frames, queries: s.Queries, answers: s.Answers, shift: s.Shift}
	b.prepare()
	maps.Copy(b.skipped, s.Skipped)
	for _, text := range s.Broken {
		b.broken = append(b.broken, opskit.Fail(&capture.Explained{Is: ErrDamaged, Text: text}))
	}
	ok := b.whole.load(s.Whole)
	for key, list := range s.Seconds {
		c := &chunk{}
		ok = ok && len(list) == 2*len(c)
		for i := 0; ok && i < len(c); i++ {
			c[i] = bin{list[2*i], list[2*i+1]}
		}
		b.seconds[key] = c
	}
	for key, saved := range s.Epochs {
		e := newEpoch()
		ok = ok && len(saved.Counts) == 6 && len(saved.Octets) == len(e.octets) && len(saved.Types) == len(e.types) && len(saved.Rcodes) == len(e.rcodes)
		if !ok {
			break
		}
		e.queries, e.answers, e.queryBytes, e.answerBytes = saved.Counts[0], saved.Counts[1], saved.Counts[2], saved.Counts[3]
		e.v6, e.tcp = saved.Counts[4], saved.Counts[5]
		copy(e.octets[:], saved.Octets)
		copy(e.types[:], saved.Types)
		copy(e.rcodes[:], saved.Rcodes)
		ok = e.sources.load(saved.Sources) && e.names.load(saved.Names) && e.talkers.load(saved.Talkers) &&
			e.top.load(saved.Top) && e.servers.load(saved.Servers) && e.clients.load(saved.Clients)
		b.epochs[key] = e
	}
	if err == nil && !ok {
		err = fmt.Errorf("tables that do not fit together")
	}
	if err != nil {
		return &opskit.Error{Op: "read part", Err: &capture.Explained{Is: ErrNotPart, Text: ErrNotPart.Error() + ": " + err.Error()}}
	}
	*a = b
	return nil
}

func (s *sample) save() (out savedSample) {
	out.Level = s.level
	s.all(func(e sampled, text string) {
		out.Hashes, out.Counts, out.Texts = append(out.Hashes, e.hash), append(out.Counts, e.count), append(out.Texts, text)
	})
	return out
}

func (s *sample) load(in savedSample) bool {
	if in.Level > 63 || len(in.Hashes) > s.bound || len(in.Counts) != len(in.Hashes) || len(in.Texts) != len(in.Hashes) {
		return false
	}
	s.level = in.Level
	for i, h := range in.Hashes {
		if !s.takes(h) || len(in.Texts[i]) > 255 {
			return false
		}
		var text []byte
		if in.Texts[i] != "" {
			text = []byte(in.Texts[i])
		}
		s.add(h, in.Counts[i], text)
	}
	return true
}

func (f *frequent) save() (out savedFrequent) {
	out.Lost = f.lost
	for _, e := range f.top() {
		out.Hashes, out.Counts, out.Texts = append(out.Hashes, e.hash), append(out.Counts, e.count), append(out.Texts, e.text)
	}
	return out
}

func (f *frequent) load(in savedFrequent) bool {
	if len(in.Hashes) > frequentSlots/2 || len(in.Counts) != len(in.Hashes) || len(in.Texts) != len(in.Hashes) {
		return false
	}
	f.lost = in.Lost
	for i, h := range in.Hashes {
		if in.Counts[i] == 0 || len(in.Texts[i]) > 255 {
			return false
		}
		var text []byte
		if len(in.Texts[i]) > 0 {
			text = in.Texts[i]
		}
		f.add(h, in.Counts[i], text)
		if text != nil && in.Counts[i] == 1 {
			f.add(h, 0, text)
		}
	}
	return true
}
