package rootca

import (
	"os"
	"path/filepath"
	"strings"
)

// programStores returns the stores found here that System does not read, since
// their formats are databases: those of NSS (Firefox, Chromium), of Java, and
// whatever images of containers bring. It looks at names only, and at no other
// user's home, which may be on a server that does not answer.
func programStores(glob func(string) ([]string, error)) []string {
	patterns := []string{
		"/etc/pki/nssdb/cert*.db",
		"/etc/ssl/certs/java/cacerts", "/etc/pki/java/cacerts", "/etc/pki/ca-trust/extracted/java/cacerts",
		"/usr/lib/jvm/*/lib/security/cacerts", "/usr/lib/jvm/*/jre/lib/security/cacerts", "/opt/java/*/lib/security/cacerts",
		"/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/lib/lxc", "/var/lib/machines", "/var/lib/flatpak", "/snap",
	}
	if java := os.Getenv("JAVA_HOME"); java != "" {
		patterns = append(patterns, filepath.Join(java, "lib/security/cacerts"))
	}
	if home, err := os.UserHomeDir(); err == nil {
		for _, p := range []string{
			".mozilla/firefox/*/cert*.db", "snap/firefox/common/.mozilla/firefox/*/cert*.db", ".pki/nssdb/cert*.db",
			"Library/Application Support/Firefox/Profiles/*/cert*.db", ".local/share/containers",
		} {
			patterns = append(patterns, filepath.Join(home, p))
		}
	}
	var found []string
	for _, p := range patterns {
		names, err := glob(p)
		if err == nil {
			found = append(found, names...)
		}
	}
	return found
}

// programGap says which of those stores are here. A root in one of them is
// trusted by the program that brings it, whatever the system's store holds.
func (r *Report) programGap(found []string) {
	if len(found) == 0 {
		return
	}
	const most = 5
	shown := strings.Join(found[:min(len(found), most)], ", ")
	if len(found) > most {
		shown += " and more"
	}
	r.gap("stores that programs bring themselves", "found and not read: "+shown,
		"their certificates as PEM, given to Paths (certutil -L -d sql:DIRECTORY; keytool -list -rfc -keystore FILE)")
}
