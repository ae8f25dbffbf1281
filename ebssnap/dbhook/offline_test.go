package dbhook_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/dbhook"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func nothing(context.Context) error { return nil }

// statements returns what the fake was sent, without the ends of the queries.
func statements(t *testing.T, log string) []string {
	t.Helper()
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	var list []string
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, "opskit-end-") {
			list = append(list, strings.TrimSpace(line))
		}
	}
	return list
}

func TestEachServerGetsTheLockThatItHas(t *testing.T) {
	for version, c := range map[string]struct {
		readLock bool
		lock     []string
		position string
	}{
		"10.11.19-MariaDB": {lock: []string{"BACKUP STAGE START;", "BACKUP STAGE BLOCK_COMMIT;", "BACKUP STAGE END;"}, position: "SHOW MASTER STATUS;"},
		"10.4.0-MariaDB":   {lock: []string{"BACKUP STAGE START;", "BACKUP STAGE BLOCK_COMMIT;", "BACKUP STAGE END;"}, position: "SHOW MASTER STATUS;"},
		"11.4.2-MariaDB":   {readLock: true, lock: []string{"FLUSH TABLES WITH READ LOCK;", "UNLOCK TABLES;"}, position: "SHOW MASTER STATUS;"},
		"10.3.39-MariaDB":  {lock: []string{"FLUSH TABLES WITH READ LOCK;", "UNLOCK TABLES;"}, position: "SHOW MASTER STATUS;"},
		"8.4.3":            {lock: []string{"LOCK INSTANCE FOR BACKUP;", "UNLOCK INSTANCE;"}},
		"8.0.36-debug":     {lock: []string{"LOCK INSTANCE FOR BACKUP;", "UNLOCK INSTANCE;"}},
		"8.4.0":            {readLock: true, lock: []string{"FLUSH TABLES WITH READ LOCK;", "UNLOCK TABLES;"}, position: "SHOW BINARY LOG STATUS;"},
		"8.1.0":            {readLock: true, lock: []string{"FLUSH TABLES WITH READ LOCK;", "UNLOCK TABLES;"}, position: "SHOW MASTER STATUS;"},
		"9.1.0":            {readLock: true, lock: []string{"FLUSH TABLES WITH READ LOCK;", "UNLOCK TABLES;"}, position: "SHOW BINARY LOG STATUS;"},
		"5.7.44-log":       {lock: []string{"FLUSH TABLES WITH READ LOCK;", "UNLOCK TABLES;"}, position: "SHOW MASTER STATUS;"},
	} {
		t.Run(version, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			hook := &dbhook.MariaDB{ReadLock: c.readLock, LockWait: 1500 * time.Millisecond, Client: fake(log, [2]string{"SELECT CONNECTION_ID", `7\t` + version})}
			_, err := ebssnap.Hold(t.Context(), hook, time.Minute, nothing)
			require.NoError(t, err)
			sent := statements(t, log)
			text := strings.Join(sent, " ")
			assert.Contains(t, text, strings.Join(c.lock[:len(c.lock)-1], " "))
			assert.Equal(t, c.lock[len(c.lock)-1], sent[len(sent)-1])
			if c.position == "" {
				assert.NotRegexp(t, "SHOW .*(MASTER|LOG) STATUS", text, "commits go on under this lock: a position would be of another moment than the snapshot")
			} else {
				assert.Contains(t, sent, c.position)
			}
			assert.Contains(t, text, "SET SESSION lock_wait_timeout = 2; SET SESSION wait_timeout = 61;")
			assert.Contains(t, text, "NOT IN (CONNECTION_ID(), 7) AND time >= 5 ")
		})
	}
}

func TestMySQLsBackupLockTellsNoPosition(t *testing.T) {
	hook := &dbhook.MariaDB{Client: fake("", [2]string{"SELECT CONNECTION_ID", `7\t8.0.36`}, [2]string{"SHOW MASTER STATUS", `binlog.000042\t1337`})}
	result, err := ebssnap.Consistent(t.Context(), ebssnap.Volume{Cloud: &ebssnaptest.Cloud{}, IDs: []string{"vol-1"}}, hook, time.Minute)
	require.NoError(t, err)
	assert.Nil(t, hook.Position())
	assert.Empty(t, result.Notes)
	assert.Contains(t, result.String(), "the binary log's position (MySQL's backup lock lets transactions commit; need: MariaDB.ReadLock)")
}

func TestAHookThatFailsStopsNothing(t *testing.T) {
	frozen := false
	filesystem := ebssnap.Hook{Name: "filesystem", Stop: func(context.Context) error { frozen = true; return nil }}
	maria := func(answers ...[2]string) ebssnap.Freezer {
		return &dbhook.MariaDB{Client: fake("", append(answers, [2]string{"SELECT CONNECTION_ID", `7\t10.11.19-MariaDB`})...)}
	}
	for name, c := range map[string]struct {
		hook ebssnap.Freezer
		want error
		says string
	}{
		"no such client":            {&dbhook.MariaDB{Client: []string{"/nonexistent/mariadb"}}, os.ErrNotExist, "/nonexistent/mariadb"},
		"the server refuses":        {maria([2]string{"SELECT CONNECTION_ID", "exit"}), dbhook.ErrLost, "Access denied"},
		"the lock is refused":       {maria([2]string{"BACKUP STAGE BLOCK", "exit"}), dbhook.ErrLost, "ERROR 1045"},
		"the lock is never granted": {maria([2]string{"BACKUP STAGE BLOCK", "hang"}), dbhook.ErrLockWait, ""},
		"a long query":              {maria([2]string{"SELECT id, time", `9\t77\tSELECT slow`}), dbhook.ErrBusy, "connection 9 for 77 s: SELECT slow"},
		"an answer of another kind": {maria([2]string{"SELECT CONNECTION_ID", "nonsense"}), nil, "connection id"},
		"a label that cannot be sent": {
			&dbhook.PostgreSQL{Label: "it's", Client: fake("")}, ebssnap.ErrUsage, "label",
		},
		"no backup": {&dbhook.PostgreSQL{Label: "x", Client: fake("", [2]string{"SELECT pg_backup_start", "exit"})}, dbhook.ErrLost, "Access denied"},
	} {
		t.Run(name, func(t *testing.T) {
			frozen = false
			begun := time.Now()
			_, err := ebssnap.Hold(t.Context(), ebssnap.Freezers(c.hook, filesystem), 300*time.Millisecond, func(context.Context) error {
				assert.Fail(t, "it went on")
				return nil
			})
			require.Error(t, err)
			assert.False(t, frozen)
			assert.Less(t, time.Since(begun), 30*time.Second)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			assert.ErrorContains(t, err, c.says)
		})
	}
}

func TestALockThatCannotBeLetGoIsNoProof(t *testing.T) {
	for name, answer := range map[string]string{"the server refuses": "exit", "the server hangs": "hang"} {
		t.Run(name, func(t *testing.T) {
			hook := &dbhook.MariaDB{Client: fake("", [2]string{"SELECT CONNECTION_ID", `7\t10.11.19-MariaDB`}, [2]string{"BACKUP STAGE END", answer})}
			_, err := ebssnap.Hold(t.Context(), hook, time.Minute, nothing)
			require.ErrorIs(t, err, ebssnap.ErrThawedEarly)
		})
	}
}

func TestAHookOnItsOwnEndsWithItsContext(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	hook := &dbhook.MariaDB{Client: fake(log, [2]string{"SELECT CONNECTION_ID", `7\t10.11.19-MariaDB`})}
	_, err := hook.Freeze(t.Context())
	require.ErrorIs(t, err, ebssnap.ErrUsage)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	thawer, err := hook.Freeze(ctx)
	require.NoError(t, err)
	require.NoError(t, thawer.Thaw())
	require.NoError(t, thawer.Thaw())
	cancel()
	require.NoError(t, thawer.Thaw(), "after the thaw the context means nothing")

	ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
	thawer, err = hook.Freeze(ctx)
	require.NoError(t, err)
	cancel()
	require.Eventually(t, func() bool { return strings.Count(strings.Join(statements(t, log), " "), "BACKUP STAGE END;") == 2 }, 10*time.Second, 5*time.Millisecond)
	require.ErrorIs(t, thawer.Thaw(), ebssnap.ErrThawedEarly)
	require.ErrorIs(t, thawer.Thaw(), ebssnap.ErrThawedEarly)
}

func TestOldPostgreSQLIsAskedInItsOwnWords(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	hook := &dbhook.PostgreSQL{Label: "x", Client: fake(log, [2]string{"SELECT current_setting", "t"}, [2]string{"SELECT pg_start_backup", "0/28"}, [2]string{"SELECT lsn", `0/30\t\t\tt`})}
	_, err := ebssnap.Hold(t.Context(), hook, time.Minute, nothing)
	require.NoError(t, err)
	text := strings.Join(statements(t, log), " ")
	assert.Contains(t, text, "pg_start_backup('x', true, false)")
	assert.Contains(t, text, "FROM pg_stop_backup(false, true);")
	assert.Equal(t, []dbhook.Backup{{Label: "x", StartLSN: "0/28", StopLSN: "0/30"}}, hook.Backups(), "a standby names no segments")
}

// The database's own freezer lies in Freezers, as one is used: what it learned must come out at the
// top, and only with a snapshot.
func TestWhatARestoreNeedsStandsInTheResult(t *testing.T) {
	position := [2]string{"SHOW MASTER STATUS", `binlog.000042\t1337`}
	hook := func() ebssnap.Freezer {
		return ebssnap.Freezers(
			&dbhook.PostgreSQL{Label: "x", Client: fake("", [2]string{"SELECT current_setting", "t"}, [2]string{"SELECT pg_start_backup", "0/28"}, [2]string{"SELECT lsn", `0/30\t6c0a\t\tt`})},
			&dbhook.MariaDB{Client: fake("", [2]string{"SELECT CONNECTION_ID", `7\t10.11.19-MariaDB`}, position, [2]string{"SELECT @@gtid", "0-1-455"})},
			&ebssnaptest.Freezer{})
	}
	cloud := &ebssnaptest.Cloud{}
	result, err := ebssnap.Consistent(t.Context(), ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-1"}}, hook(), time.Minute)
	require.NoError(t, err)
	assert.Equal(t, []string{
		`postgresql backup {"label":"x","start_lsn":"0/28","stop_lsn":"0/30","label_file":"l\n"}`,
		`mariadb position {"file":"binlog.000042","offset":1337,"gtid":"0-1-455"}`,
	}, result.Notes)
	assert.Contains(t, result.String(), "\n  for a restore: mariadb position {\"file\":\"binlog.000042\"")

	refusing := &refusingCloud{Cloud: cloud}
	result, err = ebssnap.Consistent(t.Context(), ebssnap.Volume{Cloud: refusing, IDs: []string{"vol-1"}}, hook(), time.Minute)
	require.ErrorIs(t, err, ebssnap.ErrNotCreated)
	assert.Empty(t, result.Notes, "there is no snapshot to restore")
}

// refusingCloud passes the DryRun and refuses the request.
type refusingCloud struct{ *ebssnaptest.Cloud }

func (c *refusingCloud) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	if r.DryRun {
		return c.Cloud.Create(ctx, r)
	}
	return nil, ebssnap.ErrNotCreated
}

func TestPathsAreAbsolute(t *testing.T) {
	_, err := (&dbhook.MariaDB{Client: fake("", [2]string{"SHOW GLOBAL", `datadir\tdb`})}).Paths(t.Context())
	require.ErrorContains(t, err, `datadir is "db"`)
	_, err = (&dbhook.MariaDB{Client: fake("", [2]string{"SHOW GLOBAL", "exit"})}).Paths(t.Context())
	require.ErrorIs(t, err, dbhook.ErrLost)
	paths, err := (&dbhook.PostgreSQL{Client: fake("", [2]string{"SELECT current_setting", "/srv/pg"})}).Paths(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"/srv/pg"}, paths)
}

func TestResultsAreStableJSON(t *testing.T) {
	golden(t, "backup", &dbhook.Backup{
		Label: "nightly", StartLSN: "0/2000028", StopLSN: "0/2000138", StartWAL: "000000010000000000000002", StopWAL: "000000010000000000000002",
		LabelFile: "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n", TablespaceMap: "16384 /srv/ts\n",
	})
	golden(t, "position", &dbhook.Position{File: "binlog.000042", Offset: 1337, GTID: "0-1-455"})
	assert.Equal(t, "binlog.000042:1337", dbhook.Position{File: "binlog.000042", Offset: 1337}.String())
}

func golden[T any](t *testing.T, name string, value *T) {
	t.Helper()
	text, err := json.MarshalIndent(value, "", "\t")
	require.NoError(t, err)
	file := filepath.Join("testdata", name+".golden.json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, append(text, '\n'), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(text)+"\n")
	var decoded T
	require.NoError(t, json.Unmarshal(want, &decoded))
	assert.Equal(t, *value, decoded)
}
