package procstate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/opskit-go/opskit/procstate/internal/procfile"

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
		line procfile.Group
		want string
	}{
		{"version 1, frozen itself", procfile.Group{Controllers: "freezer", Path: "/a"}, "/v1/a/freezer.state"},
		{"version 1, frozen with the group above", procfile.Group{Controllers: "freezer", Path: "/a/b"}, "/v1/a/freezer.state"},
		{"version 2, by the group above", procfile.Group{Controllers: "", Path: "/c/d"}, "/v2/c/cgroup.freeze"},
		{"not frozen", procfile.Group{Controllers: "", Path: "/e"}, ""},
		{"the root", procfile.Group{Controllers: "freezer", Path: "/"}, ""},
	} {
		got, err := freezerFile(mounts, []procfile.Group{test.line})
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
		_, err := freezerFile(mounts, []procfile.Group{{Controllers: "", Path: path}})
		require.ErrorIs(t, err, errNotMounted, rule)
	}
	_, err := freezerFile(mounts[:1], []procfile.Group{{Controllers: "", Path: "/e"}})
	require.ErrorIs(t, err, errNotMounted, "version 2 is not mounted")
	_, err = freezerFile(mounts[:1], []procfile.Group{{Controllers: "", Path: "/"}})
	require.NoError(t, err, "the root is never frozen")
	write("v1/a/freezer.self_freezing", "0\n")
	got, err := freezerFile(mounts, []procfile.Group{{Controllers: "freezer", Path: "/a/b"}})
	require.NoError(t, err)
	assert.Equal(t, top+"/v1/a/b/freezer.state", got, "frozen by a group that is not mounted here")
}
