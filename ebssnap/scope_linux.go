//go:build linux && !opskit_portable

package ebssnap

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/mountinfo"
)

// firstPIDs is the PID namespace of the host, PROC_PID_INIT_INO of linux/proc_ns.h.
const firstPIDs = "pid:[4026531836]"

// scope tells what stops with each filesystem and what lies on it, and what of that is not seen.
func scope(mounts []mount, entries []mountinfo.Mount) (stops []Stopped, gaps []opskit.Gap) {
	others, seen := elsewhere(entries)
	if !seen {
		gaps = append(gaps, opskit.Gap{What: "who else has these filesystems mounted, and waits too", Why: "processes outside this PID namespace are not seen", Need: "the host's PID namespace"})
	}
	for _, m := range mounts {
		s := Stopped{Mount: m.path, Device: m.entry.Number}
		for _, e := range entries {
			if e.Number == m.entry.Number && e.ID != m.entry.ID {
				s.Also = append(s.Also, e.Point+ofPart(e))
			}
		}
		for _, o := range others {
			if o.mount.Number == m.entry.Number {
				s.Also = append(s.Also, fmt.Sprintf("%s of process %d%s", o.mount.Point, o.pid, ofPart(o.mount)))
			}
		}
		s.onTop(m.entry.Number, entries, mounts)
		stops = append(stops, s)
	}
	return stops, gaps
}

func ofPart(e mountinfo.Mount) string {
	if part(e) {
		return " (its " + e.Root + ")"
	}
	return ""
}

// other is a mount of another mount namespace, as one of its processes sees it.
type other struct {
	pid   int
	mount mountinfo.Mount
}

// elsewhere returns what is mounted in other mount namespaces and not at the same place here; all
// is false if there may be processes that are not seen.
func elsewhere(here []mountinfo.Mount) (found []other, all bool) {
	pids, err := os.Readlink("/proc/self/ns/pid")
	all = err == nil && pids == firstPIDs
	own, _ := os.Readlink("/proc/self/ns/mnt")
	known := []string{own}
	processes, _ := filepath.Glob("/proc/[0-9]*/ns/mnt")
	for _, path := range processes {
		space, err := os.Readlink(path)
		if err != nil || slices.Contains(known, space) {
			continue // it has ended, or is the kernel's
		}
		known = append(known, space)
		process := filepath.Dir(filepath.Dir(path))
		text, err := os.ReadFile(process + "/mountinfo")
		if err != nil {
			continue
		}
		list, _ := mountinfo.Parse(text)
		for _, m := range list {
			same := func(e mountinfo.Mount) bool { return e.Number == m.Number && e.Point == m.Point && e.Root == m.Root }
			if !slices.ContainsFunc(here, same) {
				found = append(found, other{int(readNumber(process + "/stat")), m})
			}
		}
	}
	return found, all
}

// onTop adds what lies in files of a filesystem: loop devices, what is made of them, swap, and the
// filesystems on those.
func (s *Stopped) onTop(number string, entries []mountinfo.Mount, frozen []mount) {
	swaps := swapsOn()
	for _, swap := range swaps {
		if numberOfFile(swap, entries) == number {
			s.OnTop = append(s.OnTop, "swap in "+swap)
		}
	}
	loops, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	for _, path := range loops {
		name := filepath.Base(filepath.Dir(filepath.Dir(path)))
		if loopBacking(name, entries) != number {
			continue
		}
		image, _ := os.ReadFile(path)
		for _, block := range stacked("/sys/class/block", name) {
			lies := block + " on " + strings.TrimSpace(string(image))
			if slices.Contains(s.OnTop, lies) {
				return // images in one another
			}
			s.OnTop = append(s.OnTop, lies)
			if slices.ContainsFunc(swaps, func(swap string) bool { return filepath.Base(swap) == block }) {
				s.OnTop = append(s.OnTop, "swap on "+block)
			}
			s.inside(block, entries, frozen)
		}
	}
}

// inside adds the filesystem on a block device.
func (s *Stopped) inside(block string, entries []mountinfo.Mount, frozen []mount) {
	text, _ := os.ReadFile("/sys/class/block/" + block + "/dev")
	for _, e := range entries {
		if e.Number != strings.TrimSpace(string(text)) && (!e.Anonymous() || filepath.Base(devicePath(e)) != block) {
			continue
		}
		if !slices.ContainsFunc(frozen, func(m mount) bool { return m.entry.Number == e.Number }) && !slices.Contains(s.Inside, e.Point) {
			s.Inside = append(s.Inside, e.Point)
			s.onTop(e.Number, entries, frozen)
		}
	}
}

// stacked returns a block device, its partitions, and what is made of any of them (device mapper,
// md).
func stacked(sys, name string) []string {
	all := []string{name}
	for i := 0; i < len(all); i++ { // it grows
		above, _ := filepath.Glob(filepath.Join(sys, all[i], "holders", "*"))
		partitions, _ := filepath.Glob(filepath.Join(sys, all[i], "*", "partition"))
		for _, path := range partitions {
			above = append(above, filepath.Dir(path))
		}
		for _, path := range above {
			if next := filepath.Base(path); !slices.Contains(all, next) {
				all = append(all, next)
			}
		}
	}
	return all
}

// swapsOn returns the files and devices that are swapped to.
func swapsOn() (list []string) {
	text, _ := os.ReadFile("/proc/swaps")
	for line := range strings.Lines(string(text)) {
		if name, _, _ := strings.Cut(line, " "); strings.HasPrefix(name, "/") {
			list = append(list, strings.TrimSuffix(strings.ReplaceAll(name, `\040`, " "), "\t"))
		}
	}
	return list
}

// numberOfFile returns the device of the filesystem that holds a file, or "".
func numberOfFile(name string, entries []mountinfo.Mount) string {
	var stat unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, name, 0, unix.STATX_MNT_ID, &stat); err != nil || stat.Mask&unix.STATX_MNT_ID == 0 {
		return ""
	}
	for _, e := range entries {
		if e.ID == int(stat.Mnt_id) {
			return e.Number
		}
	}
	return ""
}

// loopBacking returns the device of the filesystem that holds the image of a loop device, or "": by
// the image's name, or where that is another namespace's or was removed, as the driver tells.
func loopBacking(name string, entries []mountinfo.Mount) string {
	text, err := os.ReadFile("/sys/block/" + name + "/loop/backing_file")
	if err != nil {
		return ""
	}
	if number := numberOfFile(strings.TrimSuffix(string(text), "\n"), entries); number != "" {
		return number
	}
	fd, err := unix.Open("/dev/"+name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	info, err := unix.IoctlLoopGetStatus64(fd)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d:%d", unix.Major(info.Device), unix.Minor(info.Device))
}
