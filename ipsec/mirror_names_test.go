package ipsec_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// A line that no daemon reads as it is meant must not pass for a setting.
func TestMirrorTellsAMisspelledParameter(t *testing.T) {
	for line, meant := range map[string]string{
		"dpddealy=10":         "dpddelay",
		"dpdactoin=restart":   "dpdaction",
		"rightsubent=10.0/16": "rightsubnet",
		"lefid=@west":         "leftid",
		"leftsubnett=10.0/16": "leftsubnet",
		"kyexchange=ikev2":    "keyexchange",
		// What stands in a manual is none, however near it is to another.
		"leftca=x":            "",
		"leftcert2=x":         "",
		"xauthby=file":        "",
		"ikelifetime=1h":      "",
		"right-subnets=10/8":  "",
		"x-comment=dpddealy":  "",
		"leftsubnets=10.0/16": "",
	} {
		t.Run(line, func(t *testing.T) {
			a, b := blogEnds(func(s string) string { return s + "\n    " + line + "\n" })
			found := ipsec.Mirror(a, b).Find("misspelled_parameter")
			if meant == "" {
				assert.Empty(t, found)
				return
			}
			require.Len(t, found, 2, "one for each end")
			assert.Equal(t, ipsec.SeverityProblem, found[0].Severity)
			assert.Contains(t, found[0].Fix, "write "+meant+",")
			assert.Contains(t, found[0].Refs[0].Text, strings.SplitN(line, "=", 2)[0])
		})
	}
}

// libreswan's own reader refuses what is called misspelled.
func TestAddconnRefusesAMisspelledParameter(t *testing.T) {
	lab.Need(t, "program:addconn")
	addconn, err := lab.Program("addconn")
	require.NoError(t, err)
	const text = "conn a\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauto=add\n\tdpddealy=10\n"
	path := filepath.Join(t.TempDir(), "ipsec.conf")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	out, err := exec.CommandContext(t.Context(), addconn, "--checkconfig", "--config", path).CombinedOutput()
	require.Error(t, err, "%s", out)
	c, err := conf.Parse("a.conf", text, conf.DialectLibreswan)
	require.NoError(t, err)
	r := ipsec.Mirror(ipsec.End{Conf: c}, ipsec.End{Conf: c})
	assert.Len(t, r.Find("misspelled_parameter"), 2)
}
