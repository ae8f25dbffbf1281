package procstate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/opskit-go/opskit/internal/mountinfo"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhichGroupIsFrozen: the one that was frozen, not one that is frozen with
// it; and what cannot be looked up is not taken for not frozen.
func TestWhichGroupIsFrozen(t *testing.T) {
	top := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(top, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	mounts := []mountinfo.Mount{
		{Point: top + "/v1", Root: "/", Type: "cgroup", SuperOptions: "rw,freezer"},
		{Point: top + "/v2", Root: "/", Type: "cgroup2"},
	}
	write("v1/a/freezer.state", "FROZEN\n")
	write("v1/a/freezer.self_freezing", "1\n")
	write("v1/a/b/freezer.state", "FROZEN\n")
	write("v1/a/b/freezer.self_freezing", "0\n")
	write("v2/c/cgroup.freeze", "1\n")
	write("v2/c/d/cgroup.freeze", "0\n")
	write("v2/e/cgroup.freeze", "0\n")
	for _, test := range []struct {
		rule string
		line cgroupLine
		want string
	}{
		{"version 1, frozen itself", cgroupLine{"freezer", "/a"}, "/v1/a/freezer.state"},
		{"version 1, frozen with the group above", cgroupLine{"freezer", "/a/b"}, "/v1/a/freezer.state"},
		{"version 2, by the group above", cgroupLine{"", "/c/d"}, "/v2/c/cgroup.freeze"},
		{"not frozen", cgroupLine{"", "/e"}, ""},
		{"the root", cgroupLine{"freezer", "/"}, ""},
	} {
		got, err := freezerFile(mounts, []cgroupLine{test.line})
		require.NoError(t, err, test.rule)
		if test.want != "" {
			test.want = top + test.want
		}
		assert.Equal(t, test.want, got, test.rule)
	}
	for rule, path := range map[string]string{
		"outside of this cgroup namespace": "/../e",
		"a group that is not there":        "/f",
	} {
		_, err := freezerFile(mounts, []cgroupLine{{"", path}})
		require.ErrorIs(t, err, errNotMounted, rule)
	}
	_, err := freezerFile(mounts[:1], []cgroupLine{{"", "/e"}})
	require.ErrorIs(t, err, errNotMounted, "version 2 is not mounted")
	_, err = freezerFile(mounts[:1], []cgroupLine{{"", "/"}})
	require.NoError(t, err, "the root is never frozen")
	write("v1/a/freezer.self_freezing", "0\n")
	got, err := freezerFile(mounts, []cgroupLine{{"freezer", "/a/b"}})
	require.NoError(t, err)
	assert.Equal(t, top+"/v1/a/b/freezer.state", got, "frozen by a group that is not mounted here")
}
