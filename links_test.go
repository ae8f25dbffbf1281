package opskit_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a program links that imports a package, by whatever way: the AWS SDK only
// through its rooms, and procstate nothing but golang.org/x/sys.
func TestWhatAPackageLinks(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skipf("needs the go command: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), goTool, "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "./...").Output()
	require.NoError(t, err)
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		dir := strings.TrimPrefix(words[0], module+"/")
		seen[dir] = true
		mayLinkAWS := dir == "ebssnap/ec2snap" || dir == "ipsec/ec2route" ||
			strings.HasPrefix(dir, "internal/peers/") || strings.HasPrefix(dir, "examples/") && dir != "examples/incident"
		for _, linked := range words[1:] {
			if strings.HasPrefix(linked, "github.com/aws/") {
				assert.True(t, mayLinkAWS, "%s links %s", dir, linked)
			}
			if owner(dir) == "procstate" && strings.Contains(linked, ".") && !strings.HasPrefix(linked, module) {
				standard := strings.HasPrefix(linked, "vendor/")
				assert.True(t, standard || strings.HasPrefix(linked, "golang.org/x/sys/"), "%s links %s", dir, linked)
			}
		}
	}
	for _, dir := range append([]string{"examples/incident", "ebssnap/ec2snap"}, six...) {
		assert.True(t, seen[dir], dir)
	}
}
