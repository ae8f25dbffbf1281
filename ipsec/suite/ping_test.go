package suite_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/ipsec/conf"
	"github.com/opskit-go/opskit/ipsec/suite"
)

func ExampleESP_PingShare() {
	// 76.0 ms between two regions, and 76.1 ms through a tunnel of aes128-sha1
	// between them: 76 bytes more each way.
	cost, _ := suite.Parse("aes128-sha1", suite.ProtocolESP, conf.DialectOpenswan).Proposals[0].Sizes()
	fmt.Printf("%.1f %%\n", 100*cost.PingShare(76100*time.Microsecond, 76*time.Millisecond, 84, 20, true, 1e9))
	// Output: 1.2 %
}

func TestPingShareIsZeroWhereNothingTookLonger(t *testing.T) {
	assert.Zero(t, suite.ESP{IV: 8, ICV: 16}.PingShare(time.Second, time.Second, 84, 20, true, 1e9))
	assert.Zero(t, suite.ESP{IV: 8, ICV: 16}.PingShare(2*time.Second, time.Second, 84, 20, true, 0))
	assert.InDelta(t, 2*8*(20+8+112-84)/1e6/0.001, suite.ESP{IV: 8, Block: 4, ICV: 8}.PingShare(2*time.Millisecond, time.Millisecond, 84, 20, true, 1e6), 1e-9)
}
