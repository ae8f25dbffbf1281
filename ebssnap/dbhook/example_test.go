package dbhook_test

import (
	"context"
	"fmt"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/dbhook"
)

// The filesystem's freezer of a real program is &ebssnap.FS{Mounts: []string{"/srv/db"}}, behind
// the hook.
func ExampleMariaDB() {
	client := fake("", [2]string{"SELECT CONNECTION_ID", `7\t10.11.19-MariaDB`}, [2]string{"SELECT 1 FROM information_schema.user", "1"},
		[2]string{"SHOW MASTER STATUS", `binlog.000042\t1337`}, [2]string{"SELECT @@gtid", "0-1-455"})
	hook := &dbhook.MariaDB{Client: client} // really: []string{"mariadb", "--defaults-file=/etc/backup.cnf"}
	filesystem := ebssnap.Hook{Name: "filesystem"}

	_, err := ebssnap.Hold(context.Background(), ebssnap.Freezers(hook, filesystem), 10*time.Second, func(context.Context) error {
		fmt.Println("the snapshot is taken")
		return nil
	})
	fmt.Println(err, hook.Position())
	// Output:
	// the snapshot is taken
	// <nil> binlog.000042:1337 (0-1-455)
}

// Backup mode, for parts that are copied at different moments.
func ExamplePostgreSQL() {
	client := fake("", [2]string{"SELECT current_setting", "f"}, [2]string{"SELECT pg_backup_start", "0/2000028"},
		// The label in hex: "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)".
		[2]string{"SELECT lsn", `0/2000138\t53544152542057414c204c4f434154494f4e3a20302f32303030303238202866696c652030303030303030313030303030303030303030303030303229\t\tf`},
		[2]string{"SELECT pg_walfile_name", "000000010000000000000002"})
	hook := &dbhook.PostgreSQL{Client: client, Label: "nightly"} // really: []string{"psql", "-h", "/run/postgresql", "-d", "postgres"}

	_, err := ebssnap.Hold(context.Background(), hook, time.Minute, func(context.Context) error {
		fmt.Println("every part is copied")
		return nil
	})
	fmt.Println(err)
	for _, backup := range hook.Backups() {
		fmt.Println(backup)
	}
	// Output:
	// every part is copied
	// <nil>
	// backup nightly: restores with its label and the log up to 0/2000138
	//   log 000000010000000000000002 to 000000010000000000000002
	// next: see that the archive holds those files, write the label to backup_label in the restored data directory, and set restore_command
}

func ExampleMariaDB_Paths() {
	hook := &dbhook.MariaDB{Client: fake("", [2]string{"SHOW GLOBAL VARIABLES", `datadir\t/srv/db/\ninnodb_log_group_home_dir\t./\nlog_bin_basename\t/var/log/mysql/binlog`})}
	paths, err := hook.Paths(context.Background())
	fmt.Println(paths, err) // for volumes.Finder.Find
	// Output: [/srv/db /var/log/mysql] <nil>
}
