package conf

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/opskit-go/opskit/internal/pasted"
)

// maxInclude is how deep include lines may nest, as in libreswan: a file that
// includes itself ends here.
const maxInclude = 10

// Parse reads one text. Include lines are not followed but listed in
// Conf.Missing. It returns what it could read together with one *SyntaxError
// for each line that it could not, joined. name is what the errors and
// positions call the text.
func Parse(name, text string, d Dialect) (*Conf, error) {
	return parse(nil, name, text, d)
}

// Read reads a file of fsys and every file that its include lines name, as a
// daemon would whose root directory is fsys: an absolute pattern is taken from
// the root, a relative one from the directory of the including file. name may
// begin with a slash; then so do the names in positions and errors. A file or
// a pattern's directory that is not there or cannot be read is listed in
// Conf.Missing and is no error; that name itself cannot be read is. For files
// that come from another host, fsys must be a copy of that host's tree: its
// include lines would else be followed into this host's.
func Read(fsys fs.FS, name string, d Dialect) (*Conf, error) {
	text, err := fs.ReadFile(fsys, strings.TrimPrefix(name, "/"))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return parse(fsys, name, string(text), d)
}

func parse(fsys fs.FS, name, text string, d Dialect) (*Conf, error) {
	if d == DialectUnknown && swanctlHead.MatchString(text) {
		d = DialectSwanctl
	}
	first := parseAs(fsys, name, text, d, d == DialectStrongSwan)
	if d == DialectUnknown && len(first.errs) > 0 {
		if second := parseAs(fsys, name, text, d, true); len(second.errs) == 0 {
			first = second
		}
	}
	if d == DialectUnknown && !HoldsKeys(text) {
		first.conf.Dialect = first.conf.recognised()
	}
	if len(first.errs) > 0 {
		return &first.conf, errors.Join(first.errs...)
	}
	return &first.conf, nil
}

func parseAs(fsys fs.FS, name, text string, d Dialect, strong bool) *reader {
	r := &reader{fsys: fsys, strong: strong, conf: Conf{Dialect: d}}
	r.parse(name, text)
	return r
}

// reader collects what the files of one configuration hold.
type reader struct {
	fsys   fs.FS
	strong bool
	hide   bool // what stands there may be a key
	depth  int
	conf   Conf
	errs   []error
}

// position is where a statement begins.
type position struct {
	file string
	line int
}

func (r *reader) parse(name, text string) {
	clean, changes := pasted.Clean([]byte(text))
	for _, c := range changes {
		r.conf.Pasted = append(r.conf.Pasted, name+": "+c.String())
	}
	text = string(clean)
	r.hide = r.hide || HoldsKeys(text)
	switch {
	case r.conf.Dialect == DialectSwanctl:
		r.parseSwanctl(name, text)
	case r.strong:
		r.parseStrong(name, text)
	default:
		r.parseSwan(name, text)
	}
}

// swanctlHead begins swanctl.conf, which nothing else looks like.
var swanctlHead = regexp.MustCompile(`(?m)^\s*(connections|secrets|pools|authorities)\s*\{`)

// keyLine knows a line of ipsec.secrets or of the secrets of swanctl.conf.
var keyLine = regexp.MustCompile(`(?im)^[^#\n]*:\s*(psk|rsa|ecdsa|pkcs8|p12|eap|xauth|ntlm|pin|bliss)\b|^[^#\n]*\b(secret|pin)[\w-]*\s*=`)

// HoldsKeys tells a text that may hold keys, as ipsec.secrets and the secrets of
// swanctl.conf do, whatever it was given as.
func HoldsKeys(text string) bool { return keyLine.MatchString(text) }

func (r *reader) fail(at position, field, read, problem string) {
	if r.hide {
		field, read = "", "(not shown: the file may hold keys)"
	}
	r.errs = append(r.errs, &SyntaxError{
		File: at.file, Line: at.line, Field: field, Read: clip(read), Problem: problem,
	})
}

// orphan opens a section that is not kept, so that the parameters below a
// broken section line are not taken for those of the section before it.
func (r *reader) orphan(at position) int {
	r.conf.Sections = append(r.conf.Sections, Section{Kind: "unreadable", File: at.file, Line: at.line})
	return len(r.conf.Sections) - 1
}

func (r *reader) include(at position, pattern string) { r.follow(at, pattern, r.parse) }

// follow hands the files that an include line names to parse.
func (r *reader) follow(at position, pattern string, parse func(name, text string)) {
	missing := func(why string) {
		r.conf.Missing = append(r.conf.Missing, Include{Pattern: pattern, File: at.file, Line: at.line, Why: why})
	}
	if r.fsys == nil {
		missing("only this text was given")
		return
	}
	if r.depth >= maxInclude {
		r.fail(at, "include", pattern, fmt.Sprintf("include lines nest deeper than %d", maxInclude))
		return
	}
	full := pattern
	if !strings.HasPrefix(pattern, "/") {
		full = path.Join(path.Dir(at.file), pattern)
	}
	names, err := fs.Glob(r.fsys, path.Clean(strings.TrimPrefix(full, "/")))
	switch {
	case err != nil:
		r.fail(at, "include", pattern, "not a file name pattern")
		return
	case len(names) == 0 && strings.ContainsAny(pattern, "*?["):
		// An empty directory of additions is the normal case. One that is not there
		// may be on the host that the file comes from.
		directory := path.Dir(path.Clean(strings.TrimPrefix(full, "/")))
		if _, err := fs.Stat(r.fsys, directory); err != nil && !strings.ContainsAny(directory, "*?[") {
			missing("no such directory")
		}
		return
	case len(names) == 0:
		missing("no such file")
	}
	r.depth++
	defer func() { r.depth-- }()
	for _, name := range names {
		if strings.HasPrefix(path.Base(name), ".") && !strings.HasPrefix(path.Base(full), ".") {
			continue // as in glob(7)
		}
		text, err := fs.ReadFile(r.fsys, name)
		if err != nil {
			missing(err.Error())
			continue
		}
		if strings.HasPrefix(at.file, "/") {
			name = "/" + name
		}
		parse(name, string(text))
	}
}
