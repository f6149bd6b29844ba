package torchfile

import (
	"bytes"
	"encoding/binary"
	"math"
	"path"
	"unicode/utf8"
)

// The instructions of a pickle.

// opcode is an instruction.
type opcode struct {
	name string
	run  func(m *machine) error
}

var opcodes [256]opcode

func init() {
	constant := func(value any) func(*machine) error {
		return func(m *machine) error { m.push(value); return nil }
	}
	for code, op := range map[byte]opcode{
		'\x80': {"PROTO", (*machine).protocol},
		'\x95': {"FRAME", func(m *machine) error { _, err := m.number(8); return err }},
		'.':    {"STOP", nil},

		'(': {"MARK", func(m *machine) error { m.marks = append(m.marks, len(m.stack)); return nil }},
		'0': {"POP", (*machine).discard},
		'1': {"POP_MARK", func(m *machine) error { _, err := m.popMark(); return err }},
		'q': {"BINPUT", func(m *machine) error { return m.put(1) }},
		'r': {"LONG_BINPUT", func(m *machine) error { return m.put(4) }},
		'h': {"BINGET", func(m *machine) error { return m.get(1) }},
		'j': {"LONG_BINGET", func(m *machine) error { return m.get(4) }},
		'\x94': {"MEMOIZE", func(m *machine) error {
			return m.remember(uint32(len(m.memo)))
		}},

		'N':    {"NONE", constant(nil)},
		'\x88': {"NEWTRUE", constant(true)},
		'\x89': {"NEWFALSE", constant(false)},
		'J':    {"BININT", func(m *machine) error { n, err := m.number(4); m.push(int64(int32(n))); return err }},
		'K':    {"BININT1", func(m *machine) error { n, err := m.number(1); m.push(int64(n)); return err }},
		'M':    {"BININT2", func(m *machine) error { n, err := m.number(2); m.push(int64(n)); return err }},
		'\x8a': {"LONG1", func(m *machine) error { return m.long(1) }},
		'\x8b': {"LONG4", func(m *machine) error { return m.long(4) }},
		'G':    {"BINFLOAT", (*machine).float},

		'X':    {"BINUNICODE", func(m *machine) error { return m.text(4) }},
		'\x8c': {"SHORT_BINUNICODE", func(m *machine) error { return m.text(1) }},
		'\x8d': {"BINUNICODE8", func(m *machine) error { return m.text(8) }},
		'U':    {"SHORT_BINSTRING", func(m *machine) error { return m.text(1) }},
		'T':    {"BINSTRING", func(m *machine) error { return m.text(4) }},
		'C':    {"SHORT_BINBYTES", func(m *machine) error { p, err := m.sized(1); m.push(p); return err }},
		'B':    {"BINBYTES", func(m *machine) error { p, err := m.sized(4); m.push(p); return err }},
		'\x8e': {"BINBYTES8", func(m *machine) error { p, err := m.sized(8); m.push(p); return err }},

		')':    {"EMPTY_TUPLE", constant(tuple{})},
		'\x85': {"TUPLE1", func(m *machine) error { return m.tuple(1) }},
		'\x86': {"TUPLE2", func(m *machine) error { return m.tuple(2) }},
		'\x87': {"TUPLE3", func(m *machine) error { return m.tuple(3) }},
		't':    {"TUPLE", func(m *machine) error { items, err := m.popMark(); m.push(tuple(items)); return err }},
		']':    {"EMPTY_LIST", func(m *machine) error { m.push(&list{}); return nil }},
		'\x8f': {"EMPTY_SET", func(m *machine) error { m.push(&list{}); return nil }},
		'a':    {"APPEND", func(m *machine) error { item, err := m.pop(); return m.extend([]any{item}, err) }},
		'e':    {"APPENDS", func(m *machine) error { items, err := m.popMark(); return m.extend(items, err) }},
		'\x90': {"ADDITEMS", func(m *machine) error { items, err := m.popMark(); return m.extend(items, err) }},
		'}':    {"EMPTY_DICT", func(m *machine) error { m.push(&dict{}); return nil }},
		's':    {"SETITEM", (*machine).setItem},
		'u':    {"SETITEMS", func(m *machine) error { items, err := m.popMark(); return m.setItems(items, err) }},

		'c':    {"GLOBAL", (*machine).global},
		'\x93': {"STACK_GLOBAL", (*machine).stackGlobal},
		'R':    {"REDUCE", (*machine).reduce},
		'\x81': {"NEWOBJ", (*machine).reduce},
		'b':    {"BUILD", (*machine).build},
		'Q':    {"BINPERSID", (*machine).persistentID},
	} {
		opcodes[code] = op
	}
}

func (m *machine) protocol() error {
	version, err := m.number(1)
	if err == nil && (version < 2 || version > 5) {
		return m.wrong("pickle protocol %d: expected 2 to 5", version)
	}
	return err
}

func (m *machine) discard() error {
	if len(m.marks) > 0 && len(m.stack) == m.floor() {
		m.marks = m.marks[:len(m.marks)-1]
		return nil
	}
	_, err := m.pop()
	return err
}

func (m *machine) put(size uint64) error {
	n, err := m.number(size)
	if err != nil {
		return err
	}
	return m.remember(uint32(n))
}

func (m *machine) remember(n uint32) error {
	value, err := m.top()
	m.memo[n] = value
	return err
}

func (m *machine) get(size uint64) error {
	n, err := m.number(size)
	if err != nil {
		return err
	}
	value, ok := m.memo[uint32(n)]
	if !ok {
		return m.wrong("nothing is kept under the number %d", n)
	}
	m.push(value)
	return nil
}

// long reads an integer in two's complement.
func (m *machine) long(size uint64) error {
	p, err := m.sized(size)
	if err != nil {
		return err
	}
	if len(p) > 8 {
		m.push(long(p))
		return nil
	}
	var n int64
	for i := len(p) - 1; i >= 0; i-- {
		n = n<<8 | int64(p[i])
	}
	if len(p) > 0 {
		shift := 64 - 8*len(p)
		n = n << shift >> shift
	}
	m.push(n)
	return nil
}

func (m *machine) float() error {
	p, err := m.take(8)
	if err == nil {
		m.push(math.Float64frombits(binary.BigEndian.Uint64(p)))
	}
	return err
}

func (m *machine) text(size uint64) error {
	p, err := m.sized(size)
	if err != nil {
		return err
	}
	if !utf8.Valid(p) {
		p = bytes.ToValidUTF8(p, []byte("\uFFFD"))
	}
	m.push(string(p))
	return nil
}

func (m *machine) tuple(n int) error {
	if len(m.stack)-m.floor() < n {
		return m.wrong("%d values are on the stack, expected %d", len(m.stack)-m.floor(), n)
	}
	from := len(m.stack) - n
	items := tuple(append([]any(nil), m.stack[from:]...))
	m.stack = append(m.stack[:from], items)
	return nil
}

// extend adds to the list below.
func (m *machine) extend(items []any, err error) error {
	if err != nil {
		return err
	}
	below, err := m.top()
	if err != nil {
		return err
	}
	switch l := below.(type) {
	case *list:
		l.items = append(l.items, items...)
	case opaque:
	default:
		return m.wrong("expected a list, got %s", describe(below))
	}
	return nil
}

func (m *machine) setItem() error {
	value, err := m.pop()
	if err != nil {
		return err
	}
	key, err := m.pop()
	return m.setItems([]any{key, value}, err)
}

// setItems adds keys and values to the dict below.
func (m *machine) setItems(items []any, err error) error {
	if err != nil {
		return err
	}
	below, err := m.top()
	if err != nil {
		return err
	}
	if len(items)%2 != 0 {
		return m.wrong("a key has no value")
	}
	switch d := below.(type) {
	case *dict:
		for i := 0; i < len(items); i += 2 {
			d.items = append(d.items, item{items[i], items[i+1]})
		}
	case opaque:
	default:
		return m.wrong("expected a dict, got %s", describe(below))
	}
	return nil
}

func (m *machine) global() error {
	module, err := m.line()
	if err != nil {
		return err
	}
	name, err := m.line()
	if err != nil {
		return err
	}
	return m.pushGlobal(module, name)
}

func (m *machine) stackGlobal() error {
	name, err := popAs[string](m, "the name of a global")
	if err != nil {
		return err
	}
	module, err := popAs[string](m, "the name of a module")
	if err != nil {
		return err
	}
	return m.pushGlobal(module, name)
}

// pushGlobal pushes a global if it is allowed.
func (m *machine) pushGlobal(module, name string) error {
	full := module + "." + name
	g, ok := globals[full]
	if !ok {
		for _, pattern := range m.s.options.Opaque {
			if match, _ := path.Match(pattern, full); match {
				g, ok = opaqueGlobal(full), true
			}
		}
	}
	if !ok {
		return m.wrong("the pickle names %.200q, which is none of the globals of state_dicts: it is refused; Options.Opaque can leave it out, and model.state_dict() does not have it", full)
	}
	m.push(g)
	return nil
}

// reduce calls a global with arguments.
func (m *machine) reduce() error {
	args, err := popAs[tuple](m, "a tuple of arguments")
	if err != nil {
		return err
	}
	callee, err := m.pop()
	if err != nil {
		return err
	}
	if callee == (any)(opaque{}) {
		m.push(opaque{})
		return nil
	}
	g, ok := callee.(*global)
	if !ok || g.call == nil {
		return m.wrong("%s cannot be called", describe(callee))
	}
	value, err := g.call(m, args)
	if err != nil {
		return m.wrong("%s: %v", g.name, err)
	}
	if t, ok := value.(*tensor); ok && t.from == 0 {
		t.from = m.op
	}
	m.push(value)
	return nil
}

// build gives an object attributes. Those of what is not opaque mean nothing: a state_dict has
// versions of its modules.
func (m *machine) build() error {
	if _, err := m.pop(); err != nil {
		return err
	}
	below, err := m.top()
	if err != nil {
		return err
	}
	switch below.(type) {
	case *dict, *tensor, opaque:
		return nil
	}
	return m.wrong("%s cannot have attributes", describe(below))
}

func (m *machine) persistentID() error {
	id, err := popAs[tuple](m, "a tuple that names a storage")
	if err != nil {
		return err
	}
	if m.persistent == nil {
		return m.wrong("there are no storages here")
	}
	value, err := m.persistent(id)
	if err != nil {
		return m.wrong("%v", err)
	}
	m.push(value)
	return nil
}
