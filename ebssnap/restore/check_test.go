package restore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap/restore"
)

var update = flag.Bool("update", false, "write the golden files")

// id is the UUID that the superblocks below are made with.
const id = "00112233-4455-6677-8899-aabbccddeeff"

func idBytes() []byte {
	return []byte{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
}

// superblock makes the start of a device, by the byte offsets of the on-disk formats.
func superblock(fstype string, log bool) []byte {
	image := make([]byte, 128<<10)
	switch fstype {
	case "xfs":
		copy(image, "XFSB")
		copy(image[32:], idBytes())
	case "ext4":
		image[1024+56], image[1024+57] = 0x53, 0xEF
		copy(image[1024+104:], idBytes())
		if log {
			image[1024+96] = 4
		}
	case "btrfs":
		copy(image[65536+64:], "_BHRfS_M")
		copy(image[65536+32:], idBytes())
		if log {
			binary.LittleEndian.PutUint64(image[65536+96:], 30670848)
		}
	}
	return image
}

func TestIdentify(t *testing.T) {
	yes, no := true, false
	tests := []struct {
		name  string
		image []byte
		want  restore.Filesystem
	}{
		{"xfs does not tell of its log", superblock("xfs", true), restore.Filesystem{Type: "xfs", ID: id}},
		{"ext4 with an empty journal", superblock("ext4", false), restore.Filesystem{Type: "ext4", ID: id, Log: &no}},
		{"ext4 that needs recovery", superblock("ext4", true), restore.Filesystem{Type: "ext4", ID: id, Log: &yes}},
		{"btrfs without a log tree", superblock("btrfs", false), restore.Filesystem{Type: "btrfs", ID: id, Log: &no}},
		{"btrfs with a log tree", superblock("btrfs", true), restore.Filesystem{Type: "btrfs", ID: id, Log: &yes}},
		{"an image too small for btrfs is still ext4", superblock("ext4", false)[:32<<10], restore.Filesystem{Type: "ext4", ID: id, Log: &no}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := restore.Identify(bytes.NewReader(test.image))
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
	for _, nothing := range [][]byte{nil, []byte("XFSB"), make([]byte, 128<<10)} {
		_, err := restore.Identify(bytes.NewReader(nothing))
		assert.ErrorIs(t, err, restore.ErrUnknownFilesystem)
	}
}

func FuzzIdentify(f *testing.F) {
	for _, fstype := range []string{"xfs", "ext4", "btrfs"} {
		f.Add(superblock(fstype, true))
	}
	f.Fuzz(func(t *testing.T, image []byte) {
		fs, err := restore.Identify(bytes.NewReader(image))
		assert.Equal(t, err == nil, fs.Type != "")
	})
}

func TestUsage(t *testing.T) {
	for _, copied := range []restore.Copy{{}, {Source: t.TempDir()}} {
		_, err := restore.Check(t.Context(), copied, func(context.Context, string) error { return nil })
		assert.Error(t, err)
	}
	_, err := restore.Check(t.Context(), restore.Copy{Source: "copy"}, nil)
	assert.ErrorIs(t, err, restore.ErrUsage)
}

func TestJudge(t *testing.T) {
	tests := []struct {
		name string
		e    restore.Evidence
		want restore.Verdict
	}{
		{"nothing is known of nothing", restore.Evidence{}, restore.VerdictUnknown},
		{"not mounted", restore.Evidence{Asked: true}, restore.VerdictUnknown},
		{"not asked", restore.Evidence{Mounted: true}, restore.VerdictUnknown},
		{"damaged", restore.Evidence{Damage: "structure needs cleaning"}, restore.VerdictUnmountable},
		{"violated", restore.Evidence{Mounted: true, Asked: true, Violation: "order 7 has no lines"}, restore.VerdictBroken},
		{"holds", restore.Evidence{Mounted: true, Asked: true}, restore.VerdictHolds},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := restore.Result{Evidence: test.e}
			r.Judge()
			assert.Equal(t, test.want, r.Verdict)
			assert.NotEmpty(t, r.Reason)
		})
	}
}

func saved() *restore.Result {
	no := false
	r := &restore.Result{Evidence: restore.Evidence{
		Source: "/dev/nvme2n1", Started: time.Date(2026, 3, 1, 4, 5, 6, 7, time.UTC), Options: "ro,noload",
		Filesystem: restore.Filesystem{Type: "ext4", ID: id, Log: &no},
		Mounted:    true, Asked: true, Violation: "order 7 has no lines\x1b[2J", Took: 1500 * time.Microsecond, Unmounted: true,
	}}
	r.Judge()
	return r
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	golden := filepath.Join("testdata", "result.golden.json")
	text, err := json.MarshalIndent(saved(), "", "\t")
	require.NoError(t, err)
	text = append(text, '\n')
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, text, 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(text))
	var back restore.Result
	require.NoError(t, json.Unmarshal(want, &back))
	judged := back
	judged.Judge()
	assert.Equal(t, back, judged)
	again, err := json.MarshalIndent(&back, "", "\t")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(again)+"\n")
}

func TestTextObeysNothingFromOutside(t *testing.T) {
	text := saved().String()
	assert.NotContains(t, text, "\x1b")
	assert.Contains(t, text, `broken: order 7 has no lines\x1b[2J`)
	assert.Contains(t, text, "\nnot checked: ")
}

func ExampleResult_Judge() {
	r := restore.Result{Evidence: restore.Evidence{Source: "/dev/nvme2n1", Mounted: true, Asked: true, Violation: "order 7 has no lines"}}
	level := r.Judge()
	fmt.Println(level, "-", r.Reason)
	// Output: problem - order 7 has no lines
}

func ExampleIdentify() {
	image := make([]byte, 128<<10)
	copy(image, "XFSB")
	fs, err := restore.Identify(bytes.NewReader(image))
	fmt.Println(fs.Type, err)
	// Output: xfs <nil>
}
