package procfile

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit/internal/mountinfo"
)

// Group is one line of /proc/PID/cgroup (cgroups(7)).
type Group struct {
	Controllers string // "" on the unified hierarchy
	Path        string
}

// Has tells whether the line is of the hierarchy of version 1 with a controller.
func (g Group) Has(controller string) bool {
	return slices.Contains(strings.Split(g.Controllers, ","), controller)
}

// ParseGroups reads /proc/PID/cgroup.
func ParseGroups(text []byte) ([]Group, error) {
	var groups []Group
	for line := range strings.Lines(string(text)) {
		line, whole := strings.CutSuffix(line, "\n")
		id, rest, ok := strings.Cut(line, ":")
		controllers, path, ok2 := strings.Cut(rest, ":")
		if _, number := Int([]byte(id)); !whole || !ok || !ok2 || !number || !strings.HasPrefix(path, "/") {
			return groups, Malformed("cgroup", "want id:controllers:/path")
		}
		groups = append(groups, Group{controllers, strings.TrimSuffix(path, " (deleted)")})
	}
	return groups, nil
}

// At finds where a control group can be seen: below which mount of its hierarchy,
// and where there. It cannot where that is not mounted, or it is outside of this
// reader's cgroup namespace.
func (g Group) At(mounts []mountinfo.Mount) (point, below string, ok bool) {
	if strings.HasPrefix(g.Path+"/", "/../") {
		return "", "", false
	}
	for _, m := range mounts {
		if g.Controllers == "" && m.Type != "cgroup2" {
			continue
		}
		if g.Controllers != "" && (m.Type != "cgroup" || !slices.ContainsFunc(strings.Split(g.Controllers, ","), func(c string) bool { _, has := m.Option(c); return has })) {
			continue
		}
		below, inside := strings.CutPrefix(g.Path, strings.TrimSuffix(m.Root, "/"))
		if inside && (below == "" || below[0] == '/') {
			return m.Point, strings.TrimSuffix(below, "/"), true
		}
	}
	return "", "", false
}
