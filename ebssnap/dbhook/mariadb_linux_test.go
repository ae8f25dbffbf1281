//go:build linux && !opskit_portable

package dbhook

import (
	"context"
	"fmt"
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

func nothingMore(context.Context) error { return nil }

var mariaFlags = []string{"--batch", "--skip-column-names", "--unbuffered", "--skip-reconnect"}

func initMariaDB(t *testing.T, data string) {
	t.Helper()
	lab.Need(t, "program:mariadb-install-db", "program:mariadbd", "program:mariadb")
	require.NoError(t, os.Mkdir(data, 0o700))
	require.NoError(t, os.Chown(data, unprivileged, unprivileged))
	command(t, asNobody("mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db",
		"--skip-name-resolve", "--innodb-log-file-size=8M")...)
}

func startMariaDB(t *testing.T, base, data, name string) *server {
	t.Helper()
	sockets := filepath.Join(base, "s-"+name)
	require.NoError(t, os.MkdirAll(sockets, 0o755))
	require.NoError(t, os.Chown(sockets, unprivileged, unprivileged))
	socket := filepath.Join(sockets, "sock")
	s := &server{
		client: []string{"mariadb", "--no-defaults", "--socket=" + socket, "--user=root"}, signal: syscall.SIGTERM,
		daemon: lab.StartDaemon(t, asNobody("mariadbd", "--no-defaults", "--datadir="+data, "--socket="+socket, "--pid-file="+filepath.Join(sockets, "pid"), "--skip-networking",
			"--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M", "--key-buffer-size=1M", "--log-bin=binlog", "--server-id=1")...),
	}
	t.Cleanup(s.stop)
	client, err := lab.Program("mariadb")
	require.NoError(t, err)
	lab.Eventually(t, time.Minute, "MariaDB answers", func() bool {
		select {
		case <-s.daemon.Done():
			require.Fail(t, "MariaDB has ended", s.daemon.Output())
		default:
		}
		return exec.CommandContext(t.Context(), client, append(s.client[1:], "-e", "SELECT 1")...).Run() == nil
	})
	return s
}

func insertMariaDB(id int64) []string {
	row := "SELECT " + decimal(id) + ", REPEAT(MD5('" + decimal(id) + "'), 1 + " + decimal(id%40) + ")"
	return []string{"BEGIN;", "INSERT INTO d.a " + row + ";", "INSERT INTO d.b " + row + ";", "COMMIT;", "INSERT INTO d.m " + row + ";"}
}

func createMariaDB(t *testing.T, s *server) {
	t.Helper()
	s.ask(t, mariaFlags, "CREATE DATABASE d;", "CREATE TABLE d.a (id BIGINT PRIMARY KEY, text TEXT) ENGINE=InnoDB;",
		"CREATE TABLE d.b LIKE d.a;", "CREATE TABLE d.m (id BIGINT PRIMARY KEY, text TEXT) ENGINE=MyISAM;")
}

// One atomic snapshot under load. With the hook even MyISAM, which does not survive a crash, is
// whole; InnoDB is whole without it, and without a freeze, if the binary log is synced at each
// commit.
func TestMariaDBRestoredFromAnAtomicSnapshot(t *testing.T) {
	d := newDisk(t, "xfs")
	data := filepath.Join(d.mnt, "db")
	initMariaDB(t, data)
	s := startMariaDB(t, d.base, data, "live")
	createMariaDB(t, s)
	l := startLoad(t, s, mariaFlags, 3, insertMariaDB)
	lab.Eventually(t, 30*time.Second, "rows are written", func() bool { return l.count() > 200 })

	hook := &MariaDB{Client: s.client}
	paths, err := hook.Paths(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{data}, paths)

	type taken struct {
		name, image string
		acked       []int64
		closed      bool
	}
	frozen, bare := taken{name: "frozen", closed: true}, taken{name: "bare"}
	timing, err := ebssnap.Hold(t.Context(), ebssnap.Freezers(hook, &ebssnap.FS{Mounts: []string{d.mnt}}), 20*time.Second, func(context.Context) error {
		frozen.acked = l.acknowledged()
		var err error
		frozen.image, err = d.clone("frozen")
		return err
	})
	require.NoError(t, err)
	t.Logf("prepared %v, lock and freeze %v, stopped %v, at %v", timing.Prepare, timing.Freeze, timing.Stopped, hook.Position())
	// With the default, 0, what was acknowledged and is not yet in the synced binary log is rolled
	// back after a crash; the freeze syncs it.
	s.ask(t, mariaFlags, "SET GLOBAL sync_binlog = 1;")
	count := l.count()
	lab.Eventually(t, 30*time.Second, "rows are written again", func() bool { return l.count() > count+100 })
	bare.acked = l.acknowledged()
	bare.image, err = d.clone("bare")
	require.NoError(t, err)
	lab.Eventually(t, 30*time.Second, "rows are written again", func() bool { return l.count() > len(bare.acked)+100 })
	require.Empty(t, l.stop())

	rows := func(s *server, table string) []string {
		return s.ask(t, mariaFlags, "SELECT id, text, MD5(text) FROM d."+table+" ORDER BY id;")
	}
	original, originalM := rows(s, "a"), rows(s, "m")
	for _, one := range []taken{frozen, bare} {
		restored := startMariaDB(t, d.base, filepath.Join(d.mount(one.image, "m-"+one.name), "db"), one.name)
		check := strings.Join(restored.ask(t, mariaFlags, "CHECK TABLE d.m;"), " / ")
		t.Logf("%s: MyISAM: %s", one.name, check)
		compare(t, original, rows(restored, "a"), rows(restored, "b"), one.acked)
		if !one.closed {
			assert.NotEqual(t, "d.m\tcheck\tstatus\tOK", check, "the test shows nothing if MyISAM is whole without the hook")
		} else {
			assert.Equal(t, "d.m\tcheck\tstatus\tOK", check)
			m := rows(restored, "m")
			compare(t, originalM, m, m, one.acked)
		}
		restored.stop()
	}

	position := hook.Position()
	require.NotNil(t, position)
	events := strings.Join(s.ask(t, mariaFlags, "SHOW BINLOG EVENTS IN '"+position.File+"' FROM "+decimal(int64(position.Offset))+" LIMIT 1;"), "")
	assert.Contains(t, events, "Gtid", "a transaction begins at the position")
}

const holdSocket = "OPSKIT_TEST_HOLD_MARIADB"

// holdForEver is the program that is killed: it locks and waits.
func holdForEver(socket string) {
	hook := &MariaDB{Client: []string{"mariadb", "--no-defaults", "--socket=" + socket, "--user=root"}}
	prepared, err := hook.Prepare(context.Background())
	if err == nil {
		_, err = prepared.Freeze(context.Background())
	}
	fmt.Println("held", err)
	select {}
}

func TestMariaDBLock(t *testing.T) {
	d := newDisk(t, "ext4")
	data := filepath.Join(d.mnt, "db")
	initMariaDB(t, data)
	s := startMariaDB(t, d.base, data, "live")
	createMariaDB(t, s)
	deadline := func(d time.Duration) context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		t.Cleanup(cancel)
		return ctx
	}
	held := func(hook *MariaDB, budget time.Duration) (*preparedMariaDB, ebssnap.Thawer) {
		t.Helper()
		prepared, err := hook.Prepare(t.Context())
		require.NoError(t, err)
		thawer, err := prepared.Freeze(deadline(budget))
		require.NoError(t, err)
		return prepared.(*preparedMariaDB), thawer
	}
	commits := int64(1 << 40)
	committing := func() *load { // one client that tries to commit to InnoDB
		commits += 1 << 30
		base := commits
		return startLoad(t, s, mariaFlags, 1, func(id int64) []string { return insertMariaDB(base + id)[:4] })
	}
	connections := func() string {
		return strings.Join(s.ask(t, mariaFlags, "SELECT COUNT(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user <> 'system user' AND command <> 'Daemon';"), "")
	}
	for _, kind := range []struct {
		name     string
		readLock bool
	}{{"backup stage", false}, {"read lock", true}} {
		hook := func() *MariaDB { return &MariaDB{Client: s.client, ReadLock: kind.readLock} }

		t.Run(kind.name+" stops commits until the thaw", func(t *testing.T) {
			prepared, thawer := held(hook(), time.Minute)
			l := committing()
			lab.Eventually(t, 10*time.Second, "a commit waits", func() bool {
				return strings.Contains(strings.Join(s.ask(t, mariaFlags, "SELECT state FROM information_schema.processlist WHERE state LIKE 'Waiting for%lock%';"), ""), "Waiting")
			})
			assert.Zero(t, l.count())
			require.NoError(t, thawer.Thaw())
			require.NoError(t, thawer.Thaw(), "again, with the same answer")
			require.NoError(t, prepared.Close())
			lab.Eventually(t, 10*time.Second, "commits go on", func() bool { return l.count() > 3 })
			require.Empty(t, l.stop())
		})

		t.Run(kind.name+" ends when its client is killed, and the thaw says so", func(t *testing.T) {
			prepared, thawer := held(hook(), time.Minute)
			l := committing()
			require.NoError(t, prepared.held.(*session).cmd.Process.Signal(syscall.SIGKILL))
			lab.Eventually(t, 10*time.Second, "commits go on", func() bool { return l.count() > 3 })
			require.ErrorIs(t, thawer.Thaw(), ebssnap.ErrThawedEarly)
			require.ErrorIs(t, prepared.Close(), ErrLost)
			require.Empty(t, l.stop())
		})

		t.Run(kind.name+" of a program that hangs is ended by the server", func(t *testing.T) {
			prepared, thawer := held(hook(), time.Second)
			l := committing()
			lab.Eventually(t, 20*time.Second, "commits go on", func() bool { return l.count() > 3 })
			require.ErrorIs(t, thawer.Thaw(), ebssnap.ErrThawedEarly)
			require.ErrorIs(t, prepared.Close(), ErrLost)
			require.Empty(t, l.stop())
		})

		t.Run(kind.name+" that is pending at the end of the budget is killed", func(t *testing.T) {
			blocker := s.session(t, mariaFlags...)
			block := map[bool]string{true: "LOCK TABLES d.a WRITE;", false: "BACKUP STAGE START;"}[kind.readLock]
			_, err := blocker.query(t.Context(), nil, block)
			require.NoError(t, err)
			before := connections()
			pending := hook()
			pending.LockWait = time.Minute
			begun := time.Now()
			_, err = ebssnap.Hold(t.Context(), pending, time.Second, nothingMore)
			require.ErrorIs(t, err, ErrLockWait)
			assert.Less(t, time.Since(begun), 15*time.Second)
			assert.Equal(t, before, connections(), "the pending lock's connection is gone")

			pending.LockWait = time.Second
			_, err = ebssnap.Hold(t.Context(), pending, time.Minute, nothingMore)
			require.ErrorIs(t, err, ErrLockWait)
			require.ErrorContains(t, err, "1205")
			blocker.close()
			_, err = ebssnap.Hold(t.Context(), hook(), time.Minute, nothingMore)
			require.NoError(t, err)
		})
	}

	t.Run("the lock ends with the program that holds it", func(t *testing.T) {
		socket := strings.TrimPrefix(s.client[2], "--socket=")
		program, err := os.Executable()
		require.NoError(t, err)
		holder := lab.StartDaemon(t, "env", holdSocket+"="+socket, program)
		lab.Eventually(t, 20*time.Second, "it holds the lock", func() bool { return strings.Contains(holder.Output(), "held <nil>") })
		l := committing()
		lab.Eventually(t, 10*time.Second, "a commit waits", func() bool {
			return strings.Contains(strings.Join(s.ask(t, mariaFlags, "SELECT state FROM information_schema.processlist WHERE state LIKE 'Waiting for%lock%';"), ""), "Waiting")
		})
		assert.Zero(t, l.count())
		require.NoError(t, holder.Cmd.Process.Signal(syscall.SIGKILL))
		begun := time.Now()
		lab.Eventually(t, 10*time.Second, "commits go on", func() bool { return l.count() > 0 })
		t.Logf("the first commit %v after SIGKILL", time.Since(begun))
		require.Empty(t, l.stop())
	})

	t.Run("a filesystem frozen before the lock ends with the budget", func(t *testing.T) {
		begun := time.Now()
		_, err := ebssnap.Hold(t.Context(), ebssnap.Freezers(&ebssnap.FS{Mounts: []string{d.mnt}}, &MariaDB{Client: s.client}), time.Second, nothingMore)
		t.Logf("after %v: %v", time.Since(begun), err)
		assert.Less(t, time.Since(begun), 20*time.Second)
		l := committing()
		lab.Eventually(t, 10*time.Second, "commits go on", func() bool { return l.count() > 3 })
		require.Empty(t, l.stop())
	})

	t.Run("a long query refuses the lock", func(t *testing.T) {
		slow := s.session(t, mariaFlags...)
		done := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer close(done)
			_, _ = slow.query(ctx, nil, "SELECT SLEEP(600), 'slow\x1b';")
		}()
		hook := &MariaDB{Client: s.client, LongQuery: time.Second}
		var err error
		lab.Eventually(t, 20*time.Second, "the query has run for a second", func() bool {
			_, err = ebssnap.Hold(t.Context(), hook, 10*time.Second, nothingMore)
			return err != nil
		})
		require.ErrorIs(t, err, ErrBusy)
		require.ErrorContains(t, err, "SLEEP(600)")
		assert.NotContains(t, err.Error(), "\x1b")
		cancel()
		<-done
	})

	t.Run("without rights it says what it could not see", func(t *testing.T) {
		s.ask(t, mariaFlags, "CREATE USER small@localhost;", "GRANT RELOAD ON *.* TO small@localhost;")
		client := append(append([]string(nil), s.client...), "--user=small")
		hook := &MariaDB{Client: client}
		prepared, thawer := held(hook, time.Minute)
		gaps := prepared.Unseen()
		require.Len(t, gaps, 2)
		assert.Equal(t, "long queries of other users", gaps[0].What)
		assert.Equal(t, "the binary log's position", gaps[1].What)
		assert.Nil(t, hook.Position())
		require.NoError(t, thawer.Thaw())
		require.NoError(t, prepared.Close())
		s.ask(t, mariaFlags, "CREATE USER none@localhost;")
		none := &MariaDB{Client: append(append([]string(nil), s.client...), "--user=none")}
		_, err := ebssnap.Hold(t.Context(), none, 10*time.Second, nothingMore)
		require.ErrorIs(t, err, ErrLost)
		assert.ErrorContains(t, err, "RELOAD")
	})
}
