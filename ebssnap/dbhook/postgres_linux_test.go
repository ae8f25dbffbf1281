//go:build linux && !opskit_portable

package dbhook

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/internal/lab"
)

func TestMain(m *testing.M) {
	if socket := os.Getenv(holdSocket); socket != "" {
		holdForEver(socket)
	}
	lab.Main(m)
}

// postgresProgram finds a server program: Debian keeps them out of PATH, by version.
func postgresProgram(t *testing.T, name string) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err == nil && len(found) == 0 {
		err = errors.New("not in /usr/lib/postgresql/*/bin")
	}
	lab.NeedIf(t, "program:"+name, err)
	return found[len(found)-1]
}

var psqlFlags = []string{"-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-w"}

func initPostgres(t *testing.T, data string) {
	t.Helper()
	initdb := postgresProgram(t, "initdb")
	command(t, asNobody(initdb, "-D", data, "-N", "-A", "trust", "-U", "opskit", "--wal-segsize=1", "--no-locale", "-E", "UTF8")...)
}

func startPostgres(t *testing.T, base, data, name string, settings ...string) *server {
	t.Helper()
	lab.Need(t, "program:psql")
	sockets := filepath.Join(base, "s-"+name)
	require.NoError(t, os.MkdirAll(sockets, 0o755))
	require.NoError(t, os.Chown(sockets, unprivileged, unprivileged))
	argv := []string{postgresProgram(t, "postgres"), "-D", data, "-k", sockets, "-c", "listen_addresses=", "-c", "shared_buffers=16MB", "-c", "max_wal_size=16MB", "-c", "min_wal_size=4MB"}
	for _, setting := range settings {
		argv = append(argv, "-c", setting)
	}
	s := &server{
		client: []string{"psql", "-h", sockets, "-U", "opskit", "-d", "postgres"}, signal: syscall.SIGINT,
		daemon: lab.StartDaemon(t, asNobody(argv...)...),
	}
	t.Cleanup(s.stop)
	psql, err := lab.Program("psql")
	require.NoError(t, err)
	lab.Eventually(t, time.Minute, "PostgreSQL answers", func() bool {
		select {
		case <-s.daemon.Done():
			require.Fail(t, "PostgreSQL has ended", s.daemon.Output())
		default:
		}
		return exec.CommandContext(t.Context(), psql, append(s.client[1:], "-X", "-c", "SELECT 1")...).Run() == nil
	})
	return s
}

func insertPostgres(id int64) []string {
	row := "SELECT " + decimal(id) + ", repeat(md5('" + decimal(id) + "'), 1 + " + decimal(id%40) + ")"
	return []string{"BEGIN;", "INSERT INTO a " + row + ";", "INSERT INTO b " + row + ";", "COMMIT;"}
}

const (
	rowsOfA = "SELECT id, text, md5(text) FROM a ORDER BY id;"
	rowsOfB = "SELECT id, text, md5(text) FROM b ORDER BY id;"
)

// One atomic snapshot under load: with a checkpoint and a frozen filesystem, and with neither,
// which a database that survives a crash does not need.
func TestPostgresRestoredFromAnAtomicSnapshot(t *testing.T) {
	d := newDisk(t, "ext4")
	data := filepath.Join(d.mnt, "pg")
	initPostgres(t, data)
	s := startPostgres(t, d.base, data, "live")
	s.ask(t, psqlFlags, "CREATE TABLE a (id bigint PRIMARY KEY, text text);", "CREATE TABLE b (id bigint PRIMARY KEY, text text);")
	l := startLoad(t, s, psqlFlags, 3, insertPostgres)
	lab.Eventually(t, 30*time.Second, "rows are written", func() bool { return l.count() > 200 })

	hook := &PostgreSQL{Client: s.client}
	paths, err := hook.Paths(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{data}, paths)

	type taken struct {
		name, image string
		acked       []int64
	}
	var frozen, bare taken
	timing, err := ebssnap.Hold(t.Context(), ebssnap.Freezers(hook, &ebssnap.FS{Mounts: []string{d.mnt}}), 20*time.Second, func(context.Context) error {
		frozen.name, frozen.acked = "frozen", l.acknowledged()
		var err error
		frozen.image, err = d.clone("frozen")
		return err
	})
	require.NoError(t, err)
	t.Logf("checkpoint and guard %v, stopped %v", timing.Prepare, timing.Stopped)
	count := l.count()
	lab.Eventually(t, 30*time.Second, "rows are written again", func() bool { return l.count() > count+100 })
	bare.name, bare.acked = "bare", l.acknowledged()
	bare.image, err = d.clone("bare")
	require.NoError(t, err)
	lab.Eventually(t, 30*time.Second, "rows are written again", func() bool { return l.count() > len(bare.acked)+100 })
	require.Empty(t, l.stop())
	original := s.ask(t, psqlFlags, rowsOfA)

	for _, one := range []taken{frozen, bare} {
		copied := filepath.Join(d.mount(one.image, "m-"+one.name), "pg")
		require.NoError(t, os.Remove(filepath.Join(copied, "postmaster.pid")), "it names a process of this machine")
		restored := startPostgres(t, d.base, copied, one.name)
		compare(t, original, restored.ask(t, psqlFlags, rowsOfA), restored.ask(t, psqlFlags, rowsOfB), one.acked)
		restored.stop()
	}
}

// Another layout: a tablespace on a second volume, copied later than the data directory, with
// writes in between. Only backup mode, its label and the archived log make that one database again.
func TestPostgresRestoredFromCopiesOfDifferentMoments(t *testing.T) {
	data, space := newDisk(t, "ext4"), newDisk(t, "ext4")
	dir, archive := filepath.Join(data.mnt, "pg"), filepath.Join(data.base, "archive")
	require.NoError(t, os.Mkdir(archive, 0o777))
	require.NoError(t, os.Chown(archive, unprivileged, unprivileged))
	initPostgres(t, dir)
	s := startPostgres(t, data.base, dir, "live", "archive_mode=on", "archive_command=cp %p "+archive+"/%f")
	tablespace := filepath.Join(space.mnt, "ts")
	require.NoError(t, os.Mkdir(tablespace, 0o700))
	require.NoError(t, os.Chown(tablespace, unprivileged, unprivileged))
	s.ask(t, psqlFlags, "CREATE TABLESPACE apart LOCATION '"+tablespace+"';", "CREATE TABLE a (id bigint PRIMARY KEY, text text);",
		"CREATE TABLE b (id bigint PRIMARY KEY USING INDEX TABLESPACE apart, text text) TABLESPACE apart;")
	l := startLoad(t, s, psqlFlags, 3, insertPostgres)
	lab.Eventually(t, 30*time.Second, "rows are written", func() bool { return l.count() > 200 })

	hook := &PostgreSQL{Client: s.client, Label: "opskit test"}
	var images []string
	var acked []int64
	_, err := ebssnap.Hold(t.Context(), hook, time.Minute, func(ctx context.Context) error {
		for _, d := range []*disk{data, space} { // each in a freeze of its own, nothing stopped in between
			_, err := ebssnap.Hold(ctx, &ebssnap.FS{Mounts: []string{d.mnt}}, 20*time.Second, func(context.Context) error {
				image, err := d.clone("copy")
				images = append(images, image)
				return err
			})
			if err != nil {
				return err
			}
			s.ask(t, psqlFlags, "CHECKPOINT;")
			count := l.count()
			lab.Eventually(t, 30*time.Second, "rows are written between the copies", func() bool { return l.count() > count+200 })
		}
		acked = l.acknowledged()
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, l.stop())
	original := s.ask(t, psqlFlags, rowsOfA)

	require.Len(t, hook.Backups(), 1)
	backup := hook.Backups()[0]
	t.Logf("%s", backup)
	assert.Contains(t, backup.LabelFile, "LABEL: opskit test\n")
	assert.Contains(t, backup.TablespaceMap, tablespace)
	for _, name := range []string{backup.StartWAL, backup.StopWAL} {
		assert.FileExists(t, filepath.Join(archive, name), "the server has waited for the archive")
	}

	restored := filepath.Join(data.mount(images[0], "copy"), "pg")
	newSpace := filepath.Join(space.mount(images[1], "copy"), "ts")
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(restored, name), []byte(text), 0o600))
		require.NoError(t, os.Chown(filepath.Join(restored, name), unprivileged, unprivileged))
	}
	write("backup_label", backup.LabelFile)
	write("tablespace_map", strings.ReplaceAll(backup.TablespaceMap, tablespace, newSpace))
	write("recovery.signal", "")
	require.NoError(t, os.Remove(filepath.Join(restored, "postmaster.pid")))
	again := startPostgres(t, data.base, restored, "copy", "archive_mode=off", "restore_command=cp "+archive+"/%f %p", "hot_standby=off")
	first, second := again.ask(t, psqlFlags, rowsOfA), again.ask(t, psqlFlags, rowsOfB)
	require.Greater(t, len(first), 600)
	compare(t, original, first, second, acked)
}

func TestPostgresBackupModeEndsWithItsClient(t *testing.T) {
	d := newDisk(t, "ext4")
	data := filepath.Join(d.mnt, "pg")
	initPostgres(t, data)
	s := startPostgres(t, d.base, data, "live")
	hook := &PostgreSQL{Client: s.client, Label: "lost"}
	prepared, err := hook.Prepare(t.Context())
	require.NoError(t, err)
	thawer, err := prepared.Freeze(t.Context())
	require.NoError(t, err)
	held := prepared.(*preparedPostgreSQL).session.(*session)
	require.NoError(t, held.cmd.Process.Kill())
	lab.Eventually(t, 10*time.Second, "the server has noticed", func() bool {
		return strings.Join(s.ask(t, psqlFlags, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid();"), "") == "0"
	})
	require.NoError(t, thawer.Thaw())
	err = prepared.Close()
	require.ErrorIs(t, err, ErrLost)
	require.ErrorIs(t, err, ebssnap.ErrThawedEarly, "the snapshot must not pass for a backup")
	require.NoError(t, prepared.Close(), "a second Close")
	assert.Empty(t, hook.Backups())

	_, err = (&PostgreSQL{Client: []string{"psql", "-h", "/nonexistent"}}).Prepare(t.Context())
	require.ErrorIs(t, err, ErrLost)
	assert.ErrorContains(t, err, "/nonexistent")
}
