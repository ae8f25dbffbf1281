package traffic

const (
	maxEpochs    = 32
	epochSources = 4096
	epochNames   = 2048
	wholeSources = 1 << 15
)

// epoch is what is known of 2^shift seconds: one to a few, for a short capture.
// When epochs become too many, each two that adjoin become one.
type epoch struct {
	queries, answers        uint64
	queryBytes, answerBytes uint64
	v6, tcp                 uint64
	octets                  [256]uint64 // IPv4 queries by the first byte of their source
	types                   [257]uint64 // queries by type, the last for those from 256 on
	rcodes                  [16]uint64  // of answers
	sources, names          sample
	talkers, top            *frequent // sources and names of queries
	servers, clients        *frequent // both by whole address; clients of answers only
}

func newEpoch() *epoch {
	e := &epoch{
		sources: sample{bound: epochSources}, names: sample{bound: epochNames},
		talkers: newFrequent(false), top: newFrequent(true), servers: newFrequent(true), clients: newFrequent(false),
	}
	e.servers.eager = true
	return e
}

// merge adds another epoch.
func (e *epoch) merge(o *epoch) {
	e.queries += o.queries
	e.answers += o.answers
	e.queryBytes += o.queryBytes
	e.answerBytes += o.answerBytes
	e.v6 += o.v6
	e.tcp += o.tcp
	for i, n := range o.octets {
		e.octets[i] += n
	}
	for i, n := range o.types {
		e.types[i] += n
	}
	for i, n := range o.rcodes {
		e.rcodes[i] += n
	}
	e.sources.merge(&o.sources)
	e.names.merge(&o.names)
	e.talkers.merge(o.talkers)
	e.top.merge(o.top)
	e.servers.merge(o.servers)
	e.clients.merge(o.clients)
}
