//go:build linux && !opskit_portable

package held

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/internal/mountinfo"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// spare is how many more threads there must be room for: a goroutine of its own may
// make the runtime start one, and so may a garbage collection.
const spare = 4

// Tight tells which limit may keep this process from starting another thread, which
// the Go runtime does not survive; "" if there is room. It starts none itself, and
// reads a handful of files that cannot be held back: it counts a user's tasks only
// where those of the whole host are more than the user may have.
func Tight() string {
	loadavg, _ := os.ReadFile("/proc/loadavg") // without it there are none
	fields := strings.Fields(string(loadavg) + " - - - -")
	_, text, _ := strings.Cut(fields[3], "/")
	total, _ := strconv.ParseUint(text, 10, 64)
	if most := number("/proc/sys/kernel/threads-max"); total+spare > most {
		return fmt.Sprintf("%d of %d tasks of kernel.threads-max are in use", total, most)
	}
	own, _ := os.ReadFile("/proc/self/status") // without it nothing is allowed
	self, _ := procfile.ParseStatus(own, procfile.ForLimits)
	users, _ := os.Readlink("/proc/self/ns/user") // without user namespaces it is the first
	first := users == "" || users == procfile.FirstUsers
	exempt := first && (self.UID == 0 || self.Effective&(procfile.CapSysResource|procfile.CapSysAdmin) != 0)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &limit); err != nil || exempt {
		limit.Cur = unix.RLIM_INFINITY
	}
	const reserved = 300 // RESERVED_PIDS of kernel/pid.c
	numbers := number("/proc/sys/kernel/pid_max") - reserved
	if total+spare > min(limit.Cur, numbers) {
		ours, all := count(self.UID)
		if ours+spare > limit.Cur {
			return fmt.Sprintf("%d of %d tasks of RLIMIT_NPROC of uid %d are in use", ours, limit.Cur, self.UID)
		}
		if all+spare > numbers {
			return fmt.Sprintf("%d of %d numbers of kernel.pid_max are in use", all, numbers)
		}
	}
	return tightGroup()
}

// number reads a file with one number; what there is not or has no limit is very much.
func number(path string) uint64 {
	text, err := os.ReadFile(path)
	n, err2 := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if errors.Join(err, err2) != nil {
		return unix.RLIM_INFINITY
	}
	return n
}

// count counts the tasks of a user, and all that are shown.
func count(uid uint32) (ours, all uint64) {
	directory, err := os.Open("/proc")
	if err != nil {
		return 0, 0
	}
	defer directory.Close()
	names, _ := directory.Readdirnames(-1) // what could be read
	for _, name := range names {
		if strings.Trim(name, "0123456789") != "" {
			continue
		}
		text, _ := os.ReadFile("/proc/" + name + "/status") // of one that has gone, nothing
		s, err := procfile.ParseStatus(text, procfile.ForLimits)
		if err != nil {
			continue
		}
		all += uint64(s.Threads)
		if s.UID == uid {
			ours += uint64(s.Threads)
		}
	}
	return ours, all
}

// tightGroup tells which control group, of those that can be seen, has no room.
func tightGroup() string {
	text, _ := os.ReadFile("/proc/self/cgroup")          // without it there are none
	mountsText, _ := os.ReadFile("/proc/self/mountinfo") // without it none can be seen
	groups, _ := procfile.ParseGroups(text)
	mounts, _ := mountinfo.Parse(bytes.Clone(mountsText))
	for _, group := range groups {
		if group.Controllers != "" && !group.Has("pids") {
			continue
		}
		point, below, found := group.At(mounts)
		for directory := point + below; found && len(directory) >= len(point); directory = filepath.Dir(directory) {
			most := number(directory + "/pids.max")
			if used := number(directory + "/pids.current"); most < unix.RLIM_INFINITY && used+spare > most {
				return fmt.Sprintf("%d of %d tasks of pids.max of %s are in use", used, most, directory)
			}
		}
	}
	return ""
}
