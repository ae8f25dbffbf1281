package dbhook

import (
	"strings"

	"github.com/opskit-go/opskit"
)

// Backup is what a restore of a PostgreSQL backup needs besides the copies. The zero value is no
// backup.
//
// To restore: write LabelFile to backup_label in the restored data directory, TablespaceMap to
// tablespace_map if it is not empty, create recovery.signal, set restore_command to where the log
// is archived, and start the server.
type Backup struct {
	Label         string `json:"label"`                    // the name that was asked for
	StartLSN      string `json:"start_lsn"`                // where replay begins: "0/2000028"
	StopLSN       string `json:"stop_lsn"`                 // where the copies are consistent
	StartWAL      string `json:"start_wal,omitempty"`      // the first segment of the log that is needed: "000000010000000000000002"
	StopWAL       string `json:"stop_wal,omitempty"`       // the last; a standby cannot name it
	LabelFile     string `json:"label_file"`               // the contents of backup_label
	TablespaceMap string `json:"tablespace_map,omitempty"` // the contents of tablespace_map
}

// String says what a restore needs, on a few lines.
func (b Backup) String() string {
	var text strings.Builder
	text.WriteString("backup " + opskit.Escape(b.Label) + ": restores with its label and the log up to " + opskit.Escape(b.StopLSN) + "\n")
	text.WriteString("  log " + opskit.Escape(b.StartWAL) + " to " + opskit.Escape(b.StopWAL) + "\n")
	text.WriteString("next: see that the archive holds those files, write the label to backup_label in the restored data directory, and set restore_command")
	return text.String()
}
