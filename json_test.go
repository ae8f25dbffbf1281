package opskit_test

import (
	"go/ast"
	"go/types"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The JSON of every result by one contract: snake_case, durations as integers
// ending in _ns, and what was not observed absent: no null.
func TestJSONByOneContract(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	seen := 0
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			structure, ok := n.(*ast.StructType)
			if !ok {
				return true
			}
			for _, field := range structure.Fields.List {
				name, options, ok := jsonTag(field)
				if !ok {
					continue
				}
				seen++
				typ := types.ExprString(field.Type)
				where := s.path + ": " + name
				assert.Regexp(t, snake, name, where)
				assert.Equal(t, strings.Contains(typ, "time.Duration"), strings.HasSuffix(name, "_ns"), "%s is a %s", where, typ)
				if mayBeNull(typ) {
					assert.Contains(t, options, "omit", "%s would be null where there is none", where)
				}
				if typ == "time.Time" || strings.HasPrefix(typ, "netip.") {
					assert.NotContains(t, options, "omitempty", "%s: only omitzero leaves out a %s", where, typ)
				}
			}
			return true
		})
	}
	assert.GreaterOrEqual(t, seen, 300)
}

// jsonTag returns the name and the options that a field has in JSON.
func jsonTag(field *ast.Field) (name, options string, ok bool) {
	if field.Tag == nil {
		return "", "", false
	}
	tag, err := strconv.Unquote(field.Tag.Value)
	if err != nil {
		return "", "", false
	}
	name, options, _ = strings.Cut(reflect.StructTag(tag).Get("json"), ",")
	return name, options, name != "" && name != "-"
}

func mayBeNull(typ string) bool {
	return strings.HasPrefix(typ, "[]") || strings.HasPrefix(typ, "*") || strings.HasPrefix(typ, "map[")
}
