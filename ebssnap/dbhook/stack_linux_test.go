//go:build linux && !opskit_portable

package dbhook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/internal/lab"
)

// The volume of these tests is an image on an xfs with reflinks, and its snapshot a clone of that
// image: one point in time, as of an EBS volume. The database runs on a filesystem in the image,
// and the restored one on a filesystem in the clone.

// disk is a mounted image.
type disk struct {
	t      *testing.T
	fstype string
	dir    string // of the outer filesystem
	base   string // for mount points and sockets; others may pass through it
	image  string
	mnt    string
}

const unprivileged = 65534 // the databases refuse to run as root

func newDisk(t *testing.T, fstype string) *disk {
	t.Helper()
	lab.Need(t, "root", "loop", "xfs", fstype)
	outer := lab.LoopFS(t, "xfs", 4096)
	d := &disk{t: t, fstype: fstype, dir: outer.Dir, base: filepath.Dir(outer.Dir), image: filepath.Join(outer.Dir, "volume")}
	t.Cleanup(func() { d.unmount(outer.Dir) })
	require.NoError(t, os.Chmod(d.base, 0o755))
	require.NoError(t, os.WriteFile(d.image, nil, 0o600))
	require.NoError(t, os.Truncate(d.image, 768<<20))
	command(t, "mkfs."+fstype, "-q", d.image)
	d.mnt = d.mount(d.image, "live")
	return d
}

func (d *disk) mount(image, name string) string {
	d.t.Helper()
	dir := filepath.Join(d.base, name)
	require.NoError(d.t, os.Mkdir(dir, 0o755))
	options := "loop"
	if d.fstype == "xfs" {
		options += ",nouuid" // a clone has the identity of its original
	}
	command(d.t, "mount", "-o", options, image, dir)
	d.t.Cleanup(func() { d.unmount(dir) })
	require.NoError(d.t, os.Chown(dir, unprivileged, unprivileged))
	return dir
}

// unmount thaws and unmounts. A namespace that another test made meanwhile has a copy of every
// mount, and so keeps the loop device, and the outer filesystem with it, until it ends: then the
// mount is detached, to go when that does.
func (d *disk) unmount(dir string) {
	thawDir(dir)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		if err := unix.Unmount(dir, 0); !errors.Is(err, unix.EBUSY) {
			assert.NoError(d.t, err, "unmount %s", dir)
			return
		}
		<-tick.C
	}
	d.t.Logf("%s is busy and was detached", dir)
	assert.NoError(d.t, unix.Unmount(dir, unix.MNT_DETACH))
}

// clone is the snapshot: FICLONE.
func (d *disk) clone(name string) (string, error) {
	copied := filepath.Join(d.dir, name)
	to, err := os.Create(copied)
	if err != nil {
		return "", err
	}
	defer to.Close()
	from, err := os.Open(d.image)
	if err != nil {
		return "", err
	}
	defer from.Close()
	return copied, unix.IoctlFileClone(int(to.Fd()), int(from.Fd()))
}

const fithaw = 0xC0045878 // linux/fs.h: _IOWR('X', 120, int)

func thawDir(dir string) {
	if fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
		_ = unix.IoctlSetInt(fd, fithaw, 0)
		_ = unix.Close(fd)
	}
}

func command(t *testing.T, argv ...string) string {
	t.Helper()
	path, err := lab.Program(argv[0])
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), path, argv[1:]...).CombinedOutput()
	require.NoError(t, err, "%v: %s", argv, out)
	return string(out)
}

// asNobody is a command line that runs as an ordinary user and dies with the test.
func asNobody(argv ...string) []string {
	id := fmt.Sprint(unprivileged)
	return append([]string{"setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--pdeathsig", "KILL", "--"}, argv...)
}

// server is a database server of one test.
type server struct {
	client []string
	daemon *lab.Daemon
	signal syscall.Signal // asks for a quick end
}

func (s *server) stop() {
	_ = s.daemon.Cmd.Process.Signal(s.signal)
	select {
	case <-s.daemon.Done():
	case <-time.After(20 * time.Second):
	}
	s.daemon.Stop()
}

// session is a client of the server.
func (s *server) session(t *testing.T, flags ...string) *session {
	t.Helper()
	client, err := open(append(append([]string(nil), s.client...), flags...))
	require.NoError(t, err)
	t.Cleanup(client.close)
	return client
}

func (s *server) ask(t *testing.T, flags []string, statements ...string) []string {
	t.Helper()
	client := s.session(t, flags...)
	defer client.close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	lines, err := client.query(ctx, nil, statements...)
	require.NoError(t, err, "%v", statements)
	return lines
}

// load is clients that insert the same row into two tables in one transaction, as fast as they can,
// and remember what was acknowledged.
type load struct {
	next  atomic.Int64
	mu    sync.Mutex
	acked map[int64]bool
	end   chan struct{}
	done  sync.WaitGroup
	errs  []error
}

func startLoad(t *testing.T, s *server, flags []string, clients int, insert func(id int64) []string) *load {
	t.Helper()
	l := &load{acked: map[int64]bool{}, end: make(chan struct{})}
	for range clients {
		client := s.session(t, flags...)
		l.done.Go(func() {
			defer client.close()
			for {
				select {
				case <-l.end:
					return
				default:
				}
				id := l.next.Add(1)
				_, err := client.query(context.Background(), nil, insert(id)...)
				l.mu.Lock()
				if err == nil {
					l.acked[id] = true
				} else {
					l.errs = append(l.errs, err)
				}
				l.mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	return l
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

// acknowledged returns what was acknowledged up to now.
func (l *load) acknowledged() []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []int64
	for id := range l.acked {
		ids = append(ids, id)
	}
	return ids
}

func (l *load) stop() []error {
	close(l.end)
	l.done.Wait()
	return l.errs
}

// compare checks restored rows "id<TAB>..." of both tables against the original's, row by row, and
// that everything acknowledged is there.
func compare(t *testing.T, original, first, second []string, acked []int64) {
	t.Helper()
	rows := map[string]string{}
	for _, row := range original {
		id, rest, _ := strings.Cut(row, "\t")
		rows[id] = rest
	}
	restored := map[string]bool{}
	for _, row := range first {
		id, rest, _ := strings.Cut(row, "\t")
		want, known := rows[id]
		require.True(t, known, "row %s was never written", id)
		require.Equal(t, want, rest, "row %s is torn", id)
		restored[id] = true
	}
	require.Equal(t, first, second, "both tables of each transaction")
	for _, id := range acked {
		require.True(t, restored[fmt.Sprint(id)], "row %d was acknowledged before the freeze and is lost", id)
	}
	t.Logf("%d rows restored and equal, %d acknowledged before, %d in the original at the end", len(first), len(acked), len(original))
}
