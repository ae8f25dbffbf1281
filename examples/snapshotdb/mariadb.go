package main

import (
	"flag"
	"strings"
	"time"

	"github.com/opskit-go/opskit/ebssnap/dbhook"
)

// mariadb is what the command line says of a MariaDB or MySQL server.
type mariadb struct {
	client    string
	readLock  bool
	longQuery time.Duration
	lockWait  time.Duration
}

func (m *mariadb) flags(set *flag.FlagSet) {
	set.StringVar(&m.client, "mariadb", "", "the `CLIENT` of a MariaDB or MySQL server and what it takes to connect: \"mariadb --defaults-file=FILE\"")
	set.BoolVar(&m.readLock, "read-lock", false, "FLUSH TABLES WITH READ LOCK in place of the backup lock: for MyISAM, and for the binary log's position, on MySQL 8")
	set.DurationVar(&m.longQuery, "long-query", 5*time.Second, "refuse while a query of MariaDB or MySQL has run so long")
	set.DurationVar(&m.lockWait, "lock-wait", 2*time.Second, "how long the lock of MariaDB or MySQL may be pending")
}

func (m *mariadb) hook() *mariadbHook {
	return &mariadbHook{MariaDB: &dbhook.MariaDB{
		Client: strings.Fields(m.client), ReadLock: m.readLock, LongQuery: m.longQuery, LockWait: m.lockWait,
	}}
}

type mariadbHook struct{ *dbhook.MariaDB }

// tell notes where a replica that is made from the snapshot begins.
func (h *mariadbHook) tell(o *outcome) { o.Position = h.Position() }
