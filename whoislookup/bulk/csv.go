package bulk

import (
	"encoding/csv"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup"
)

// CSV writes a line for each prefix of the networks that results are in, once each,
// for who joins them with more addresses than can be asked for: prefix, holder, the AS
// numbers that the registry names as origin, country, abuse contact. What is not known
// is empty, and a network that nobody knows has no line. Control characters are
// escaped. It returns how many results are in no line: without them the table is no
// answer about every address.
func CSV(w io.Writer, results iter.Seq2[Result, error]) (left int, err error) {
	table := csv.NewWriter(w)
	rows := [][]string{{"prefix", "holder", "asn", "country", "abuse"}}
	told := map[whoislookup.Range]bool{}
	for res, failed := range results {
		about := res.Range()
		if failed != nil || !about.IsValid() {
			left++
			continue
		}
		if told[about] {
			continue
		}
		told[about] = true
		var origins []string
		abuse := ""
		if rec := res.Record; rec != nil {
			for _, n := range rec.Network.Origin {
				origins = append(origins, strconv.FormatUint(uint64(n), 10))
			}
			if len(rec.Abuse) > 0 {
				abuse = rec.Abuse[0].Email
			}
		}
		for prefix := range about.Prefixes() {
			rows = append(rows, []string{prefix.String(), opskit.Escape(res.Holder()), strings.Join(origins, " "), opskit.Escape(res.Country()), opskit.Escape(abuse)})
		}
	}
	slices.SortFunc(rows[1:], slices.Compare[[]string])
	return left, table.WriteAll(rows)
}
