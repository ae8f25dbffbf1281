package dbhook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
)

const (
	defaultLongQuery = 5 * time.Second
	defaultLockWait  = 2 * time.Second
	// releaseWait limits the release of a lock and the end of a connection, both of which a server
	// answers at once if it answers at all.
	releaseWait = 2 * time.Second
)

type preparedMariaDB struct {
	hook          *MariaDB
	held, control connection
	id            string // of the held connection
	version       string
	lock          lock
	gaps          []opskit.Gap
	notes         []string
	thaw          func() error
}

// Notes returns the binary log's position while the lock was held.
func (p *preparedMariaDB) Notes() []string { return p.notes }

// Unseen returns what could not be seen of other users' queries and of the binary log.
func (p *preparedMariaDB) Unseen() []opskit.Gap { return slices.Clone(p.gaps) }

func (p *preparedMariaDB) begin(ctx context.Context) error {
	for _, one := range []*connection{&p.held, &p.control} {
		s, err := p.hook.open(ctx)
		if err != nil {
			return err
		}
		*one = s
	}
	answer, err := p.held.query(ctx, nil, "SELECT CONNECTION_ID(), VERSION();")
	if err != nil {
		return err
	}
	id, version, _ := strings.Cut(strings.Join(answer, ""), "\t")
	if _, err := strconv.ParseUint(id, 10, 64); err != nil {
		return fmt.Errorf("connection id: %w", err)
	}
	p.id, p.version, p.lock = id, version, lockOf(version, p.hook.ReadLock)
	return p.refuseBusy(ctx)
}

// refuseBusy looks for queries of others that have run too long.
func (p *preparedMariaDB) refuseBusy(ctx context.Context) error {
	privileged, err := p.control.query(ctx, nil, "SELECT 1 FROM information_schema.user_privileges WHERE privilege_type = 'PROCESS' LIMIT 1;")
	if err != nil {
		return err
	}
	if len(privileged) == 0 {
		p.gaps = append(p.gaps, opskit.Gap{
			What: "long queries of other users", Why: "this user does not have the privilege PROCESS", Need: "GRANT PROCESS ON *.* TO this user",
		})
	}
	long := p.hook.LongQuery
	if long <= 0 {
		long = defaultLongQuery
	}
	busy, err := p.control.query(ctx, nil, "SELECT id, time, LEFT(info, 200) FROM information_schema.processlist "+
		"WHERE info IS NOT NULL AND command IN ('Query', 'Execute') AND user <> 'system user' AND id NOT IN (CONNECTION_ID(), "+p.id+") AND time >= "+seconds(long)+" ORDER BY time DESC;")
	if err != nil {
		return err
	}
	if len(busy) > 0 {
		fields := strings.SplitN(busy[0], "\t", 3)
		if len(fields) < 3 {
			return fmt.Errorf("processlist answered %q", busy[0])
		}
		return fmt.Errorf("%w: connection %s for %s s: %s", ErrBusy, opskit.Escape(fields[0]), opskit.Escape(fields[1]), opskit.Escape(fields[2]))
	}
	return nil
}

// Freeze takes the lock.
func (p *preparedMariaDB) Freeze(ctx context.Context) (ebssnap.Thawer, error) {
	if err := p.take(ctx); err != nil {
		return nil, wrap("lock mariadb", "", errors.Join(err, p.Close()))
	}
	p.locate(ctx)
	p.thaw = sync.OnceValue(p.release)
	return &mariaDBThawer{p}, nil
}

func (p *preparedMariaDB) take(ctx context.Context) error {
	wait := p.hook.LockWait
	if wait <= 0 {
		wait = defaultLockWait
	}
	settings := "SET SESSION lock_wait_timeout = " + seconds(wait) + ";"
	if deadline, ok := ctx.Deadline(); ok { // of a program that hangs the server ends the session and with it the lock
		settings += " SET SESSION wait_timeout = " + seconds(time.Until(deadline)+time.Second) + ";"
	}
	_, err := p.held.query(ctx, p.kill, append([]string{settings}, p.lock.take...)...)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil, strings.Contains(err.Error(), "ERROR 1205"):
		return fmt.Errorf("%w: %w", ErrLockWait, err)
	}
	return err
}

// kill ends the held connection from the other one: the end of a client does not end its pending
// lock.
func (p *preparedMariaDB) kill() {
	ctx, cancel := context.WithTimeout(context.Background(), releaseWait)
	defer cancel()
	_, _ = p.control.query(ctx, nil, "KILL CONNECTION "+p.id+";") // if this fails, lock_wait_timeout ends it
}

// locate reads the binary log's position while the lock is held. Without the privilege, or without
// a log, there is none.
func (p *preparedMariaDB) locate(ctx context.Context) {
	p.hook.mu.Lock()
	p.hook.position = nil
	p.hook.mu.Unlock()
	if p.lock.commits { // a position read now would not be that of the snapshot
		p.gaps = append(p.gaps, opskit.Gap{What: "the binary log's position", Why: "MySQL's backup lock lets transactions commit", Need: "MariaDB.ReadLock"})
		return
	}
	// On the other connection: an error ends a session, and the lock with it.
	answer, err := p.control.query(ctx, nil, positionQuery(p.version))
	if err != nil {
		p.gaps = append(p.gaps, opskit.Gap{What: "the binary log's position", Why: err.Error(), Need: "GRANT BINLOG MONITOR (REPLICATION CLIENT) ON *.* TO this user"})
		return
	}
	if len(answer) == 0 {
		return // no binary log
	}
	fields := strings.Split(answer[0], "\t")
	if len(fields) < 2 {
		return
	}
	offset, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return
	}
	position := &Position{File: fields[0], Offset: offset}
	if strings.Contains(strings.ToLower(p.version), "mariadb") {
		if answer, err := p.control.query(ctx, nil, "SELECT @@gtid_binlog_pos;"); err == nil {
			position.GTID = strings.Join(answer, "")
		}
	} else if len(fields) > 4 {
		position.GTID = strings.ReplaceAll(fields[4], `\n`, "")
	}
	p.notes = note("mariadb position", position)
	p.hook.mu.Lock()
	p.hook.position = position
	p.hook.mu.Unlock()
}

// release lets the lock go. If the session had ended before, the lock had too, and writers ran.
func (p *preparedMariaDB) release() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), releaseWait, errors.New("the server does not answer"))
	defer cancel()
	_, err := p.held.query(ctx, p.kill, p.lock.release...)
	if err == nil {
		return nil
	}
	return wrap("unlock mariadb", "", errors.Join(ebssnap.ErrThawedEarly, err))
}

// Close lets the lock go if that was not done, and ends both sessions.
func (p *preparedMariaDB) Close() error {
	var err error
	if p.thaw != nil {
		err = p.thaw()
	}
	for _, s := range []connection{p.held, p.control} {
		if s != nil {
			s.close()
		}
	}
	return err
}

type mariaDBThawer struct{ prepared *preparedMariaDB }

func (t *mariaDBThawer) Thaw() error { return t.prepared.thaw() }
