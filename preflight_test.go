package opskit_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A Capability's Fix is a line to paste: it begins with a command, and is absent
// where no command helps.
func TestEveryFixIsALineToPaste(t *testing.T) {
	commands := []string{"apt-get", "docker", "echo", "export", "ip", "mount", "rootattack", "rootca", "setcap", "sudo", "sysctl", "ulimit"}
	seen := 0
	check := func(path string, value ast.Expr, constants map[string]ast.Expr) {
		if ident, ok := value.(*ast.Ident); ok {
			value = constants[ident.Name]
		}
		text, ok := firstWord(value)
		if !ok {
			return
		}
		seen++
		assert.True(t, slices.Contains(commands, text), "%s: no command begins with %q", path, text)
	}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		constants := constantsOf(s.file)
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.CompositeLit:
				if isCapability(x.Type) {
					for _, element := range x.Elts {
						if pair, ok := element.(*ast.KeyValueExpr); ok && named(pair.Key, "Fix") {
							check(s.path, pair.Value, constants)
						}
					}
				}
			case *ast.AssignStmt:
				for i, left := range x.Lhs {
					if sel, ok := left.(*ast.SelectorExpr); ok && sel.Sel.Name == "Fix" && len(x.Rhs) == len(x.Lhs) {
						check(s.path, x.Rhs[i], constants)
					}
				}
			}
			return true
		})
	}
	assert.GreaterOrEqual(t, seen, 15)
}

// constantsOf are a file's constants, those of its functions included.
func constantsOf(file *ast.File) map[string]ast.Expr {
	values := map[string]ast.Expr{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			for i, name := range spec.Names {
				if i < len(spec.Values) {
					values[name.Name] = spec.Values[i]
				}
			}
		}
		return true
	})
	return values
}

func isCapability(typ ast.Expr) bool {
	if sel, ok := typ.(*ast.SelectorExpr); ok {
		return sel.Sel.Name == "Capability"
	}
	return named(typ, "Capability")
}

func named(expr ast.Expr, name string) bool {
	ident, ok := expr.(*ast.Ident)
	return ok && ident.Name == name
}

// firstWord is the first word of a text that a literal begins.
func firstWord(expr ast.Expr) (string, bool) {
	switch x := expr.(type) {
	case *ast.BinaryExpr:
		return firstWord(x.X)
	case *ast.CallExpr: // fmt.Sprintf of one
		if len(x.Args) > 0 {
			return firstWord(x.Args[0])
		}
	case *ast.BasicLit:
		if x.Kind == token.STRING {
			text, _ := strconv.Unquote(x.Value)
			word, _, _ := strings.Cut(text, " ")
			return word, true
		}
	}
	return "", false
}
