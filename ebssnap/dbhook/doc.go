// Package dbhook quiesces databases for a snapshot: PostgreSQL and MariaDB or MySQL as freezers of
// package ebssnap, spoken to through their own clients, psql and mariadb.
//
//	maria := &dbhook.MariaDB{Client: []string{"mariadb", "--defaults-file=/etc/backup.cnf"}}
//	result, err := ebssnap.Consistent(ctx, vol, ebssnap.Freezers(maria, &ebssnap.FS{Mounts: []string{"/srv/db"}}), 10*time.Second)
//	// consistent: locked, frozen, snapshot taken, thawed, unlocked; maria.Position() is where a replica begins
//
// # Usage
//
// Most databases need no hook. PostgreSQL, and MySQL or MariaDB with InnoDB alone, survive a crash,
// and a snapshot of one atomic set of volumes that holds every file of the database is to them a
// crash: everything acknowledged is there. The tests of this package show that with and without a
// frozen filesystem. It holds as far as the server syncs what it acknowledges: with fsync=off or
// synchronous_commit=off, with innodb_flush_log_at_trx_commit other than 1, or with a binary log
// and sync_binlog=0, which is MariaDB's default, the last transactions before the snapshot are
// missing; a frozen filesystem holds those too, because a freeze syncs. Package volumes tells
// whether the set holds every file; Paths asks the server where they are.
//
//	what it is                                          what to use
//	PostgreSQL, all in one atomic set                   nothing; PostgreSQL{} makes a checkpoint first, for a short recovery
//	PostgreSQL, parts copied at different moments       PostgreSQL{Label: "nightly"}: backup mode; restore with Backups()
//	InnoDB, all in one atomic set                       nothing, with sync_binlog=1 or no binary log; else a frozen filesystem
//	MyISAM, Aria, or the binary log's position          MariaDB{}: the backup lock, with the filesystem frozen inside it
//	either of them on MySQL 8                           MariaDB{Client: ..., ReadLock: true}
//
// In Freezers the database comes before the filesystem: it is locked first and let go last. The
// other way round the lock may have to write to a frozen filesystem, and waits for the end of the
// budget. While its filesystem is frozen, a server's process that writes sleeps in the kernel and
// cannot be killed until the thaw; so nothing here waits for one longer than a few seconds, and
// nothing but the thaw helps it.
//
// PostgreSQL's backup mode stops nobody. It ends in Close, after every thaw, because its end is
// written to the log.
//
// What a restore needs besides the snapshot stands in ebssnap.Result.Notes: "postgresql backup "
// and the JSON of the Backup, "mariadb position " and the JSON of the Position.
//
// # What releases a lock
//
//	the thaw, the end of the budget        the statement that unlocks, then the end of the session
//	this process dies, by whatever         the client's standard input ends, the client ends, and the server lets go
//	the client dies                        the server lets go; the thaw then reports ebssnap.ErrThawedEarly, and the verdict is not "consistent"
//	this process hangs                     MariaDB, MySQL: wait_timeout, set to the budget and a second, ends the session
//	the lock is pending when the budget    KILL on the second connection; where even that fails, lock_wait_timeout
//	ends
//
// A client that runs elsewhere, behind ssh or sudo or in a container, must pass on the end of its
// standard input.
//
// # Privileges
//
// Those of the database user, named at each type. What a hook could not see for want of one is in
// Result.Unseen. No password passes through this package: the clients read ~/.pgpass, service files
// and option files themselves.
//
// # Platforms
//
// Wherever the clients run. What is proven on what:
//
//	PostgreSQL 15       for real: snapshots under load, restored and compared row by row; backup mode and what ends it
//	MariaDB 10.11       for real: the same, both locks, a lock that is pending, a client and a server that die
//	other versions      the choice of statements, against a client in shell that plays the server
//	MySQL               the same only: no server of it could be run. Try a hold on yours before you rely on it, and look at Result.Unseen
//
// # Testing
//
// Client is any program that reads statements and prints answers: a few lines of shell play a
// server, as in the examples here; Open takes a Session of one method in its place. The tests start the real servers as an ordinary user on a
// filesystem in an image, take snapshots under load, restore them and compare row by row.
package dbhook
