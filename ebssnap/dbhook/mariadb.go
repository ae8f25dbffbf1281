package dbhook

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
)

// MariaDB is a Freezer for a MariaDB or MySQL server. It takes the backup lock that the server has:
// BACKUP STAGE BLOCK_COMMIT of MariaDB 10.4 and later, LOCK INSTANCE FOR BACKUP of MySQL 8, else
// FLUSH TABLES WITH READ LOCK. It is for servers that also keep tables which do not survive a crash
// (MyISAM, and for DDL in flight), and to learn the binary log's position; InnoDB in one atomic set
// of volumes needs no hook. It is safe for concurrent use while nobody changes its fields.
//
// Two connections are held. The lock belongs to the first and ends with it. The second ends the
// first when its lock is still pending as the context ends: a pending lock makes every other client
// wait.
type MariaDB struct {
	// Client is mariadb (or mysql) with what it takes to connect: {"mariadb",
	// "--defaults-file=/etc/backup.cnf"}. Empty means {"mariadb"}. The user needs RELOAD (MySQL 8:
	// BACKUP_ADMIN), PROCESS to see others' queries, and BINLOG MONITOR (REPLICATION CLIENT) for
	// the position.
	Client []string
	// Open makes a connection in Client's place, with a driver of the program's own; it is called
	// twice. A driver that connects again by itself would hold no lock and not say so.
	Open func(ctx context.Context) (Session, error)
	// LongQuery refuses the lock while another query has run so long: it may wait for that query,
	// and everybody else for the lock. Zero means 5 s, resolution one second.
	LongQuery time.Duration
	// LockWait limits how long the lock may be pending; the freeze budget does too. Zero means 2 s,
	// resolution one second, rounded up.
	LockWait time.Duration
	// ReadLock takes FLUSH TABLES WITH READ LOCK whatever the server has. MySQL 8 needs it for
	// MyISAM and for the position: its backup lock stops no writes and no commits.
	ReadLock bool

	mu       sync.Mutex
	position *Position
}

// Position returns where the binary log stood while the lock was last held; nil if there was no
// lock, none that holds the log still, or no binary log to be read.
func (m *MariaDB) Position() *Position {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.position == nil {
		return nil
	}
	p := *m.position
	return &p
}

// Position is a place in the binary log: a replica made from the snapshot begins there.
type Position struct {
	File   string `json:"file"`           // "binlog.000042"
	Offset uint64 `json:"offset"`         // in bytes
	GTID   string `json:"gtid,omitempty"` // MariaDB's gtid_binlog_pos, MySQL's executed set
}

// String returns "binlog.000042:1337 (gtid)".
func (p Position) String() string {
	text := opskit.Escape(p.File) + ":" + strconv.FormatUint(p.Offset, 10)
	if p.GTID != "" {
		text += " (" + opskit.Escape(p.GTID) + ")"
	}
	return text
}

func (m *MariaDB) open(ctx context.Context) (connection, error) {
	client := m.Client
	if len(client) == 0 {
		client = []string{"mariadb"}
	}
	// A client that reconnects would hold no lock and not say so.
	return connect(ctx, m.Open, slices.Concat(client, []string{"--batch", "--skip-column-names", "--unbuffered", "--skip-reconnect"})...)
}

// Freeze is Prepare and Freeze, for use without Hold or Consistent. It demands a deadline in ctx
// (ebssnap.ErrUsage).
func (m *MariaDB) Freeze(ctx context.Context) (ebssnap.Thawer, error) { return freeze(ctx, m) }

// Prepare opens both connections and refuses while a long query runs (ErrBusy). It locks nothing.
func (m *MariaDB) Prepare(ctx context.Context) (ebssnap.Prepared, error) {
	p := &preparedMariaDB{hook: m}
	if err := p.begin(ctx); err != nil {
		return nil, errors.Join(wrap("prepare mariadb", "", err), p.Close())
	}
	return p, nil
}

// lock is how a kind of server is locked and let go.
type lock struct {
	take, release []string
	commits       bool // transactions commit under it
}

// lockOf chooses by VERSION().
func lockOf(version string, readLock bool) lock {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	first, _ := strconv.Atoi(major)
	second, _ := strconv.Atoi(minor)
	isMaria := strings.Contains(strings.ToLower(version), "mariadb")
	switch {
	case readLock:
	case isMaria && (first > 10 || first == 10 && second >= 4):
		return lock{take: []string{"BACKUP STAGE START;", "BACKUP STAGE BLOCK_COMMIT;"}, release: []string{"BACKUP STAGE END;"}}
	case !isMaria && first >= 8:
		return lock{take: []string{"LOCK INSTANCE FOR BACKUP;"}, release: []string{"UNLOCK INSTANCE;"}, commits: true}
	}
	return lock{take: []string{"FLUSH TABLES WITH READ LOCK;"}, release: []string{"UNLOCK TABLES;"}}
}

// positionQuery is the statement that tells the binary log's position: MySQL renamed it in 8.2 and
// removed the old name in 8.4.
func positionQuery(version string) string {
	if !strings.Contains(strings.ToLower(version), "mariadb") {
		major, rest, _ := strings.Cut(version, ".")
		minor, _, _ := strings.Cut(rest, ".")
		first, _ := strconv.Atoi(major)
		second, _ := strconv.Atoi(minor)
		if first > 8 || first == 8 && second >= 2 {
			return "SHOW BINARY LOG STATUS;"
		}
	}
	return "SHOW MASTER STATUS;"
}

// Paths asks the server where its files are, for volumes.Finder.Find: the data directory and
// whatever is configured outside it.
func (m *MariaDB) Paths(ctx context.Context) ([]string, error) {
	s, err := m.open(ctx)
	if err != nil {
		return nil, wrap("start client", "", err)
	}
	defer s.close()
	answer, err := s.query(ctx, nil, "SHOW GLOBAL VARIABLES WHERE Variable_name IN "+
		"('datadir', 'innodb_data_home_dir', 'innodb_log_group_home_dir', 'innodb_undo_directory', 'aria_log_dir_path', 'log_bin_basename');")
	if err != nil {
		return nil, wrap("ask for paths", "", err)
	}
	return pathsOf(answer)
}

// pathsOf makes the values absolute: they are relative to the data directory.
func pathsOf(answer []string) ([]string, error) {
	values := map[string]string{}
	for _, line := range answer {
		name, value, _ := strings.Cut(line, "\t")
		values[name] = value
	}
	datadir := values["datadir"]
	if !path.IsAbs(datadir) {
		return nil, wrap("ask for paths", "", fmt.Errorf("datadir is %q", datadir))
	}
	list := []string{path.Clean(datadir)}
	for _, name := range []string{"innodb_data_home_dir", "innodb_log_group_home_dir", "innodb_undo_directory", "aria_log_dir_path", "log_bin_basename"} {
		value := values[name]
		if name == "log_bin_basename" && value != "" {
			value = path.Dir(value)
		}
		if value == "" {
			continue
		}
		if !path.IsAbs(value) {
			value = path.Join(datadir, value)
		}
		if value = path.Clean(value); !slices.Contains(list, value) {
			list = append(list, value)
		}
	}
	return list, nil
}

// seconds rounds up to the whole seconds that the server counts in, at least one.
func seconds(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}
