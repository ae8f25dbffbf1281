package origin

import (
	"testing"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/contract"
)

func TestContract(t *testing.T) {
	exposed, unasked := saved(), &Exposure{URL: "http://www.example.org/"}
	unasked.Judge()
	contract.Check(t, contract.Package{Prefix: "reach_", Results: map[string]opskit.Result{"exposed": exposed, "unasked": unasked}})
}
