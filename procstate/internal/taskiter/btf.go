package taskiter

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// btf is a kernel's BPF Type Format (Documentation/bpf/btf.rst), in which the
// layout of its structures is looked up at run time. Little-endian only.
type btf struct {
	types   []byte
	strings []byte
}

const btfMagic = 0xeb9f

// openBTF reads the header.
func openBTF(data []byte) (*btf, error) {
	le := binary.LittleEndian
	const headerSize = 24
	if len(data) < headerSize || le.Uint16(data) != btfMagic {
		return nil, procfile.Malformed("btf", "no little-endian BTF header")
	}
	body := uint64(le.Uint32(data[4:]))
	section := func(at int) ([]byte, bool) {
		from := body + uint64(le.Uint32(data[at:]))
		to := from + uint64(le.Uint32(data[at+4:]))
		if to > uint64(len(data)) {
			return nil, false
		}
		return data[from:to], true
	}
	types, ok := section(8)
	strings, ok2 := section(16)
	if !ok || !ok2 || len(strings) == 0 || strings[0] != 0 || strings[len(strings)-1] != 0 {
		return nil, procfile.Malformed("btf", "a section is cut")
	}
	return &btf{types, strings}, nil
}

// nameOffset returns where a name stands among the strings. BTF holds each one
// once, so that names are compared as numbers.
func (b *btf) nameOffset(name string) (uint32, bool) {
	at := bytes.Index(b.strings, []byte("\x00"+name+"\x00"))
	return uint32(at + 1), at >= 0
}

// Kinds of types that are looked for.
const (
	btfStruct = 4
	btfFunc   = 12
)

// btfTail is what follows the twelve bytes that every type has: so many bytes,
// and so many per member.
func btfTail(kind, members uint32) (size uint32, ok bool) {
	switch kind {
	case 1, 14, 17: // int, variable, declaration tag
		return 4, true
	case 3: // array
		return 12, true
	case btfStruct, 5, 15, 19: // struct, union, data section, 64-bit enumeration
		return 12 * members, true
	case 6, 13: // enumeration, function prototype
		return 8 * members, true
	case 2, 7, 8, 9, 10, 11, btfFunc, 16, 18: // pointer, forward, typedef, qualifiers, function, float, type tag
		return 0, true
	}
	return 0, false
}

// btfWanted says what to look up: the fields of structs, as "struct.field", and
// one function.
type btfWanted struct {
	fields   map[string][]string
	function string
}

// Layout is what was found: offsets in bits, and the type id of the function.
type Layout struct {
	bits     map[string]uint32
	function uint32
}

// lookup walks over all types once.
func (b *btf) lookup(wanted btfWanted) (Layout, error) {
	found := Layout{bits: map[string]uint32{}}
	type structure struct {
		name   string
		fields map[uint32]string
	}
	structs := map[uint32]structure{}
	missing := 0
	for name, fields := range wanted.fields {
		at, ok := b.nameOffset(name)
		s := structure{name, map[uint32]string{}}
		for _, field := range fields {
			if at, fieldOK := b.nameOffset(field); fieldOK && ok {
				s.fields[at] = field
			}
			missing++
		}
		structs[at] = s
	}
	function, ok := b.nameOffset(wanted.function)
	if !ok {
		return found, fmt.Errorf("%w: this kernel has no %s", procfile.ErrMalformed, wanted.function)
	}
	le := binary.LittleEndian
	id := uint32(0)
	for rest := b.types; len(rest) > 0; {
		id++
		const header = 12
		if len(rest) < header {
			return found, procfile.Malformed("btf", "a type is cut")
		}
		name, info := le.Uint32(rest), le.Uint32(rest[4:])
		kind, members := info>>24&0x1f, info&0xffff
		tail, known := btfTail(kind, members)
		if !known || uint64(len(rest)) < header+uint64(tail) {
			return found, procfile.Malformed("btf", "a type is cut or of an unknown kind")
		}
		body := rest[header : header+tail]
		rest = rest[header+tail:]
		switch {
		case kind == btfFunc && name == function:
			found.function = id
		case kind == btfStruct:
			s, ok := structs[name]
			for ; ok && len(body) > 0; body = body[12:] {
				if field, ok := s.fields[le.Uint32(body)]; ok {
					// Where the struct has bit fields the upper byte is their width.
					found.bits[s.name+"."+field] = le.Uint32(body[8:]) & 0xffffff
				}
			}
		}
	}
	if len(found.bits) != missing || found.function == 0 {
		return found, fmt.Errorf("%w: this kernel's structures have other fields", procfile.ErrMalformed)
	}
	return found, nil
}
