package peers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/prometheus/procfs"
	"github.com/shirou/gopsutil/v4/process"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// animal is a process that is not what it looks like, and what procstate must
// say of it: a kind and the reason of its parent for a zombie, a cause for a
// task in D, a state for another, and the name where it is one that confuses.
type animal struct {
	what, want string
	pid        int
}

// TestBarPeersInTheZoo prints what the peers say of each of the 14 special
// processes and of each kind of D beside what procstate says.
func TestBarPeersInTheZoo(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4", "fuse", "cgroup_v1_freezer", "program:ps")
	animals := append(zoo(t), blocked(t)...)
	ours := answers(t)
	var table strings.Builder
	for _, a := range animals {
		assert.Equal(t, a.want, ours[a.pid], a.what)
		fmt.Fprintf(&table, "%s\n  procstate: %s\n", a.what, ours[a.pid])
		for _, peer := range []struct {
			name string
			says func(*testing.T, int) string
		}{{"prometheus/procfs", procfsSays}, {"gopsutil", gopsutilSays}, {"ps", psSays}} {
			fmt.Fprintf(&table, "  %s: %s\n", peer.name, peer.says(t, a.pid))
		}
	}
	require.Len(t, animals, 19)
	t.Log("\n" + table.String())
	lab.Bar(t, "procstate peers in the zoo", "%d processes, each told apart by procstate; beside it, as -v shows, prometheus/procfs, gopsutil and ps", len(animals))
}

// zoo makes the 14 of procstate's own TestBarZoo.
func zoo(t *testing.T) (animals []animal) {
	t.Helper()
	add := func(pid int, what, want string) { animals = append(animals, animal{what, want, pid}) }
	for _, name := range []string{"ev) Z 1 (il", "new\nline", "sp a ce", "\xff\xfe bad", ") R 1 1 1 1", ""} {
		add(procstatetest.Named(t, name, true), fmt.Sprintf("zombie named %q", name), fmt.Sprintf("reapable, parent not_waiting, %q", name))
	}
	add(procstatetest.Named(t, "x) Z 1 1 1 ", false), `alive, named "x) Z 1 1 1 "`, `sleeping, "x) Z 1 1 1 "`)
	add(procstatetest.DeadLeader(t), "dead leader of live threads", "dead_leader, parent not_waiting")
	zombie, _, _ := procstatetest.TracedZombie(t)
	add(zombie, "zombie held by a tracer", "held_by_tracer, parent not_waiting")
	add(procstatetest.StoppedParent(t).Zombies[0], "zombie of a stopped parent", "reapable, parent stopped")
	add(procstatetest.NamespaceInit(t).Zombies[0], "zombie of a namespace's PID 1", "reapable, parent namespace_init")
	add(procstatetest.IgnoringParent(t), "parent that ignores SIGCHLD", "sleeping")
	add(procstatetest.QuietZombie(t).Zombies[0], "zombie that ended without SIGCHLD", "not_sigchld, parent unknown")
	vfork, _ := procstatetest.Vfork(t)
	add(vfork, "D: parent of vfork", "vfork")
	require.Len(t, animals, 14)
	return animals
}

// blocked makes the other kinds of D that CI's kernel can make.
func blocked(t *testing.T) (animals []animal) {
	t.Helper()
	fs := lab.LoopFS(t, "ext4", 32)
	image := filepath.Join(fs.Dir, "disk")
	require.NoError(t, os.WriteFile(image, make([]byte, 4<<20), 0o600))
	out, err := exec.Command("losetup", "--find", "--show", image).Output()
	require.NoError(t, err)
	device := strings.TrimSpace(string(out))
	t.Cleanup(func() { require.NoError(t, exec.Command("losetup", "--detach", device).Run()) })
	add := func(pid int, what, want string) { animals = append(animals, animal{what, want, pid}) }
	add(procstatetest.FrozenWriter(t, fs.Dir), "D: write to a frozen filesystem", "frozen_filesystem")
	disk := inD(t, "dd", "if=/dev/zero", "bs=4096", "count=1", "oflag=direct", "of="+device)
	creator := inD(t, "dd", "if=/dev/zero", "bs=1", "count=1", "of="+filepath.Join(fs.Dir, "new"))
	t.Cleanup(func() { fs.Thaw() }) // first of all, or nothing on it can end
	add(disk(), "D: write to a disk that does not answer", "block_device")
	add(creator(), "D: file made on a frozen filesystem", "frozen_filesystem")

	dir := t.TempDir()
	fuse, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Mount("opskit", dir, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fuse)))
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	ls := inD(t, "ls", dir)
	t.Cleanup(func() { require.NoError(t, unix.Close(fuse)) }) // ends the connection
	add(ls(), "D: FUSE filesystem that does not answer", "fuse")

	group := lab.Cgroup(t, "freezer")
	sleeper := inD(t, "sh", "-c", "echo $$ > "+group+"/cgroup.procs; exec sleep 1000000")
	t.Cleanup(func() { require.NoError(t, os.WriteFile(group+"/freezer.state", []byte("THAWED"), 0)) })
	require.NoError(t, os.WriteFile(group+"/freezer.state", []byte("FROZEN"), 0))
	add(sleeper(), "D: frozen control group of version 1", "control_group_freezer")
	return animals
}

// inD starts a program; the function that it returns waits until it is in D.
func inD(t *testing.T, argv ...string) func() int {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return func() int {
		lab.Eventually(t, 10*time.Second, strings.Join(argv, " ")+" is in D", func() bool {
			text, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/stat")
			return err == nil && strings.Contains(string(text), ") D ")
		})
		return cmd.Process.Pid
	}
}

// answers is what procstate says of each process.
func answers(t *testing.T) map[int]string {
	t.Helper()
	says := map[int]string{}
	name := func(p *procstate.Process) string {
		if comm := string(p.Comm.Bytes()); comm == "" || strings.ContainsAny(comm, ") \n") || !utf8.ValidString(comm) {
			return fmt.Sprintf(", %q", comm)
		}
		return ""
	}
	s := &procstate.Scanner{Settle: 50 * time.Millisecond}
	for p, err := range s.Processes(t.Context()) {
		if err == nil {
			says[p.PID] = p.State.String() + name(&p)
		}
	}
	zombies, err := s.Zombies(t.Context())
	require.NoError(t, err)
	for _, g := range zombies.Groups {
		for _, z := range g.Zombies {
			says[z.PID] = z.Kind.String() + ", parent " + g.Why.String() + name(&z.Process)
		}
	}
	stuck, err := s.Uninterruptible(t.Context())
	require.NoError(t, err)
	for _, b := range stuck.Blocked {
		says[b.PID] = b.Cause
	}
	return says
}

func procfsSays(t *testing.T, pid int) string {
	fs, err := procfs.NewFS("/proc")
	require.NoError(t, err)
	p, err := fs.Proc(pid)
	require.NoError(t, err)
	stat, err := p.Stat()
	require.NoError(t, err)
	return fmt.Sprintf("%s, %q, parent %d", stat.State, stat.Comm, stat.PPID)
}

func gopsutilSays(t *testing.T, pid int) string {
	p, err := process.NewProcess(int32(pid))
	require.NoError(t, err)
	states, err := p.Status()
	require.NoError(t, err)
	name, err := p.Name()
	require.NoError(t, err)
	parent, err := p.Ppid()
	require.NoError(t, err)
	return fmt.Sprintf("%s, %q, parent %d", strings.Join(states, " "), name, parent)
}

func psSays(t *testing.T, pid int) string {
	out, err := exec.Command("ps", "-o", "stat=,wchan:24=,comm=", "-p", strconv.Itoa(pid)).Output()
	require.NoError(t, err)
	return strings.Join(strings.Fields(string(out)), " ")
}
