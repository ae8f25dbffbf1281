package reach

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { lab.Main(m) }

// golden compares v's JSON with testdata/NAME.golden.json, and shows that what
// is decoded from it encodes to the same bytes.
func golden(t *testing.T, name string, v any) {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	b = append(b, '\n')
	file := filepath.Join("testdata", name+".golden.json")
	if *update {
		require.NoError(t, os.WriteFile(file, b, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(b))
	back := reflect.New(reflect.TypeOf(v).Elem())
	require.NoError(t, json.Unmarshal(b, back.Interface()))
	again, err := json.MarshalIndent(back.Interface(), "", "  ")
	require.NoError(t, err)
	assert.Equal(t, string(b), string(again)+"\n")
}
