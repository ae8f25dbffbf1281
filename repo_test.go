package opskit_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/procstate"
)

const module = "github.com/opskit-go/opskit"

// The rules of the house, as tests. Each failure says what to do.

var six = []string{"dnsroot", "ebssnap", "ipsec", "procstate", "reach", "whoislookup"}

// These two calls are promised to compile exactly so.
var (
	_ func() ([]procstate.Group, error)                                                                             = procstate.Zombies
	_ func(context.Context, ebssnap.Volume, ebssnap.Freezer, time.Duration) (result *ebssnap.Result, failure error) = ebssnap.Consistent
)

// source is one Go file of the repository.
type source struct {
	path  string // slash-separated, from the root
	dir   string // its folder, "." for the root
	lines int
	test  bool
	file  *ast.File
	text  string
}

// sources reads every Go file of the repository, nested modules included.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && name != "." || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		slash := filepath.ToSlash(name)
		all = append(all, source{
			path: slash, dir: path.Dir(slash), lines: strings.Count(string(text), "\n"),
			test: strings.HasSuffix(slash, "_test.go"), file: file, text: string(text),
		})
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

func (s source) imports() []string {
	var paths []string
	for _, spec := range s.file.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, name)
		}
	}
	return paths
}

// owner is the package of the six that a folder belongs to, "" for none.
func owner(dir string) string {
	first, _, _ := strings.Cut(dir, "/")
	if slices.Contains(six, first) {
		return first
	}
	return ""
}

func TestEveryPackageIsDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test {
			documented[s.dir] = documented[s.dir] || s.file.Doc != nil
		}
	}
	for dir, ok := range documented {
		assert.True(t, ok, "%s has no package comment", dir)
	}
	sections := map[string]string{}
	for _, s := range sources(t) {
		if s.library() && s.file.Doc != nil {
			sections[s.dir] += s.file.Doc.Text()
		}
	}
	require.NotEmpty(t, sections["dnsroot"])
	for dir, text := range sections {
		for _, section := range []string{"# Usage", "# Privileges", "# Platforms", "# Testing"} {
			assert.True(t, dir == "." || strings.Contains(text, section+"\n"), "the package comment of %s lacks %s", dir, section)
		}
	}
}

func TestSixPackagesNeverImportOneAnother(t *testing.T) {
	for _, s := range sources(t) {
		from := owner(s.dir)
		for _, imported := range s.imports() {
			below, inside := strings.CutPrefix(imported, module+"/")
			if to := owner(below); inside && from != "" && to != "" {
				assert.Equal(t, from, to, "%s imports %s: hand evidence over as values instead", s.path, imported)
			}
		}
	}
}

func TestHeavyDependenciesStayInTheirRooms(t *testing.T) {
	for _, s := range sources(t) {
		for _, imported := range s.imports() {
			if strings.HasPrefix(imported, "github.com/aws/") {
				allowed := slices.Contains([]string{"ebssnap/ec2snap", "ipsec/ec2route"}, s.dir) ||
					strings.HasPrefix(s.dir, "examples/") && s.dir != "examples/incident"
				assert.True(t, allowed, "%s imports %s: only ebssnap/ec2snap, ipsec/ec2route and examples may", s.path, imported)
			}
			if strings.HasPrefix(imported, "github.com/stretchr/testify") {
				assert.True(t, s.test, "%s imports testify outside a test", s.path)
			}
			if imported == module+"/internal/lab" {
				assert.True(t, s.test || strings.HasPrefix(s.dir, "internal/peers"), "%s imports the lab outside a test", s.path)
			}
			if imported == "log" && !s.test && owner(s.dir) != "" && !strings.HasSuffix(s.dir, "test") {
				assert.Fail(t, "a library does not log", "%s imports log", s.path)
			}
		}
	}
}

func TestImportingAPackageDoesNothing(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if ok && f.Recv == nil {
				assert.NotEqual(t, "init", f.Name.Name, "%s has an init", s.path)
			}
			if vars, ok := decl.(*ast.GenDecl); ok && vars.Tok == token.VAR && s.library() {
				for _, call := range callsAtImport(vars) {
					assert.Contains(t, harmless, call, "%s: importing it calls %s", s.path, call)
				}
			}
		}
	}
}

// harmless are the calls that the value of a package-level variable may come
// from: they read nothing and keep nothing.
var harmless = []string{"errors.New", "fmt.Errorf", "refusal", "regexp.MustCompile", "opskit.Sentinel", "Sentinel", "sync.OnceValue"}

// callsAtImport lists the functions that run when the variables are made: not
// those in the body of a function literal, which runs later.
func callsAtImport(vars *ast.GenDecl) []string {
	var calls []string
	ast.Inspect(vars, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			calls = append(calls, types.ExprString(x.Fun))
		}
		return true
	})
	return calls
}

func TestLibraryDoesNotLogByItself(t *testing.T) {
	for _, s := range sources(t) {
		if !s.library() {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && named(sel.X, "slog") {
				assert.Contains(t, []string{"Logger", "StringValue", "Value"}, sel.Sel.Name, "%s: a logger is the caller's", s.path)
			}
			return true
		})
	}
}

func TestGoVersionIsThatOfTheREADME(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	assert.Contains(t, string(mod), "\ngo 1.26.0\n")
	assert.NotContains(t, string(mod), "\ntoolchain ")
	assert.NotContains(t, string(mod), "\nreplace ")
	assert.NoFileExists(t, "go.work")
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.Contains(t, string(text), "from 1.26 on")
}

func TestFilesAreShortAndNamedAfterWhatTheyHold(t *testing.T) {
	nothing := regexp.MustCompile(`^(util|utils|common|helpers|misc|types)(_|\.|$)`)
	for _, s := range sources(t) {
		assert.LessOrEqual(t, s.lines, 700, "%s: split it by what it holds", s.path)
		assert.NotRegexp(t, nothing, path.Base(s.path), "%s is named after nothing in particular", s.path)
		if strings.HasPrefix(s.dir, "examples/") && !s.test && !strings.HasPrefix(s.dir, "examples/internal/") {
			assert.LessOrEqual(t, s.lines, 150, "%s: an example is thin", s.path)
		}
	}
}

func TestTestsDoNotSleep(t *testing.T) {
	for _, s := range sources(t) {
		if !s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok && call.Sel.Name == "Sleep" {
				if pkg, ok := call.X.(*ast.Ident); ok {
					assert.NotEqual(t, "time", pkg.Name, "%s sleeps: use a condition or testing/synctest", s.path)
				}
			}
			return true
		})
	}
}

// "@latest" would be another program than the one that is read.
func TestEveryExampleSaysWhatIsLearntAndHowToRunIt(t *testing.T) {
	for _, s := range sources(t) {
		if name, ok := strings.CutPrefix(s.dir, "examples/"); ok && path.Base(s.path) == "main.go" {
			require.NotNil(t, s.file.Doc, s.path)
			doc := s.file.Doc.Text()
			assert.Contains(t, doc, "go run ./examples/"+name, "%s: the first comment gives the line to run it", s.path)
			assert.Contains(t, doc, "The reader learns", s.path)
			assert.True(t, strings.HasPrefix(doc, "Command "+name+" "), "%s: begin with Command %s", s.path, name)
		}
	}
}

func TestNothingUnfinishedAndNoForeignPaths(t *testing.T) {
	unfinished := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	machine := regexp.MustCompile(`(^|[\s"'(=])/(wo` + `rk|ro` + `ot)/[a-z]`)
	for _, s := range sources(t) {
		assert.NotRegexp(t, unfinished, s.text, s.path)
		assert.NotRegexp(t, machine, s.text, s.path)
	}
}

func TestREADMENamesOnlyWhatIsThere(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	programs := regexp.MustCompile(`go run \./examples/(\w+)`).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, programs)
	named := map[string]bool{}
	for _, program := range programs {
		named[program[1]] = true
		assert.FileExists(t, filepath.Join("examples", program[1], "main.go"))
	}
	folders, err := filepath.Glob("examples/*/main.go")
	require.NoError(t, err)
	for _, folder := range folders {
		assert.True(t, named[filepath.Base(filepath.Dir(folder))], "README.md does not name %s", folder)
	}
}

// What a package's documentation asks for stands in the README as a line to paste.
func TestREADMENamesEveryCapability(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	capability := regexp.MustCompile(`\bCAP_[A-Z_]+`)
	seen := 0
	for _, s := range sources(t) {
		if s.test || s.file.Doc == nil {
			continue
		}
		_, privileges, _ := strings.Cut(s.file.Doc.Text(), "# Privileges\n")
		privileges, _, _ = strings.Cut(privileges, "\n# ")
		for _, name := range capability.FindAllString(privileges, -1) {
			seen++
			assert.Contains(t, string(text), strings.ToLower(name), "README.md lacks the line for %s of %s", name, s.dir)
		}
	}
	assert.GreaterOrEqual(t, seen, 8)
}

func TestREADMEImportExampleCompiles(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), "```go\n")
	require.True(t, found, "README.md has no Go example")
	code, _, found := strings.Cut(rest, "```\n")
	require.True(t, found)
	file := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(file, []byte(code), 0o600))
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skipf("needs the go command: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), goTool, "vet", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
