package volumes_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap/volumes"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample is a layout with every field: links, LVM, a loop device, memory, an unknown disk,
// something unseen.
func sample(t *testing.T) *volumes.Layout {
	t.Helper()
	root := cluster(
		t,
		virtual("dm-0", "253:0", "dm/name", "vg-data", pci("nvme1n1"), pci("nvme2n1")), virtual("loop0", "7:0", "loop/backing_file", "/srv/pg/disk.img"),
		xenDisk("sda", "8:0", ""),
		machine{"srv/pg/pg_wal": "-> /srv/wal/15", "srv/pg/disk.img": "", "srv/pg/lost": "-> /nowhere", "lv/": "", "img/": "", "sda/": "", "srv/pg/stat": "-> /run/stat"},
	)
	more := "40 20 253:0 / /lv rw - xfs /dev/mapper/vg-data rw\n41 20 7:0 / /img rw - ext4 /dev/loop0 rw\n42 20 8:0 / /sda rw - ext4 /dev/sda rw\n"
	name := filepath.Join(root, "proc/self/mountinfo")
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, append(text, more...), 0o644))
	return find(t, volumes.Finder{Root: root}, "/srv/pg", "/lv", "/img", "/sda")
}

func golden[T any](t *testing.T, name string, value *T) {
	t.Helper()
	text, err := json.MarshalIndent(value, "", "\t")
	require.NoError(t, err)
	text = append(text, '\n')
	file := filepath.Join("testdata", name+".golden.json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, text, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(text))
	var decoded T
	require.NoError(t, json.Unmarshal(want, &decoded))
	again, err := json.MarshalIndent(&decoded, "", "\t")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(again)+"\n", "a result decodes from its own JSON and encodes to the same bytes")
}

func TestResultsAreStableJSON(t *testing.T) {
	golden(t, "layout", sample(t))
	golden(t, "report", sample(t).Check(volA, "vol-0c000000000000000"))
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	live := sample(t)
	text, err := json.Marshal(live)
	require.NoError(t, err)
	var saved volumes.Layout
	require.NoError(t, json.Unmarshal(text, &saved))
	for _, set := range [][]string{nil, {volA}, {volA, volB}, {volRoot, volA, volB}} {
		assert.Equal(t, live.Check(set...).Verdict, saved.Check(set...).Verdict)
		assert.Equal(t, live.Check(set...).String(), saved.Check(set...).String())
	}
	assert.Equal(t, live.String(), saved.String())
}

func TestTextSaysTheVerdictFirstAndWhatWasNotCheckedLast(t *testing.T) {
	layout := sample(t)
	for _, text := range []string{layout.String(), layout.Check(volA).String(), layout.Check(volA, volB).String(), layout.Check().String()} {
		lines := strings.Split(text, "\n")
		assert.Regexp(t, "^(volumes|whole|split|unknown)", lines[0])
		assert.Regexp(t, "^not checked: where the link /srv/pg/lost leads", lines[len(lines)-1])
		for _, line := range lines[1 : len(lines)-1] {
			assert.Regexp(t, "^(  |next: )", line)
		}
	}
	assert.Contains(t, layout.Check(volA).String(), "next: take one snapshot of the set "+volA+" "+volB)
	whole := find(t, volumes.Finder{Root: cluster(t)}, "/srv/wal").Check(volB)
	assert.Equal(t, "whole: all of the data lies on "+volB+"\nnot checked: nothing more", whole.String())
}

func TestNothingFromOutsideReachesTheTerminal(t *testing.T) {
	root := cluster(t, machine{"srv/pg/\x1b[2Jx": "-> /srv/wal/15", "srv/pg/y": "-> /n\x1b[2J"},
		virtual("dm-0", "253:0", "dm/name", "vg\x1b[2J", pci("nvme1n1")))
	layout := find(t, volumes.Finder{Root: root}, "/srv/pg")
	text := layout.String() + layout.Check(volA).String() + layout.Check(volA).Err().Error() + layout.Check(volA, volB).Err().Error()
	assert.NotContains(t, text, "\x1b")
	assert.Contains(t, text, `\x1b[2Jx`)
}
