package volumes_test

import (
	"encoding/json"
	"errors"
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

// sample is a layout with every field: links, LVM, a loop device, memory, an unknown disk, something unseen.
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
		assert.Equal(t, live.Check(set...), saved.Check(set...))
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

func TestErrorsKeepTheirMeaningInJSON(t *testing.T) {
	for code, sentinel := range map[string]error{
		"no_path": volumes.ErrNoPath, "no_block_device": volumes.ErrNoBlockDevice, "unknown_device": volumes.ErrUnknownDevice,
		"outside": volumes.ErrOutside, "cannot_tell": volumes.ErrCannotTell, "malformed": volumes.ErrMalformed, "usage": volumes.ErrUsage,
		"unsupported": errors.ErrUnsupported, "other": os.ErrClosed,
	} {
		before := &volumes.Error{Op: "find", Target: "/data", Err: sentinel}
		text, err := json.Marshal(before)
		require.NoError(t, err)
		assert.Contains(t, string(text), `"code":"`+code+`"`)
		var after volumes.Error
		require.NoError(t, json.Unmarshal(text, &after))
		assert.Equal(t, code != "other", errors.Is(&after, sentinel), code)
		assert.Equal(t, before.Error(), after.Error())
		again, err := json.Marshal(&after)
		require.NoError(t, err)
		assert.Equal(t, string(text), string(again))
	}
	assert.Error(t, new(volumes.Error).UnmarshalJSON([]byte("[")))
	assert.Equal(t, "x", (&volumes.Error{Err: errors.New("x")}).Error())
}

func TestEnumsAreStableText(t *testing.T) {
	type enum interface {
		String() string
		MarshalText() ([]byte, error)
	}
	for _, c := range []struct {
		names   string
		value   func(uint8) enum
		decoded func(string) (enum, error)
	}{
		{"unknown disk partition mapped raid loop", func(n uint8) enum { return volumes.Kind(n) }, func(s string) (enum, error) {
			var k volumes.Kind
			err := k.UnmarshalText([]byte(s))
			return k, err
		}},
		{"unknown ebs instance_store", func(n uint8) enum { return volumes.Store(n) }, func(s string) (enum, error) {
			var k volumes.Store
			err := k.UnmarshalText([]byte(s))
			return k, err
		}},
		{"unknown whole split", func(n uint8) enum { return volumes.Verdict(n) }, func(s string) (enum, error) {
			var k volumes.Verdict
			err := k.UnmarshalText([]byte(s))
			return k, err
		}},
	} {
		names := strings.Fields(c.names)
		for n, name := range names {
			value := c.value(uint8(n))
			assert.Equal(t, name, value.String())
			text, err := value.MarshalText()
			require.NoError(t, err)
			assert.Equal(t, name, string(text))
			back, err := c.decoded(name)
			require.NoError(t, err)
			assert.Equal(t, value, back)
		}
		beyond := c.value(uint8(len(names)))
		_, err := beyond.MarshalText()
		require.Error(t, err)
		assert.Contains(t, beyond.String(), "(")
		_, err = c.decoded("Whole")
		assert.Error(t, err)
	}
}
