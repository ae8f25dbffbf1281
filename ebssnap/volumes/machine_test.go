package volumes_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// machine is a file tree: a path ending in "/" is a directory, "-> target" a symbolic link,
// anything else a file.
type machine map[string]string

// build makes the tree in a directory of its own.
func (m machine) build(tb testing.TB, more ...machine) string {
	tb.Helper()
	root := tb.TempDir()
	for _, one := range append([]machine{m}, more...) {
		require.NoError(tb, one.write(root))
	}
	return root
}

func (m machine) write(root string) error {
	for name, content := range m {
		full := filepath.Join(root, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(full, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err
		}
		var err error
		if target, link := strings.CutPrefix(content, "-> "); link {
			err = os.Symlink(target, full)
		} else {
			err = os.WriteFile(full, []byte(content), 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nvme is a disk as sysfs shows it. Model is padded with blanks, as in Identify Controller.
func nvme(name, number, model, serial string) machine {
	controller, _, _ := strings.Cut(name, "n1")
	dir := "sys/devices/pci0000:00/0000:00:1f.0/nvme/" + controller
	return machine{
		dir + "/" + name + "/dev":     number + "\n",
		dir + "/" + name + "/device":  "-> ../../" + controller,
		dir + "/" + name + "/slaves/": "",
		dir + "/model":                model + strings.Repeat(" ", 40-len(model)) + "\n",
		dir + "/serial":               serial + "\n",
		"sys/block/" + name:           "-> ../devices/pci0000:00/0000:00:1f.0/nvme/" + controller + "/" + name,
		"sys/class/block/" + name:     "-> ../../devices/pci0000:00/0000:00:1f.0/nvme/" + controller + "/" + name,
		"sys/dev/block/" + number:     "-> ../../devices/pci0000:00/0000:00:1f.0/nvme/" + controller + "/" + name,
	}
}

func ebs(name, number, serial string) machine {
	return nvme(name, number, "Amazon Elastic Block Store", serial)
}

// partition is a partition of a disk that nvme made.
func partition(disk, name, number string) machine {
	controller, _, _ := strings.Cut(disk, "n1")
	dir := "devices/pci0000:00/0000:00:1f.0/nvme/" + controller + "/" + disk + "/" + name
	return machine{
		"sys/" + dir + "/dev":       number + "\n",
		"sys/" + dir + "/partition": "1\n",
		"sys/class/block/" + name:   "-> ../../" + dir,
		"sys/dev/block/" + number:   "-> ../../" + dir,
	}
}

// virtual is a device of dm, md or loop over others, which it names by their path below
// sys/devices.
func virtual(name, number, attribute, value string, slaves ...string) machine {
	dir := "devices/virtual/block/" + name
	m := machine{
		"sys/" + dir + "/dev":          number + "\n",
		"sys/" + dir + "/slaves/":      "",
		"sys/" + dir + "/" + attribute: value + "\n",
		"sys/block/" + name:            "-> ../" + dir,
		"sys/class/block/" + name:      "-> ../../" + dir,
		"sys/dev/block/" + number:      "-> ../../" + dir,
	}
	for _, slave := range slaves {
		m["sys/"+dir+"/slaves/"+filepath.Base(slave)] = "-> ../../../../" + slave
	}
	return m
}

func pci(disk string) string {
	controller, _, _ := strings.Cut(disk, "n1")
	return "pci0000:00/0000:00:1f.0/nvme/" + controller + "/" + disk
}

// xenDisk is a Xen disk; number is the X of vbd-X, "" for a kernel that shows none.
func xenDisk(name, number, vbd string) machine {
	m := machine{
		"sys/devices/xen/" + name + "/dev": number + "\n",
		"sys/block/" + name:                "-> ../devices/xen/" + name,
		"sys/class/block/" + name:          "-> ../../devices/xen/" + name,
		"sys/dev/block/" + number:          "-> ../../devices/xen/" + name,
	}
	if vbd != "" {
		m["sys/devices/vbd-"+vbd+"/devtype"] = "vbd\n"
		m["sys/devices/xen/"+name+"/device"] = "-> ../../vbd-" + vbd
	}
	return m
}

// mountinfo is the machine's mounts, one a line.
func mountinfo(lines ...string) machine {
	return machine{"proc/self/mountinfo": strings.Join(lines, "\n") + "\n"}
}

const rootMount = "20 1 259:1 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p1 rw,discard"

// rootDisk is the disk of an instance's root filesystem.
func rootDisk() machine {
	m := ebs("nvme0n1", "259:0", "vol00000000000000001")
	maps.Copy(m, partition("nvme0n1", "nvme0n1p1", "259:1"))
	return m
}
