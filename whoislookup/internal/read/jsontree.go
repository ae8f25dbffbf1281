package read

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// node is one JSON value with the line that it ends in. The standard decoder
// loses positions, and a typed struct loses what servers spell differently.
type node struct {
	text   string // of a string, number or literal
	kind   byte   // '"', '0', 't', 'n', '{' or '['
	line   int32
	keys   []string
	values []node // members of an object or items of an array
}

// maxDepth is deeper than any RDAP answer nests (entities in entities).
const maxDepth = 48

// maxNodes bounds what a small answer can unfold to.
const maxNodes = 1 << 15

var errTooDeep = errors.New("nested too deep or of too many values")

// parseTree reads one JSON value and nothing behind it.
func parseTree(data []byte) (node, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	t := treeParser{data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1}
	t.dec.UseNumber()
	n, err := t.value(0)
	if err != nil {
		return node{}, err
	}
	if _, err := t.dec.Token(); !errors.Is(err, io.EOF) {
		return node{}, fmt.Errorf("more than one JSON value")
	}
	return n, nil
}

type treeParser struct {
	data  []byte
	dec   *json.Decoder
	at    int64
	line  int32
	nodes int
}

func (t *treeParser) value(depth int) (node, error) {
	if t.nodes++; depth > maxDepth || t.nodes > maxNodes {
		return node{}, errTooDeep
	}
	tok, err := t.dec.Token()
	if err != nil {
		return node{}, err
	}
	off := t.dec.InputOffset()
	t.line += int32(bytes.Count(t.data[t.at:off], []byte("\n")))
	t.at = off
	n := node{line: t.line}
	switch v := tok.(type) {
	case json.Delim:
		n.kind = byte(v)
		for t.dec.More() {
			if n.kind == '{' {
				key, err := t.value(depth + 1)
				if err != nil {
					return node{}, err
				}
				n.keys = append(n.keys, key.text)
			}
			item, err := t.value(depth + 1)
			if err != nil {
				return node{}, err
			}
			n.values = append(n.values, item)
		}
		_, err := t.dec.Token()
		return n, err
	case string:
		n.kind, n.text = '"', v
	case json.Number:
		n.kind, n.text = '0', v.String()
	case bool:
		n.kind, n.text = 't', fmt.Sprint(v)
	default:
		n.kind = 'n'
	}
	return n, nil
}

// get returns a member of an object; an empty node if there is none.
func (n *node) get(key string) *node {
	for i, k := range n.keys {
		if k == key {
			return &n.values[i]
		}
	}
	return &node{}
}

// items returns the items of an array, none for anything else.
func (n *node) items() []node {
	if n.kind != '[' {
		return nil
	}
	return n.values
}

// list returns the items of an array, or a value that stands where an array
// should be as the only item.
func (n *node) list() []node {
	switch n.kind {
	case '[':
		return n.values
	case '{', '"':
		return []node{*n}
	}
	return nil
}

// str returns a string or number; "" for anything else.
func (n *node) str() string {
	if n.kind == '"' || n.kind == '0' {
		return n.text
	}
	return ""
}
