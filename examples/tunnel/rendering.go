package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/opskit-go/opskit/ipsec"
)

// rendering is what render does, or would do.
type rendering struct {
	End     ipsec.Side    `json:"end"`
	Root    string        `json:"root"`
	Written bool          `json:"written"`
	Files   ipsec.Files   `json:"files"`
	Sysctls ipsec.Sysctls `json:"sysctls"`
	Applied bool          `json:"applied"` // the sysctls, to the running kernel
}

// String shows the files, but not the one with the key.
func (r rendering) String() string {
	var b strings.Builder
	verb := "would write"
	if r.Written {
		verb = "written"
	}
	fmt.Fprintf(&b, "%s below %s\n", verb, r.Root)
	for _, f := range r.Files {
		fmt.Fprintf(&b, "  %s\n", f)
		if f.Mode.Perm()&0o077 == 0 {
			b.WriteString("    (holds the key; not shown)\n")
			continue
		}
		for line := range strings.Lines(string(f.Bytes())) {
			fmt.Fprintf(&b, "    %s", line)
		}
	}
	for _, s := range r.Sysctls.Differing() {
		fmt.Fprintf(&b, "  kernel: %s is %q here, needs %s: %s\n", s.Key, s.Have, s.Want, s.Why)
	}
	if !r.Written {
		b.WriteString("next: repeat with -yes to write the files; with -sysctls too, to change the running kernel\n")
	}
	b.WriteString("not checked: whether the other end has the same key and description")
	return b.String()
}

func (r *rendering) write(list ipsec.Sysctls, proc string, sysctls, replace bool) error {
	root, err := os.OpenRoot(r.Root)
	if err != nil {
		return err
	}
	if old := r.Files.Replaced(root); len(old) > 0 && !replace {
		err = fmt.Errorf("%s: there with another content; look at it and repeat with -replace", strings.Join(old, ", "))
	} else {
		err = r.Files.WriteTo(root)
	}
	err = errors.Join(err, root.Close())
	if err != nil || !sysctls {
		r.Written = err == nil
		return err
	}
	r.Written = true
	kernel, err := os.OpenRoot(proc)
	if err != nil {
		return err
	}
	err = errors.Join(list.Apply(kernel), kernel.Close())
	r.Applied = err == nil
	return err
}
