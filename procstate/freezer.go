package procstate

import (
	"errors"
	"os"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/mountinfo"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

var errNotMounted = errors.New("its control group is not among those that are mounted here")

// freezerFile returns the control file of the frozen group that a process is
// in: cgroup.freeze (v2) or freezer.state (v1), of the group itself or of one
// above. "" means not frozen. With an error that is not certain.
func freezerFile(mounts []mountinfo.Mount, lines []procfile.Group) (string, error) {
	var failed error
	for _, line := range lines {
		file, frozen := "cgroup.freeze", "1"
		if line.Controllers != "" {
			if !line.Has("freezer") {
				continue
			}
			file, frozen = "freezer.state", "FROZEN"
			line.Controllers = "freezer"
		}
		point, below, _ := line.At(mounts)
		directory := point + below
		// The root group cannot be frozen, and a copy of /proc has no groups.
		if line.Path != "/" && len(mounts) > 0 {
			if _, err := os.Stat(directory); directory == "" || err != nil {
				failed = &opskit.Error{Op: "look up control group", Target: line.Path, Err: errNotMounted}
				continue
			}
		}
		inherited := "" // innermost group that is only frozen with one above
		for depth := strings.Count(line.Path, "/"); directory != "" && depth >= 0; depth-- {
			path := directory + "/" + file
			text, err := os.ReadFile(path)
			switch value := strings.TrimSpace(string(text)); {
			case os.IsNotExist(err): // the root group has none
			case err != nil:
				failed = &opskit.Error{Op: "read", Target: path, Err: err}
			case value == frozen || value == "FREEZING":
				// Version 2 has no such file.
				if own, _ := os.ReadFile(directory + "/freezer.self_freezing"); strings.TrimSpace(string(own)) != "0" {
					return path, nil
				}
				if inherited == "" {
					inherited = path
				}
			}
			directory = directory[:max(strings.LastIndexByte(directory, '/'), 0)]
		}
		if inherited != "" { // the one that was frozen is not mounted here
			return inherited, nil
		}
	}
	return "", failed
}
