package procstate

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// Owner is to whom a process belongs, as far as its control group's path and
// its status tell. What could not be told is absent.
type Owner struct {
	Cgroup    string  `json:"cgroup,omitempty"`    // path of its control group, of the hierarchy that says most
	Unit      string  `json:"unit,omitempty"`      // systemd unit, such as "nginx.service"
	Manager   string  `json:"manager,omitempty"`   // unit of the user's systemd that runs Unit, such as "user@1000.service"; "": the system's
	Container string  `json:"container,omitempty"` // container id, or the name of an LXC container
	Pod       string  `json:"pod,omitempty"`       // uid of a Kubernetes pod
	UID       *uint32 `json:"uid,omitempty"`       // real user, whom RLIMIT_NPROC counts
	NSPID     int     `json:"ns_pid,omitempty"`    // its PID in its own PID namespace, where that is another
}

// String returns what is known, such as "unit nginx.service, uid 33".
func (o Owner) String() string {
	var known []string
	add := func(format string, value any) { known = append(known, fmt.Sprintf(format, value)) }
	if o.Pod != "" {
		add("pod %q", o.Pod)
	}
	if o.Container != "" {
		add("container %q", o.Container)
	}
	if o.Unit != "" {
		add("unit %q", o.Unit)
	}
	if o.Manager != "" {
		known[len(known)-1] += fmt.Sprintf(" of %q", o.Manager)
	}
	if o.Cgroup != "" && o.Unit == "" && o.Container == "" {
		add("control group %q", o.Cgroup)
	}
	if o.UID != nil {
		add("uid %d", *o.UID)
	}
	if o.NSPID != 0 {
		add("pid %d inside its namespace", o.NSPID)
	}
	if len(known) == 0 {
		return "unknown"
	}
	return strings.Join(known, ", ")
}

// restart is the line that restarts the unit which a process belongs to, after a
// text; "" if that is not known, or is a container or somebody's session.
func (o Owner) restart(after string) string {
	unit, service := strings.CutSuffix(o.Unit, ".service")
	switch {
	case o.Container != "" || o.Pod != "" || !service:
		return ""
	case o.Manager != "" && o.UID != nil:
		return fmt.Sprintf("%ssystemctl --user --machine=%d@ restart %s", after, *o.UID, shellWord(unit+".service"))
	case o.Manager != "" || strings.HasPrefix(unit, "user@"):
		return ""
	}
	return after + "systemctl restart " + shellWord(unit+".service")
}

// ownerOf reads the owner out of the control groups' paths: of the first
// hierarchy that names a container, else of the first that names a unit, else
// of the first that is not the root.
func ownerOf(lines []procfile.Group) Owner {
	var best Owner
	rank := func(o Owner) int {
		switch {
		case o.Container != "" || o.Pod != "":
			return 3
		case o.Unit != "":
			return 2
		case o.Cgroup != "":
			return 1
		}
		return 0
	}
	for _, line := range lines {
		if owner := ownerOfPath(line.Path); rank(owner) > rank(best) {
			best = owner
		}
	}
	return best
}

// ownerOfPath reads one control group path. Container managers name the group
// of a container by its id of 64 hex digits, alone or as "docker-ID.scope";
// Kubernetes names the group of a pod "podUID" or "kubepods-CLASS-podUID.slice"
// with underscores; LXC uses "lxc/NAME" or "lxc.payload.NAME".
func ownerOfPath(path string) Owner {
	if path == "/" {
		return Owner{}
	}
	owner := Owner{Cgroup: path}
	parent := ""
	for segment := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		for _, suffix := range []string{".service", ".scope", ".socket", ".mount", ".swap"} {
			if strings.HasSuffix(segment, suffix) {
				if strings.HasPrefix(owner.Unit, "user@") {
					owner.Manager = owner.Unit
				}
				// systemd puts this before names that the kernel's own files have.
				owner.Unit = strings.TrimPrefix(segment, "_")
			}
		}
		if pod := podUID(segment); pod != "" {
			owner.Pod = pod
		}
		if id := containerID(segment); id != "" {
			owner.Container = id
		} else if name := machine(segment); name != "" {
			owner.Container = name
		} else if name, ok := strings.CutPrefix(segment, "lxc.payload."); ok {
			owner.Container = name
		} else if parent == "lxc" {
			owner.Container = segment
		}
		parent = segment
	}
	return owner
}

// machine finds the name of a machine of systemd: "systemd-nspawn@NAME.service"
// or "machine-NAME.scope", in which a dash of the name is written "\x2d".
func machine(segment string) string {
	name, service := strings.CutPrefix(segment, "systemd-nspawn@")
	name, scope := strings.CutPrefix(name, "machine-")
	switch {
	case service:
		name, service = strings.CutSuffix(name, ".service")
	case scope:
		name, scope = strings.CutSuffix(name, ".scope")
	}
	if !service && !scope {
		return ""
	}
	return strings.ReplaceAll(name, `\x2d`, "-")
}

// containerID finds an id of 64 hex digits between separators in one segment.
// What watches over a container (conmon) is named after it and runs outside.
func containerID(segment string) string {
	segment = strings.TrimSuffix(segment, ".scope")
	at := strings.LastIndexAny(segment, "-:") + 1
	id := segment[at:]
	if len(id) != 64 || strings.HasSuffix(segment[:at], "conmon-") || strings.Trim(id, "0123456789abcdef") != "" {
		return ""
	}
	return id
}

// podUID finds the uid in "podUID" and "kubepods-burstable-podUID.slice", where
// the uid has underscores for dashes. Static pods have a hash of 32 hex digits.
func podUID(segment string) string {
	segment, _, _ = strings.Cut(segment, ":") // what follows is the container's
	segment = strings.TrimSuffix(segment, ".slice")
	if class, after, ok := strings.Cut(segment, "-pod"); ok && (strings.HasPrefix(class, "kubepods") || strings.Contains(class, "-kubepods")) {
		segment = "pod" + after
	}
	uid, ok := strings.CutPrefix(segment, "pod")
	uid = strings.ReplaceAll(uid, "_", "-")
	if !ok || len(uid) != 36 && len(uid) != 32 || strings.Trim(uid, "0123456789abcdef-") != "" {
		return ""
	}
	return uid
}
