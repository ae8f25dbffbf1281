package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDocumentForTheLifecycleManager runs the script of ssm.json with programs that only say what they
// were asked for: it freezes before, thaws after, and fails where a freeze or a thaw does.
func TestDocumentForTheLifecycleManager(t *testing.T) {
	text, err := os.ReadFile("ssm.json")
	require.NoError(t, err)
	var document struct {
		MainSteps []struct {
			Inputs struct {
				RunCommand []string `json:"runCommand"`
			} `json:"inputs"`
		} `json:"mainSteps"`
	}
	require.NoError(t, json.Unmarshal(text, &document))
	dir := t.TempDir()
	socket, program := filepath.Join(dir, "socket"), filepath.Join(dir, "snapshot")
	fake := "#!/bin/sh\necho \"${0##*/} $*\"\ncase $0$* in *systemd-run*) python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' " + socket + ";; *\" $REFUSE\") exit 1;; esac\n"
	for _, name := range []string{"snapshot", "systemd-run", "systemctl"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(fake), 0o755))
	}
	script := strings.NewReplacer("{{ Mount }}", "/data", "{{ HoldFor }}", "60s", "/usr/local/bin/snapshot", program, "/run/snapshot-hold.sock", socket).
		Replace(strings.Join(document.MainSteps[0].Inputs.RunCommand, "\n"))
	for _, test := range []struct {
		command, refuse string
		code            int
		says            string
	}{
		{"pre-script", "-", 0, "-mount /data -timeout 60s -hold " + socket + "\nsnapshot -hold " + socket + " freeze\n"},
		{"pre-script", "freeze", 201, "systemctl stop snapshot-hold"},
		{"post-script", "-", 0, "snapshot -hold " + socket + " thaw\n"},
		{"post-script", "thaw", 202, "systemctl stop snapshot-hold"},
		{"dry-run", "-", 0, "snapshot -preflight\n"},
	} {
		cmd := exec.Command("sh", "-c", strings.ReplaceAll(script, "{{ command }}", test.command))
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "REFUSE="+test.refuse)
		output, _ := cmd.CombinedOutput()
		assert.Equal(t, test.code, cmd.ProcessState.ExitCode(), "%s", output)
		assert.Contains(t, string(output), test.says)
	}
}
