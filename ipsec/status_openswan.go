package ipsec

import (
	"regexp"
	"strconv"
	"strings"
)

// The lines of Openswan's service script (programs/_realsetup).
var (
	openswanRunning = regexp.MustCompile(`^IPsec running\b.*?(?:pluto pid: (\d+))?$`)
	openswanPID     = regexp.MustCompile(`^pluto pid:? (\d+)$`)
	openswanCount   = regexp.MustCompile(`^(\d+|No) tunnels? up$`)
)

// openswan reads a line of service ipsec status.
func (p *statusParser) openswan(line string) bool {
	if m := openswanRunning.FindStringSubmatch(line); m != nil {
		p.running(true)
		p.s.Daemon = "openswan"
		p.pid(m[1])
		return true
	}
	if m := openswanPID.FindStringSubmatch(line); m != nil {
		p.pid(m[1])
		return true
	}
	if m := openswanCount.FindStringSubmatch(line); m != nil {
		n := 0
		if m[1] != "No" {
			var err error
			if n, err = strconv.Atoi(m[1]); err != nil {
				return false
			}
		}
		p.s.Counted = &n
		return true
	}
	if strings.HasPrefix(line, "IPsec stopped") {
		p.running(false)
		p.s.Daemon = "openswan"
		return true
	}
	return line == "some eroutes exist" || line == "no eroutes exist"
}

func (p *statusParser) pid(digits string) {
	if n, err := strconv.Atoi(digits); err == nil {
		p.s.PID = n
	}
}
