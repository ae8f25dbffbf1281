package bulk_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup/bulk"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

func ExampleCSV() {
	srv, err := whoistest.NewServer(whoistest.Blog())
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	many := bulk.Bulk{Client: srv.Client(), Every: time.Nanosecond}
	addrs := []netip.Addr{netip.MustParseAddr("138.0.155.10"), netip.MustParseAddr("190.57.233.170"), netip.MustParseAddr("10.0.0.1")}
	left, err := bulk.CSV(os.Stdout, many.Lookup(context.Background(), slices.Values(addrs)))
	fmt.Println(left, err)
	// Output:
	// prefix,holder,asn,country,abuse
	// 138.0.152.0/22,Gigared S.A.,,AR,
	// 190.57.233.160/28,EDITORIAL LA PAGINA S.A.,,AR,
	// 1 <nil>
}

func TestCSVHoldsEachPrefixOnce(t *testing.T) {
	srv, err := whoistest.NewServer(whoistest.Blog())
	require.NoError(t, err)
	defer srv.Close()
	srv.Handle("whois.ripe.net", whoistest.Answer("inetnum: 193.0.1.0 - 193.0.3.255\nnetname: EX\ndescr: A \"quoted\", \x1b[2Jname\ncountry: NL\norigin: AS64500\nstatus: ASSIGNED PA\n"))
	many := bulk.Bulk{Client: srv.Client(), Every: time.Nanosecond}
	addrs := []netip.Addr{netip.MustParseAddr("193.0.1.1"), netip.MustParseAddr("193.0.2.1"), netip.MustParseAddr("10.0.0.1")}
	var out strings.Builder
	left, err := bulk.CSV(&out, many.Lookup(t.Context(), slices.Values(addrs)))
	require.NoError(t, err)
	assert.Equal(t, 1, left, "nobody holds private space")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 3)
	assert.True(t, strings.HasPrefix(lines[1], `193.0.1.0/24,"A ""quoted"", `), lines[1])
	assert.True(t, strings.HasPrefix(lines[2], "193.0.2.0/23,"), lines[2])
	assert.NotContains(t, out.String(), "\x1b")
}
