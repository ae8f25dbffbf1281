package dbhook_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/dbhook"
)

// driver is a session of a program that has no client: it answers by what a statement begins with.
type driver struct {
	mu      sync.Mutex
	answers map[string][]string
	fail    string
	said    []string
	closed  int
}

func (d *driver) Query(_ context.Context, statements ...string) (rows []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, statement := range statements {
		d.said = append(d.said, statement)
		if d.fail != "" && strings.HasPrefix(statement, d.fail) {
			return rows, errors.New("connection reset")
		}
		for begin, answer := range d.answers {
			if strings.HasPrefix(statement, begin) {
				rows = append(rows, answer...)
			}
		}
	}
	return rows, nil
}

func (d *driver) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed++
	return nil
}

func (d *driver) open(context.Context) (dbhook.Session, error) { return d, nil }

// TestDriverOfTheProgramsOwn: one method is enough in place of a client.
func TestDriverOfTheProgramsOwn(t *testing.T) {
	work := func(context.Context) error { return nil }
	maria := &driver{answers: map[string][]string{"SELECT CONNECTION_ID": {"7\t10.11.6-MariaDB"}, "SELECT 1 FROM information": {"1"}, "SHOW MASTER": {"binlog.000042\t1337\t\t"}}}
	hook := &dbhook.MariaDB{Open: maria.open}
	_, err := ebssnap.Hold(t.Context(), hook, 10*time.Second, work)
	require.NoError(t, err)
	require.NotNil(t, hook.Position())
	assert.Equal(t, uint64(1337), hook.Position().Offset)
	locked, released := slices.Index(maria.said, "BACKUP STAGE BLOCK_COMMIT;"), slices.Index(maria.said, "BACKUP STAGE END;")
	assert.True(t, locked >= 0 && released > locked, "%q", maria.said)
	assert.Equal(t, 2, maria.closed, "both connections")

	postgres := &driver{answers: map[string][]string{"SELECT current_setting": {"f"}}}
	_, err = ebssnap.Hold(t.Context(), &dbhook.PostgreSQL{Open: postgres.open}, 10*time.Second, work)
	require.NoError(t, err)
	assert.Contains(t, postgres.said, "CHECKPOINT;")
	assert.Equal(t, 1, postgres.closed)

	maria.fail = "BACKUP STAGE END"
	_, err = ebssnap.Hold(t.Context(), hook, 10*time.Second, work)
	require.ErrorIs(t, err, dbhook.ErrLost)
	require.ErrorIs(t, err, ebssnap.ErrThawedEarly, "the lock ended with its session")
}
