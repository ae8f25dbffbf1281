package lab

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

func probeKernel(name string) error {
	switch name {
	case "netns":
		if _, err := Program("ip"); err != nil {
			return err
		}
		cmd := exec.Command("/bin/true")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
		return cmd.Run()
	case "nftables":
		_, err := Program("nft")
		return err
	case "loop":
		if os.Geteuid() != 0 {
			return fmt.Errorf("not root")
		}
		_, err := os.Stat("/dev/loop-control")
		return err
	case "ext4", "xfs", "btrfs":
		if _, err := Program("mkfs." + name); err != nil {
			return err
		}
		return filesystemKnown(name)
	case "autofs":
		return filesystemKnown(name)
	case "cgroup_v1_pids", "cgroup_v1_freezer":
		_, err := cgroupMount(strings.TrimPrefix(name, "cgroup_v1_"))
		return err
	case "cgroup_v2":
		_, err := cgroupMount("")
		return err
	case "tun":
		_, err := os.Stat("/dev/net/tun")
		return err
	case "fuse":
		_, err := os.Stat("/dev/fuse")
		return err
	case "ipv6":
		_, err := os.Stat("/proc/net/if_inet6")
		return err
	}
	return fmt.Errorf("the lab knows no way to look for %q", name)
}

func filesystemKnown(name string) error {
	text, err := os.ReadFile("/proc/filesystems")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[len(fields)-1] == name {
			return nil
		}
	}
	return fmt.Errorf("the running kernel does not list %s in /proc/filesystems", name)
}

// cgroupMount finds where a v1 controller, or for "" the v2 hierarchy, is mounted.
func cgroupMount(controller string) (string, error) {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 {
			continue
		}
		if controller == "" && right[0] == "cgroup2" {
			return left[4], nil
		}
		if controller != "" && right[0] == "cgroup" && strings.Contains(","+right[2]+",", ","+controller+",") {
			return left[4], nil
		}
	}
	if err := lines.Err(); err != nil {
		return "", err
	}
	return "", fmt.Errorf("no control group hierarchy mounted for %q", controller)
}
