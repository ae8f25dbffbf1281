package dbhook

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
)

// PostgreSQL is a Freezer for a PostgreSQL server, versions 9.6 and later. The zero value makes one
// CHECKPOINT before anything is stopped, so that a restored server has little to replay; it stops
// nobody itself. It is safe for concurrent use while nobody changes its fields.
//
// One CHECKPOINT is for the usual layout: everything in one atomic set of volumes. Where the parts
// are copied at different moments, set Label: the server is then in backup mode from before the
// first copy until after the last, and Backups tells what a restore needs: the label file and a
// range of the archived write-ahead log.
type PostgreSQL struct {
	// Client is psql with what it takes to connect: {"psql", "-h", "/run/postgresql", "-d",
	// "postgres"}. Empty means {"psql"}. Passwords belong in ~/.pgpass. The role needs
	// pg_checkpoint (before version 15: to be superuser), with Label the right to execute
	// pg_backup_start and pg_backup_stop, for Paths pg_read_all_settings.
	Client []string
	// Open makes a connection in Client's place, with a driver of the program's own.
	Open func(ctx context.Context) (Session, error)
	// Label turns backup mode on and names the backup. Quotes, backslashes and control characters
	// are refused.
	Label string
	// ArchiveWait limits how long the end of backup mode may wait until the server has archived the
	// log. Zero means a minute.
	ArchiveWait time.Duration

	mu      sync.Mutex
	backups []Backup
}

// Backups returns the backups that were ended in good order, in that order. Only those restore.
func (p *PostgreSQL) Backups() []Backup {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Backup(nil), p.backups...)
}

func (p *PostgreSQL) open(ctx context.Context) (connection, error) {
	client := p.Client
	if len(client) == 0 {
		client = []string{"psql"}
	}
	return connect(ctx, p.Open, slices.Concat(client, []string{"-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-w"})...)
}

// Freeze is Prepare and Freeze, for use without Hold or Consistent: Thaw then ends backup mode and
// the session. It demands a deadline in ctx (ebssnap.ErrUsage).
func (p *PostgreSQL) Freeze(ctx context.Context) (ebssnap.Thawer, error) { return freeze(ctx, p) }

// Prepare connects and makes the checkpoint, which may take as long as writing all that is dirty,
// or starts backup mode. It fails with ErrLost and the client's own words where it may not, and
// with ebssnap.ErrUsage for a label that cannot be sent.
func (p *PostgreSQL) Prepare(ctx context.Context) (ebssnap.Prepared, error) {
	if strings.ContainsAny(p.Label, `'"\`) || opskit.Escape(p.Label) != p.Label {
		return nil, wrap("prepare postgresql", "", fmt.Errorf("%w: label %q", ebssnap.ErrUsage, p.Label))
	}
	s, err := p.open(ctx)
	if err != nil {
		return nil, wrap("start client", "", err)
	}
	prepared := &preparedPostgreSQL{hook: p, session: s}
	if err := prepared.begin(ctx); err != nil {
		s.close()
		return nil, wrap("prepare postgresql", "", err)
	}
	return prepared, nil
}

type preparedPostgreSQL struct {
	hook    *PostgreSQL
	session connection
	old     bool // before version 15: pg_start_backup, pg_stop_backup
	start   string
	copied  bool
	closed  bool
	notes   []string
}

// Notes returns the backup, once Close has ended it.
func (p *preparedPostgreSQL) Notes() []string { return p.notes }

// Unseen returns nil: it stops nobody.
func (p *preparedPostgreSQL) Unseen() []opskit.Gap { return nil }

func (p *preparedPostgreSQL) begin(ctx context.Context) error {
	answer, err := p.session.query(ctx, nil, "SELECT current_setting('server_version_num')::int < 150000;")
	if err != nil {
		return err
	}
	p.old = strings.Join(answer, "") == "t"
	if p.hook.Label == "" {
		_, err = p.session.query(ctx, nil, "CHECKPOINT;")
		return err
	}
	start := "pg_backup_start('" + p.hook.Label + "', true)"
	if p.old {
		start = "pg_start_backup('" + p.hook.Label + "', true, false)"
	}
	answer, err = p.session.query(ctx, nil, "SELECT "+start+";")
	if err == nil && len(answer) != 1 {
		err = fmt.Errorf("pg_backup_start answered %d lines", len(answer))
	}
	if err == nil {
		p.start = answer[0]
	}
	return err
}

// Freeze stops nobody: the filesystem's freezer does, or nobody needs to.
func (p *preparedPostgreSQL) Freeze(ctx context.Context) (ebssnap.Thawer, error) {
	p.copied = true
	return thawed{}, context.Cause(ctx)
}

type thawed struct{}

func (thawed) Thaw() error { return nil }

// Close ends backup mode. It is called after every thaw: the server cannot write its last record of
// the log, and so cannot end backup mode, while its filesystem is frozen.
func (p *preparedPostgreSQL) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	defer p.session.close()
	if p.hook.Label == "" || !p.copied {
		return nil // a session that ends leaves backup mode without a backup
	}
	wait := p.hook.ArchiveWait
	if wait <= 0 {
		wait = time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), wait, fmt.Errorf("the log was not archived in %v (archive_command?)", wait))
	defer cancel()
	backup, err := p.stop(ctx)
	if err != nil {
		return wrap("end backup", p.hook.Label, errors.Join(ebssnap.ErrThawedEarly, err))
	}
	p.notes = note("postgresql backup", backup)
	p.hook.mu.Lock()
	defer p.hook.mu.Unlock()
	p.hook.backups = append(p.hook.backups, backup)
	return nil
}

func (p *preparedPostgreSQL) stop(ctx context.Context) (Backup, error) {
	stop := "pg_backup_stop(true)"
	if p.old {
		stop = "pg_stop_backup(false, true)"
	}
	// The texts have several lines: hex keeps the answer on one.
	answer, err := p.session.query(ctx, nil,
		"SELECT lsn, encode(convert_to(labelfile, 'UTF8'), 'hex'), encode(convert_to(spcmapfile, 'UTF8'), 'hex'), pg_is_in_recovery() FROM "+stop+";")
	if err != nil {
		return Backup{}, err
	}
	fields := strings.Split(strings.Join(answer, ""), "\t")
	if len(answer) != 1 || len(fields) != 4 {
		return Backup{}, fmt.Errorf("pg_backup_stop answered %d lines", len(answer))
	}
	label, err := hex.DecodeString(fields[1])
	spaces, err2 := hex.DecodeString(fields[2])
	if err := errors.Join(err, err2); err != nil {
		return Backup{}, fmt.Errorf("pg_backup_stop: %w", err)
	}
	b := Backup{Label: p.hook.Label, StartLSN: p.start, StopLSN: fields[0], LabelFile: string(label), TablespaceMap: string(spaces)}
	b.StartWAL = startSegment(b.LabelFile)
	if fields[3] == "t" {
		return b, nil // a standby cannot name segments
	}
	if answer, err = p.session.query(ctx, nil, "SELECT pg_walfile_name('"+opskit.Escape(b.StopLSN)+"');"); err == nil {
		b.StopWAL = strings.Join(answer, "")
	}
	return b, err
}

// startSegment finds the file in "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)".
func startSegment(label string) string {
	_, rest, _ := strings.Cut(label, "START WAL LOCATION: ")
	_, rest, _ = strings.Cut(rest, "(file ")
	name, _, found := strings.Cut(rest, ")")
	if !found || strings.Contains(name, "\n") {
		return ""
	}
	return name
}

// Paths asks the server where its files are, for volumes.Finder.Find: the data directory;
// tablespaces and a moved log are links in it.
func (p *PostgreSQL) Paths(ctx context.Context) ([]string, error) {
	s, err := p.open(ctx)
	if err != nil {
		return nil, wrap("start client", "", err)
	}
	defer s.close()
	answer, err := s.query(ctx, nil, "SELECT current_setting('data_directory');")
	return answer, wrap("ask for paths", "", err)
}
