package opskit_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit"
)

// moved tells the library files that the rules of this file hold for.
func (s source) moved() bool { return s.library() }

// structs calls f for every exported struct type of the packages that moved.
func structs(t *testing.T, f func(s source, name string, structure *ast.StructType)) {
	t.Helper()
	for _, s := range sources(t) {
		for _, decl := range s.file.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || !s.moved() {
				continue
			}
			for _, spec := range d.Specs {
				if typ, ok := spec.(*ast.TypeSpec); ok && typ.Name.IsExported() {
					if structure, ok := typ.Type.(*ast.StructType); ok {
						f(s, typ.Name.Name, structure)
					}
				}
			}
		}
	}
}

func TestTheContractIsDeclaredOnce(t *testing.T) {
	for _, s := range sources(t) {
		if !s.moved() || s.dir == "." {
			continue
		}
		for _, decl := range s.file.Decls {
			if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.TYPE {
				for _, spec := range d.Specs {
					name := spec.(*ast.TypeSpec).Name.Name
					assert.NotContains(t, []string{"Gap", "Capability", "Error"}, name, "%s: the root has it", s.path)
				}
			}
		}
		assert.NotContains(t, s.text, `"not checked:`, "%s: opskit.NotChecked writes that line", s.path)
	}
}

func TestEveryVerdictIsAResult(t *testing.T) {
	methods := map[string]bool{}
	for _, s := range sources(t) {
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil {
				receiver := strings.TrimPrefix(types.ExprString(f.Recv.List[0].Type), "*")
				methods[s.dir+" "+receiver+" "+f.Name.Name] = true
			}
		}
	}
	structs(t, func(s source, name string, structure *ast.StructType) {
		for _, field := range structure.Fields.List {
			typ := types.ExprString(field.Type)
			for _, fieldName := range field.Names {
				assert.False(t, fieldName.IsExported() && (typ == "*Error" || typ == "*opskit.Error"), "%s: %s.%s is a trap of a typed nil: opskit.Failure", s.path, name, fieldName)
				for _, method := range []string{"Level", "Gaps", "String"} {
					assert.True(t, fieldName.Name != "Verdict" || methods[s.dir+" "+name+" "+method], "%s: %s has a Verdict and no %s", s.path, name, method)
				}
			}
		}
	})
}

// A sentinel's code is its name for ever: unique, and begun by its package.
func TestCodesAreUniqueAndPrefixed(t *testing.T) {
	seen := map[string]string{}
	for _, s := range sources(t) {
		if !s.moved() {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == 1 && len(spec.Values) == 1 && strings.HasPrefix(spec.Names[0].Name, "Err") {
				call, _ := spec.Values[0].(*ast.CallExpr)
				again, _ := spec.Values[0].(*ast.SelectorExpr) // of a package below, under the same name
				assert.True(t, call != nil && strings.HasSuffix(types.ExprString(call.Fun), "Sentinel") || again != nil && again.Sel.Name == spec.Names[0].Name, "%s: %s is no opskit.Sentinel", s.path, spec.Names[0])
			}
			call, ok := n.(*ast.CallExpr)
			if !ok || !strings.HasSuffix(types.ExprString(call.Fun), "Sentinel") || len(call.Args) < 2 {
				return true
			}
			code, err := strconv.Unquote(types.ExprString(call.Args[0]))
			assert.NoError(t, err, "%s: a code is a literal", s.path)
			prefix := strings.TrimSuffix(owner(s.dir), "lookup") + "_"
			if s.dir == "." {
				prefix = "opskit_"
			}
			assert.True(t, strings.HasPrefix(code, prefix), "%s: %s does not begin with %s", s.path, code, prefix)
			assert.Empty(t, seen[code], "%s: %s stands in %s too", s.path, code, seen[code])
			seen[code] = s.path
			return true
		})
	}
	assert.Contains(t, seen, opskit.Codes(opskit.ErrNothingSeen)[0])
}

// Within a package a constant carries its type's name, but for the verdicts, and
// what is written in JSON is snake_case.
func TestConstantsCarryTheirTypesNames(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	for _, s := range sources(t) {
		if !s.moved() || s.dir == "." {
			continue
		}
		for _, decl := range s.file.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.CONST {
				continue
			}
			typ := ""
			for _, spec := range d.Specs {
				value := spec.(*ast.ValueSpec)
				if value.Type != nil {
					typ = types.ExprString(value.Type)
				}
				for i, name := range value.Names {
					if carried := strings.TrimSuffix(strings.TrimSuffix(typ, "Verdict"), "Finding"); name.IsExported() && ast.IsExported(typ) {
						assert.Contains(t, name.Name, carried, "%s: which type is %s of?", s.path, name)
					}
					if name.IsExported() && ast.IsExported(typ) && i < len(value.Values) {
						if text, err := strconv.Unquote(types.ExprString(value.Values[i])); err == nil && text != "" {
							assert.Regexp(t, snake, text, "%s: %s", s.path, name)
						}
					}
				}
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.CompositeLit); ok && isCapability(lit.Type) {
				for _, element := range lit.Elts {
					if pair, ok := element.(*ast.KeyValueExpr); ok && named(pair.Key, "Name") {
						if name, err := strconv.Unquote(types.ExprString(pair.Value)); err == nil {
							assert.Regexp(t, snake, name, "%s: the name of a capability", s.path)
						}
					}
				}
			}
			return true
		})
	}
}

// The words of the house.
func TestWordsOfTheHouse(t *testing.T) {
	other := regexp.MustCompile(`(?i)\b(folders?|can not)\b`)
	for _, s := range sources(t) {
		if s.moved() {
			assert.NotRegexp(t, other, s.text, "%s: directory, cannot", s.path)
		}
	}
}
