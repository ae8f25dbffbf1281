package program

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
)

type look struct {
	Found string `json:"found,omitempty"`
}

func (l *look) Judge() opskit.Level { return l.Level() }

func (l *look) Level() opskit.Level {
	return map[bool]opskit.Level{true: opskit.OK}[l.Found != ""]
}
func (l *look) Gaps() []opskit.Gap { return []opskit.Gap{{What: "the rest", Why: "nobody looked"}} }
func (l *look) String() string     { return "found: " + l.Found + "\n" + opskit.NotChecked(l) }
func (l *look) Seen() bool         { return l != nil && l.Found != "" }

// A verdict on what was seen last week must not read as today's, whenever the
// file was copied.
func TestEvidenceTellsWhenItWasSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "evidence.json")
	seen := time.Date(2015, time.December, 12, 10, 0, 0, 0, time.UTC)
	require.NoError(t, SaveEvidence(path, "test_look", seen, &look{"it"}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	p, stdout, stderr := newProgram()
	got, err := LoadEvidence[*look](p, path, "test_look")
	require.NoError(t, err)
	assert.Equal(t, []*look{{"it"}}, got)
	assert.Equal(t, "roots: "+path+": as seen at 2015-12-12T10:00:00Z\n", stderr.String())
	assert.Equal(t, Healthy, p.Answer(got[0]))
	assert.Equal(t, CannotTell, p.Answer(&look{}))
	assert.Equal(t, "found: it\nnot checked: the rest (nobody looked)\nfound: \nnot checked: the rest (nobody looked)\n", stdout.String())
	_, err = LoadEvidence[*look](p, path, "test_other")
	require.ErrorIs(t, err, opskit.ErrNotEvidence)
	_, err = LoadEvidence[*look](p, path+"x", "test_look")
	require.ErrorIs(t, err, os.ErrNotExist)
}
