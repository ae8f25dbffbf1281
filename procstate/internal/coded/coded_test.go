package coded

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestError(t *testing.T) {
	codes := []Code{{"missing", fs.ErrNotExist}, {"closed", fs.ErrClosed}}
	for _, test := range []struct {
		err  error
		text string
		is   error
	}{
		{fmt.Errorf("read: %w", fs.ErrClosed), `{"code":"closed","message":"read: file already closed"}`, fs.ErrClosed},
		{errors.Join(fs.ErrClosed, fs.ErrNotExist), `{"code":"missing","message":"file already closed\nfile does not exist"}`, fs.ErrNotExist},
		{errors.New("else"), `{"code":"other","message":"else"}`, nil},
	} {
		text, err := MarshalError(test.err, codes)
		require.NoError(t, err)
		assert.Equal(t, test.text, string(text))
		saved, err := UnmarshalError(text, codes)
		require.NoError(t, err)
		assert.EqualError(t, saved, test.err.Error())
		for _, c := range codes {
			assert.Equal(t, c.Err == test.is, errors.Is(saved, c.Err), "%v is %v", saved, c.Err)
		}
	}
	_, err := UnmarshalError([]byte("{"), codes)
	assert.Error(t, err)
}

func TestNames(t *testing.T) {
	type colour uint8
	names := []string{"unknown", "red"}
	assert.Equal(t, "red", Name(names, colour(1)))
	assert.Equal(t, "unknown", Name(names, colour(2)))
	var c colour
	require.NoError(t, Value(names, []byte("red"), &c))
	assert.EqualValues(t, 1, c)
	assert.EqualError(t, Value(names, []byte("blue"), &c), `unknown coded.colour "blue"`)
	assert.EqualValues(t, 1, c, "left as it was")
}
