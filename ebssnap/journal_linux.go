//go:build linux && !opskit_portable

package ebssnap

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/ebssnap/internal/guard"
)

const journalDirectory = "opskit-ebssnap"

// record is what the journal keeps of one freeze, behind the page in which the guard notes how far
// it got.
type record struct {
	Boot    string        `json:"boot"`
	PIDs    string        `json:"pid_namespace"`
	Owner   int           `json:"owner"`
	Started string        `json:"owner_started"` // field 22 of /proc/PID/stat
	Written time.Time     `json:"written"`
	Mounts  []recordMount `json:"mounts,omitzero"`

	file string // "device:inode" of the page
}

type recordMount struct {
	Path   string `json:"path"`
	Device string `json:"device"`
}

// journalDirectories are where a journal may be: file systems in memory, which no freeze can stop.
func journalDirectories() []string { return []string{"/run", "/dev/shm"} }

// openJournal makes the directory of the journal, or checks it: it must be this user's alone,
// because Recover obeys it.
func openJournal(directory string) (string, error) {
	if directory != "" {
		return directory, journalUsable(directory)
	}
	var tried error
	for _, parent := range journalDirectories() {
		directory := filepath.Join(parent, journalDirectory)
		err := guard.InMemory(parent)
		if err == nil {
			err = journalUsable(directory)
		}
		if err == nil {
			return directory, nil
		}
		tried = errors.Join(tried, err)
	}
	return "", tried
}

func journalUsable(directory string) error {
	if err := os.Mkdir(directory, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := ownedAlone(directory); err != nil {
		return err
	}
	return guard.InMemory(directory)
}

// ownedAlone refuses a directory or file that another user could have written.
func ownedAlone(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) != os.Geteuid() || info.Mode().Perm()&0o077 != 0 || info.Mode()&os.ModeSymlink != 0 {
		return fmt.Errorf("%s could have been written by another user", path)
	}
	return nil
}

// writeRecord writes the record of a freeze that is about to begin. The caller closes and removes
// the file.
func writeRecord(directory string, mounts []mount) (*os.File, error) {
	directory, err := openJournal(directory)
	if err != nil {
		return nil, err
	}
	r := record{Boot: bootID(), PIDs: pidNamespace(), Owner: os.Getpid(), Started: startOf(os.Getpid()), Written: time.Now().UTC()}
	for _, m := range mounts {
		path := m.path
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute
		}
		r.Mounts = append(r.Mounts, recordMount{Path: path, Device: m.entry.Number})
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(directory, fmt.Sprintf("%d-%s", os.Getpid(), rand.Text())), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	whole := append(make([]byte, guard.RecordAt), text...) // the page too: a store into a mapped hole of a full tmpfs kills
	if _, err := file.Write(whole); err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return file, nil
}

// readRecord reads one file of the journal.
func readRecord(path string) (record, []guard.Mount, error) {
	if err := ownedAlone(path); err != nil {
		return record{}, nil, err
	}
	return readPage(path)
}

// readPage reads a page, and the record behind it if it has one: a file of the journal, or what a
// canary holds open.
func readPage(path string) (record, []guard.Mount, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return record{}, nil, err
	}
	r, mounts, err := parsePage(text)
	var stat unix.Stat_t
	if err == nil {
		err = unix.Stat(path, &stat)
	}
	r.file = fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
	return r, mounts, err
}

func parsePage(text []byte) (record, []guard.Mount, error) {
	var r record
	mounts, owner, err := guard.ReadPage(text)
	if err != nil {
		return r, nil, err
	}
	if len(text) <= guard.RecordAt { // of a run without a journal
		return record{Owner: owner, Mounts: make([]recordMount, len(mounts))}, mounts, nil
	}
	if err := json.Unmarshal(text[guard.RecordAt:], &r); err != nil {
		return r, nil, err
	}
	if len(r.Mounts) != len(mounts) {
		return r, nil, fmt.Errorf("record of %d mounts with the page of %d", len(r.Mounts), len(mounts))
	}
	return r, mounts, nil
}

// lives reports whether the owner lives; known is false where that cannot be told from here.
func (r record) lives() (lives, known bool) {
	if r.PIDs != pidNamespace() || r.Started == "" {
		return false, false
	}
	return startOf(r.Owner) == r.Started, true
}

func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func pidNamespace() string {
	name, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return name
}

// startOf returns when a process started, in clock ticks since the boot, or "" if there is none or
// only its remains.
func startOf(pid int) string {
	fields := statOf(pid)
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[19]
}

// statOf returns /proc/PID/stat from the third field on.
func statOf(pid int) []string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil
	}
	_, rest, ok := cutLast(string(text), ") ")
	if !ok {
		return nil
	}
	return strings.Fields(rest)
}

func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}
