package opskit_test

import (
	"go/ast"
	"go/token"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What users can see: counted, documented, and free of what must not leak.

// library tells the files whose exported names users may import.
func (s source) library() bool {
	return !s.test && (owner(s.dir) != "" || s.dir == ".") && s.file.Name.Name != "main" && !strings.Contains("/"+s.dir+"/", "/internal/")
}

func TestAtMostSixtyExportedNamesInAPackageRoot(t *testing.T) {
	names := map[string]map[string]bool{}
	for _, s := range sources(t) {
		if !s.library() || owner(s.dir) != s.dir {
			continue
		}
		if names[s.dir] == nil {
			names[s.dir] = map[string]bool{}
		}
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.IsExported() {
					names[s.dir][d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					for _, name := range specNames(spec) {
						if name.IsExported() {
							names[s.dir][name.Name] = true
						}
					}
				}
			}
		}
	}
	for _, dir := range six {
		assert.NotEmpty(t, names[dir], dir)
		assert.LessOrEqual(t, len(names[dir]), 60, "%s: depth goes into sub-packages", dir)
	}
}

func specNames(spec ast.Spec) []*ast.Ident {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		return []*ast.Ident{s.Name}
	case *ast.ValueSpec:
		return s.Names
	}
	return nil
}

func TestEveryExportedIdentifierIsDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if !s.library() {
			continue
		}
		missing := func(what string) { assert.Fail(t, "undocumented", "%s: %s has no comment", s.path, what) }
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && receiverExported(d) {
					missing(d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					checkSpec(d, spec, missing)
				}
			}
		}
	}
}

func checkSpec(d *ast.GenDecl, spec ast.Spec, missing func(string)) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range s.Names {
			if name.IsExported() && s.Doc == nil && s.Comment == nil && (d.Doc == nil || d.Tok == token.VAR && len(d.Specs) > 1) {
				missing(name.Name)
			}
		}
	case *ast.TypeSpec:
		if !s.Name.IsExported() {
			return
		}
		if s.Doc == nil && d.Doc == nil {
			missing(s.Name.Name)
		}
		var list *ast.FieldList
		switch typ := s.Type.(type) {
		case *ast.StructType:
			list = typ.Fields
		case *ast.InterfaceType:
			list = typ.Methods
		}
		checkFields(s.Name.Name, list, missing)
	}
}

// checkFields accepts a comment above, behind, or one above a run of fields
// that no blank line breaks, as gofmt groups them.
func checkFields(owner string, list *ast.FieldList, missing func(string)) {
	if list == nil {
		return
	}
	for _, field := range list.List {
		for _, name := range field.Names {
			if name.IsExported() && field.Doc == nil && field.Comment == nil {
				missing(owner + "." + name.Name)
			}
		}
	}
}

func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.Ident:
			return t.IsExported() && !conventional(d.Name.Name)
		default:
			return false
		}
	}
}

// conventional tells methods whose meaning the standard library fixes.
func conventional(name string) bool {
	switch name {
	case "Error", "Unwrap", "Is", "String", "MarshalText", "UnmarshalText", "MarshalJSON", "UnmarshalJSON", "Read", "Write", "Close", "ServeHTTP", "LogValue":
		return true
	}
	return false
}

func TestNoExportedTypeNamesTheDNSLibrary(t *testing.T) {
	for _, s := range sources(t) {
		if !s.library() || owner(s.dir) != "dnsroot" && owner(s.dir) != "reach" {
			continue
		}
		local := ""
		for _, spec := range s.file.Imports {
			if strings.Contains(spec.Path.Value, "miekg/dns") {
				local = path.Base(strings.Trim(spec.Path.Value, `"`))
				if spec.Name != nil {
					local = spec.Name.Name
				}
			}
		}
		if local == "" {
			continue
		}
		for _, decl := range s.file.Decls {
			for _, node := range exportedSurface(decl) {
				ast.Inspect(node, func(n ast.Node) bool {
					if sel, ok := n.(*ast.SelectorExpr); ok {
						if pkg, ok := sel.X.(*ast.Ident); ok {
							assert.NotEqual(t, local, pkg.Name, "%s: an exported name shows %s.%s", s.path, local, sel.Sel.Name)
						}
					}
					return true
				})
			}
		}
	}
}

// exportedSurface lists the parts of a declaration that godoc shows.
func exportedSurface(decl ast.Decl) []ast.Node {
	var nodes []ast.Node
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || receiverExported(d)) {
			nodes = append(nodes, d.Type)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && s.Type != nil {
					nodes = append(nodes, s.Type)
				}
			case *ast.TypeSpec:
				structure, ok := s.Type.(*ast.StructType)
				if !s.Name.IsExported() {
					continue
				}
				if !ok {
					nodes = append(nodes, s.Type)
					continue
				}
				for _, field := range structure.Fields.List {
					if len(field.Names) == 0 || field.Names[0].IsExported() {
						nodes = append(nodes, field.Type)
					}
				}
			}
		}
	}
	return nodes
}
