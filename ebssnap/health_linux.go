//go:build linux && !opskit_portable

package ebssnap

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/mountinfo"
)

// look tells how a filesystem is now. An error of a lost write is told once to each descriptor, by
// syncfs(2), and forgotten: what stays is how the mount is shown, what filesystems count, and the
// kernel's log.
func (m *mount) look(entries []mountinfo.Mount) Health {
	h := Health{Looked: true, GivenUp: givenUp(m.entry.ID, entries), Counters: counters(m.entry)}
	var stat unix.Stat_t
	if err := unix.Fstat(int(m.dir.Fd()), &stat); err != nil { // xfs answers so once it is shut down
		h.GivenUp = "stat: " + err.Error()
	}
	return h
}

// givenUp tells how mountinfo shows that the kernel made a filesystem read-only, or shut it down.
func givenUp(id int, entries []mountinfo.Mount) string {
	i := slices.IndexFunc(entries, func(e mountinfo.Mount) bool { return e.ID == id })
	if i < 0 {
		return "" // unmounted meanwhile
	}
	e := entries[i]
	for _, state := range []string{"shutdown", "emergency_ro"} { // ext4 since Linux 6.14
		if _, found := e.Option(state); found {
			return "its mount option " + state + " shows that"
		}
	}
	mine, _, _ := strings.Cut(e.Options, ",")
	if readOnly(e) && mine == "rw" {
		return "it is read-only, and this mount of it is not: the kernel gave it up, or somebody made it read-only by another mount"
	}
	return ""
}

// counters returns what ext4 counts since the last fsck (errors) and since it was mounted
// (warnings), and what btrfs counts for each device since that was last reset (btrfs-device(8)).
// xfs counts nothing.
func counters(entry mountinfo.Mount) map[string]int64 {
	found := map[string]int64{}
	add := func(name, text string) {
		if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil && n > 0 {
			found[name] = n
		}
	}
	name := filepath.Base(devicePath(entry))
	switch entry.Type {
	case "ext2", "ext3", "ext4":
		for _, counter := range []string{"errors_count", "warning_count"} {
			text, _ := os.ReadFile("/sys/fs/ext4/" + name + "/" + counter)
			add(entry.Type+" "+counter, string(text))
		}
	case "btrfs":
		paths, _ := filepath.Glob("/sys/fs/btrfs/*/devices/" + name)
		for _, path := range paths {
			files, _ := filepath.Glob(filepath.Join(path, "../../devinfo/*/error_stats"))
			for _, file := range files {
				text, _ := os.ReadFile(file)
				for line := range strings.Lines(string(text)) {
					counter, value, _ := strings.Cut(line, " ")
					add("btrfs "+counter+" of device "+filepath.Base(filepath.Dir(file)), value)
				}
			}
		}
	}
	return found
}

// devicePath returns the device's directory in sysfs, or its node where the number stands for no
// device (btrfs).
func devicePath(entry mountinfo.Mount) string {
	path := "/sys/dev/block/" + entry.Number
	if entry.Anonymous() {
		path = entry.Source
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// kernelLog reads /dev/kmsg, each time from where it last ended.
type kernelLog struct {
	fd    int
	whole bool // the first message that was read is the first of this boot
}

func (l *kernelLog) open() (*kernelLog, error) {
	if l != nil {
		return l, nil
	}
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: "/dev/kmsg", Err: err}
	}
	return &kernelLog{fd: fd}, nil
}

func (l *kernelLog) close() error {
	if l == nil {
		return nil
	}
	return unix.Close(l.fd)
}

// read returns the text of the messages since the last call. cut says that some were overwritten
// before.
func (l *kernelLog) read() (messages []string, cut bool, err error) {
	var record [16 << 10]byte
	for {
		n, err := unix.Read(l.fd, record[:])
		switch {
		case errors.Is(err, unix.EAGAIN):
			return messages, cut, nil
		case errors.Is(err, unix.EPIPE):
			cut = true
			continue
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return messages, cut, &os.PathError{Op: "read", Path: "/dev/kmsg", Err: err}
		}
		head, text, _ := strings.Cut(string(record[:n]), ";")
		text, _, _ = strings.Cut(text, "\n") // what follows are the fields of a device
		if fields := strings.Split(head, ","); len(fields) > 1 && fields[1] == "0" {
			l.whole = true
		}
		messages = append(messages, text)
	}
}

// disk is what the kernel's log calls the device of a filesystem.
type disk struct {
	name        string
	parent      string // the disk of a partition, which lies at first and has so many sectors
	first, size uint64
}

func diskOf(entry mountinfo.Mount) disk {
	path := devicePath(entry)
	d := disk{name: filepath.Base(path)}
	path = "/sys/class/block/" + d.name
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if _, err := os.Stat(path + "/partition"); err == nil {
		d.parent = filepath.Base(filepath.Dir(path))
		d.first, d.size = readNumber(path+"/start"), readNumber(path+"/size")
	}
	return d
}

func readNumber(path string) uint64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return n
}

// What the kernel writes of a device, as Linux 4.19 to 6.18 do: the block layer (blk_print_req_error),
// buffer.c, iomap, ext4, jbd2, xfs, btrfs and f2fs. NAME stands for the device.
const (
	logBegins = `(?i)(?:\((?:device )?NAME\b[^)]*\).* (?:mounted filesystem|mounted with|mounting v|first mount|unmounting filesystem|last unmount)|^NAME: detected capacity change from 0 )`
	logLoses  = `(?i)(?:Buffer I/O error on dev(?:ice)? NAME, .*\b(?:lost|write)|^(?:XFS \()?NAME\)?: writeback error|Aborting journal on device NAME\b|JBD2: .*\b(?:on|for) NAME-` +
		`|\((?:device )?NAME\b[^)]*\).*(?:error .*writing|data loss|data will be lost|log i/o error|shut(?:ting)? ?down|stopped filesystem|abort|forced readonly|remounting filesystem read-only|errs: wr [1-9]|lost page write))`
	logRefuses = `error, dev NAME, sector (\d+) op 0x[0-9a-f]+:\((?:WRITE|FLUSH)`
)

// lost counts the messages that tell of lost writes to a device since it was last mounted, and
// returns the last one; begins says that such a mounting was seen.
func (d disk) lost(messages []string) (n int, last string, begins bool) {
	of := func(pattern, name string) *regexp.Regexp {
		return regexp.MustCompile(strings.ReplaceAll(pattern, "NAME", regexp.QuoteMeta(name)))
	}
	start, loses, refuses, below := of(logBegins, d.name), of(logLoses, d.name), of(logRefuses, d.name), of(logRefuses, d.parent)
	for _, text := range messages {
		whole := d.name
		if d.parent != "" && strings.Contains(text, d.parent) {
			whole = d.parent
		}
		if !strings.Contains(text, whole) {
			continue
		}
		at := below.FindStringSubmatch(text)
		switch {
		case start.MatchString(text):
			n, last, begins = 0, "", true
		case loses.MatchString(text), refuses.MatchString(text), d.parent != "" && at != nil && d.holds(at[1]):
			n, last = n+1, text
		}
	}
	return n, last, begins
}

func (d disk) holds(sector string) bool {
	at, err := strconv.ParseUint(sector, 10, 64)
	return err == nil && at >= d.first && at < d.first+d.size
}

// looks fills in the health of what is to be frozen, or was, and tells what could not be seen.
func (p *preparedFS) looks(health func(*Stopped) *Health, first bool) {
	gap := func(why string) {
		p.gap(opskit.Gap{What: "writes that were lost and are not reported any more", Why: why, Need: "/dev/kmsg (CAP_SYSLOG), and a kernel's log that reaches back"})
	}
	entries, err := readMounts()
	if err != nil {
		gap(err.Error())
	}
	var messages []string
	var cut bool
	if p.log, err = p.log.open(); err == nil {
		messages, cut, err = p.log.read()
	}
	if err != nil {
		gap(err.Error())
	}
	for i := range p.mounts {
		h := health(&p.stops[i])
		unsynced := h.Unsynced
		*h = p.mounts[i].look(entries)
		h.Unsynced = unsynced
		var begins bool
		h.Lost, h.Last, begins = diskOf(p.mounts[i].entry).lost(messages)
		if err == nil && !begins && (cut || first && !p.log.whole) {
			gap("the kernel's log does not reach back to the mounting of " + p.mounts[i].path)
		}
	}
}
