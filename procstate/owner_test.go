package procstate

import (
	"strings"
	"testing"

	"github.com/opskit-go/opskit/procstate/internal/procfile"

	"github.com/opskit-go/opskit/internal/mountinfo"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOwnerOfControlGroup(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, test := range []struct {
		rule, cgroup string
		want         Owner
	}{
		{"the root group says nothing", "0::/\n", Owner{}},
		{"systemd service", "0::/system.slice/nginx.service\n", Owner{Unit: "nginx.service"}},
		{"instance of a template", "0::/system.slice/system-getty.slice/getty@tty1.service\n", Owner{Unit: "getty@tty1.service"}},
		{"login session", "0::/user.slice/user-1000.slice/session-3.scope\n", Owner{Unit: "session-3.scope"}},
		{
			"the innermost unit is the owner", "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app.service\n",
			Owner{Unit: "app.service", Manager: "user@1000.service"},
		},
		{"docker with systemd", "0::/system.slice/docker-" + id + ".scope\n", Owner{Unit: "docker-" + id + ".scope", Container: id}},
		{"docker without", "0::/docker/" + id + "\n", Owner{Container: id}},
		{"podman", "0::/machine.slice/libpod-" + id + ".scope\n", Owner{Unit: "libpod-" + id + ".scope", Container: id}},
		{
			"a pod with systemd",
			"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod7d1c1a52_3a0c_4c5e_9f2a_0b1c2d3e4f50.slice/cri-containerd-" + id + ".scope\n",
			Owner{Unit: "cri-containerd-" + id + ".scope", Container: id, Pod: "7d1c1a52-3a0c-4c5e-9f2a-0b1c2d3e4f50"},
		},
		{
			"a guaranteed pod has no class", "0::/kubepods.slice/kubepods-pod7d1c1a52_3a0c_4c5e_9f2a_0b1c2d3e4f50.slice/crio-" + id + ".scope\n",
			Owner{Unit: "crio-" + id + ".scope", Container: id, Pod: "7d1c1a52-3a0c-4c5e-9f2a-0b1c2d3e4f50"},
		},
		{
			"a pod without systemd", "0::/kubepods/besteffort/pod7d1c1a52-3a0c-4c5e-9f2a-0b1c2d3e4f50/" + id + "\n",
			Owner{Container: id, Pod: "7d1c1a52-3a0c-4c5e-9f2a-0b1c2d3e4f50"},
		},
		{
			"a static pod has a hash", "0::/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" + id + "\n",
			Owner{Container: id, Pod: "0123456789abcdef0123456789abcdef"},
		},
		{"containerd below a service", "0::/system.slice/containerd.service/kubepods-x:cri-containerd:" + id + "\n", Owner{Unit: "containerd.service", Container: id}},
		{"LXC", "0::/lxc.payload.web/init.scope\n", Owner{Unit: "init.scope", Container: "web"}},
		{"LXC of version 1", "4:memory:/lxc/web\n", Owner{Container: "web"}},
		{"what watches over a container is outside of it", "0::/machine.slice/libpod-conmon-" + id + ".scope\n", Owner{Unit: "libpod-conmon-" + id + ".scope"}},
		{
			"a container of one's own", "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id + ".scope/container\n",
			Owner{Unit: "libpod-" + id + ".scope", Manager: "user@1000.service", Container: id},
		},
		{
			"a pod below a kubelet of its own", "0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/" +
				"kubelet-kubepods-besteffort-pod7d1c1a52_3a0c_4c5e_9f2a_0b1c2d3e4f50.slice/cri-containerd-" + id + ".scope\n",
			Owner{Unit: "cri-containerd-" + id + ".scope", Container: id, Pod: "7d1c1a52-3a0c-4c5e-9f2a-0b1c2d3e4f50"},
		},
		{
			"a pod and its container in one name",
			"0::/system.slice/containerd.service/kubepods-besteffort-pod7d1c1a52_3a0c_4c5e_9f2a_0b1c2d3e4f50.slice:cri-containerd:" + id + "\n",
			Owner{Unit: "containerd.service", Container: id, Pod: "7d1c1a52-3a0c-4c5e-9f2a-0b1c2d3e4f50"},
		},
		{
			"a unit inside a systemd container is not the host's", "0::/machine.slice/systemd-nspawn@web\\x2d1.service/payload/system.slice/nginx.service\n",
			Owner{Unit: "nginx.service", Container: "web-1"},
		},
		{"a machine's scope", "0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope\n", Owner{Unit: "machine-qemu\\x2d1\\x2dvm.scope", Container: "qemu-1-vm"}},
		{"a unit that has the name of a controller", "0::/system.slice/_io.service\n", Owner{Unit: "io.service"}},
		{"a unit's escapes are its name", "0::/system.slice/dev-disk-by\\x2dlabel-a.swap\n", Owner{Unit: "dev-disk-by\\x2dlabel-a.swap"}},
		{"a name that only looks like an id", "0::/docker/" + id[:63] + "g\n", Owner{}},
		{"a directory of one's own", "0::/batch/jobs\n", Owner{}},
		{"another cgroup namespace's path", "0::/../other.service\n", Owner{Unit: "other.service"}},
		{"the group was removed", "0::/system.slice/gone.service (deleted)\n", Owner{Unit: "gone.service"}},
		{
			"version 1: the hierarchy that names a container",
			"12:pids:/\n4:memory:/docker/" + id + "\n1:name=systemd:/init.scope\n0::/\n",
			Owner{Container: id},
		},
		{
			"the first of two hierarchies that say as much", "12:pids:/docker/" + id + "\n4:memory:/docker/" + id[1:] + "0\n",
			Owner{Container: id},
		},
		{"a slice that only looks like a pod's", "0::/machine.slice/web-pod0123456789abcdef0123456789abcdef.slice\n", Owner{}},
		{"version 1: the hierarchy that names a unit", "4:memory:/\n1:name=systemd:/system.slice/cron.service\n", Owner{Unit: "cron.service"}},
	} {
		t.Run(test.rule, func(t *testing.T) {
			lines, err := procfile.ParseGroups([]byte(test.cgroup))
			require.NoError(t, err)
			got := ownerOf(lines)
			if test.want != (Owner{}) {
				assert.True(t, strings.HasPrefix(got.Cgroup, "/"))
			}
			got.Cgroup = ""
			assert.Equal(t, test.want, got)
		})
	}
}

func TestOwnerEscapes(t *testing.T) {
	assert.Equal(t, `control group "/a\x1b[2J"`, Owner{Cgroup: "/a\x1b[2J"}.String())
	assert.Equal(t, "unknown", Owner{}.String())
}

func TestParseCgroupsRefuses(t *testing.T) {
	for rule, text := range map[string]string{
		"cut":         "0::/system.slice/nginx.serv",
		"no path":     "0::\n",
		"no number":   "x:cpu:/\n",
		"one colon":   "0:/\n",
		"no colon":    "hello\n",
		"cut in line": "4:memory:/\n0",
	} {
		_, err := procfile.ParseGroups([]byte(text))
		assert.ErrorIs(t, err, ErrMalformed, rule)
	}
}

func FuzzParseCgroups(f *testing.F) {
	f.Add([]byte("0::/system.slice/nginx.service\n"))
	f.Add([]byte("12:pids:/\n4:cpu,cpuacct:/docker/0123\n1:name=systemd:/init.scope\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		lines, _ := procfile.ParseGroups(text)
		owner := ownerOf(lines)
		for _, r := range owner.String() {
			if r < ' ' {
				t.Fatalf("%q reaches the terminal", r)
			}
		}
	})
}

const mountsText = `22 27 0:21 / /proc rw,relatime - proc proc rw,hidepid=invisible,gid=23
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime shared:5 master:1 - cgroup cgroup rw,freezer
41 31 0:38 /box /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
50 27 254:0 / /mnt/my\040disk rw - ext4 /dev/vda rw
`

func TestWhereAControlGroupIs(t *testing.T) {
	mounts, err := mountinfo.Parse([]byte(mountsText))
	require.NoError(t, err)
	for _, test := range []struct {
		rule string
		line procfile.Group
		want string
	}{
		{"version 1", procfile.Group{Controllers: "freezer", Path: "/jobs/a"}, "/sys/fs/cgroup/freezer/jobs/a"},
		{"version 2, of which a part is mounted", procfile.Group{Controllers: "", Path: "/box/a"}, "/sys/fs/cgroup/unified/a"},
		{"outside of that part", procfile.Group{Controllers: "", Path: "/boxes/a"}, ""},
		{"not mounted", procfile.Group{Controllers: "pids", Path: "/a"}, ""},
		{"the root group", procfile.Group{Controllers: "freezer", Path: "/"}, "/sys/fs/cgroup/freezer"},
	} {
		point, below, _ := test.line.At(mounts)
		assert.Equal(t, test.want, point+below, test.rule)
	}
}
