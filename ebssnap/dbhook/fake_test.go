package dbhook_test

import (
	"fmt"
	"strings"
)

// fake is a client in shell. It answers a line that begins with a key by the value, and every
// SELECT of a text by that text, as a server does; the value "exit" makes it complain and end,
// "hang" makes it wait for ever. With a log it notes each line there.
func fake(log string, answers ...[2]string) []string {
	var script strings.Builder
	script.WriteString("while IFS= read -r line; do\n")
	if log != "" {
		fmt.Fprintf(&script, "printf '%%s\\n' \"$line\" >>'%s'\n", log)
	}
	script.WriteString("case \"$line\" in\n\"SELECT 'opskit-end-\"*) text=${line#*\\'}; printf '%s\\n' \"${text%%\\'*}\";;\n")
	for _, answer := range answers {
		action := "printf '" + answer[1] + "\\n'"
		switch answer[1] {
		case "exit":
			action = "echo 'ERROR 1045 (28000) at line 1: Access denied' >&2; exit 1"
		case "hang":
			action = "exec sleep 1000"
		}
		fmt.Fprintf(&script, "\"%s\"*) %s;;\n", answer[0], action)
	}
	script.WriteString("esac\ndone\n")
	return []string{"sh", "-c", script.String()}
}
