package limits

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit/internal/mountinfo"
	"github.com/opskit-go/opskit/procstate"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// groups adds pids.max of the process's control group and of every one above it.
func (r *reader) groups(pid int) {
	text, err := os.ReadFile(filepath.Join(r.root, strconv.Itoa(pid), "cgroup"))
	if err != nil {
		r.gap("control group", err)
		return
	}
	mountinfoText, err := os.ReadFile(filepath.Join(r.root, "self", "mountinfo"))
	if err != nil {
		r.gap("where control groups are mounted", err)
		return
	}
	mounts, _ := mountinfo.Parse(mountinfoText) // the lines that are right
	groups, err := procfile.ParseGroups(text)
	if err != nil {
		r.gap("control group", err)
	}
	inVersion1 := false
	for _, group := range groups {
		version2 := group.Controllers == ""
		if !version2 && !group.Has("pids") {
			continue
		}
		// A controller is in one version at a time, and the line of version 2 is the last.
		inVersion1 = inVersion1 || !version2
		if version2 && inVersion1 {
			continue
		}
		if !version2 {
			group.Controllers = "pids"
		}
		point, below, found := group.At(mounts)
		if first, err := r.inFirst("self", procfile.FirstGroups); !found && group.Path == "/" && first && err == nil {
			continue // the root has no limit
		}
		if !found {
			r.gap("pids.max", errors.New("its control group is not among those that are mounted here"))
			continue
		}
		point = filepath.Join("/", r.cgroups, point)
		if _, err := os.Stat(filepath.Join(point, below)); err != nil {
			r.gap("pids.max", err)
			continue
		}
		for directory := filepath.Join(point, below); ; directory = filepath.Dir(directory) {
			r.group(directory, version2)
			if directory == point || len(directory) <= len(point) {
				break
			}
		}
		if !rootGroup(point) {
			r.report.Unseen = append(r.report.Unseen, opskit.Gap{
				What: "pids.max of the control groups above " + strconv.Quote(point), Why: "only a part of the hierarchy is mounted here", Need: "look from the host",
			})
		}
	}
}

// rootGroup reports whether a directory is that of a whole hierarchy: the kernel
// gives these files to all groups but the root.
func rootGroup(directory string) bool {
	for _, file := range []string{"pids.max", "cgroup.events"} {
		if _, err := os.Stat(filepath.Join(directory, file)); err == nil {
			return false
		}
	}
	return true
}

// group adds the limit of one control group, if it has one.
func (r *reader) group(directory string, version2 bool) {
	text, err := os.ReadFile(filepath.Join(directory, "pids.max"))
	switch limit := strings.TrimSpace(string(text)); {
	case errors.Is(err, fs.ErrNotExist): // the root, or a group without the controller
	case err != nil:
		r.gap("pids.max", err)
	case limit != "max":
		l := Limit{Name: "cgroup.pids.max", Scope: directory}
		var err2 error
		l.Max, err = strconv.ParseUint(limit, 10, 64)
		text, err2 = os.ReadFile(filepath.Join(directory, "pids.current"))
		if err = errors.Join(err, err2); err == nil {
			l.Used, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		}
		if err != nil {
			r.gap("pids.max", fmt.Errorf("%w: %w", procstate.ErrMalformed, err))
			return
		}
		l.Zombies = l.Used - min(l.Used, listed(directory, version2))
		r.add(l)
	}
}

// listed returns how many tasks a group and those below it list. Zombies are
// charged and not listed.
func listed(directory string, version2 bool) (n uint64) {
	file := "tasks"
	if version2 {
		file = "cgroup.threads"
	}
	_ = filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && entry.Name() == file {
			text, _ := os.ReadFile(path) // of a group that has gone, nothing
			n += uint64(strings.Count(string(text), "\n"))
		}
		return nil
	})
	return n
}
