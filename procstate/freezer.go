package procstate

import (
	"os"
	"slices"
	"strings"
)

// freezerFile returns the control file of the frozen group that a process is
// in: cgroup.freeze (v2) or freezer.state (v1), of the group itself or of one
// above. "" means not frozen.
func freezerFile(mounts []mount, lines []cgroupLine) (string, error) {
	var failed error
	for _, line := range lines {
		file, frozen := "cgroup.freeze", "1"
		if line.controllers != "" {
			if !slices.Contains(strings.Split(line.controllers, ","), "freezer") {
				continue
			}
			file, frozen = "freezer.state", "FROZEN"
			line.controllers = "freezer"
		}
		folder := cgroupFolder(mounts, line)
		for depth := strings.Count(line.path, "/"); folder != "" && depth >= 0; depth-- {
			path := folder + "/" + file
			text, err := os.ReadFile(path)
			switch value := strings.TrimSpace(string(text)); {
			case os.IsNotExist(err): // the root group has none
			case err != nil:
				failed = &Error{Op: "read", Target: path, Err: err}
			case value == frozen, value == "FREEZING":
				return path, nil
			}
			folder = folder[:max(strings.LastIndexByte(folder, '/'), 0)]
		}
	}
	return "", failed
}
