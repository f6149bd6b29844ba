package torchfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"path"
	"unicode/utf8"
)

// A pickle is a program for a machine with a stack. Of its instructions these are the ones
// that PyTorch's files have, in any protocol from 2 on; each makes a value, and none does
// anything. Every length is compared with what is left of the file before memory is
// allocated, so a pickle takes memory in proportion to its size.

// machine runs a pickle.
type machine struct {
	s    *source
	r    *bufio.Reader
	left int64 // bytes that are not read yet
	at   int64 // in the file: of the next byte
	op   int64 // of the opcode that is run

	stack []any
	marks []int // where in the stack marks are
	memo  map[uint32]any

	copied     int64 // values
	persistent func(id tuple) (any, error)
}

// newMachine is a machine for pickles that lie in a part of the file.
func (s *source) newMachine(start, size int64) *machine {
	return &machine{s: s, r: bufio.NewReader(io.NewSectionReader(s.r, start, size)), at: start, left: size}
}

// spend counts values that are copied, of which there are to be no more than bytes in the file:
// a pickle that has one dict copied many times would fill any memory.
func (m *machine) spend(values int) error {
	if m.copied += int64(values); m.copied > m.s.size {
		return errors.New("the pickle has more values copied than it has bytes")
	}
	return nil
}

// wrong is an error at the opcode that is run.
func (m *machine) wrong(format string, args ...any) error {
	return m.s.wrong(m.op, nil, format, args...)
}

// run runs one pickle and returns what it makes.
func (m *machine) run() (any, error) {
	m.stack, m.marks, m.memo = nil, nil, map[uint32]any{}
	for {
		m.op = m.at
		code, err := m.take(1)
		if err != nil {
			return nil, err
		}
		op := opcodes[code[0]]
		switch {
		case op.name == "STOP":
			return m.pop()
		case op.run == nil:
			return nil, m.wrong("the opcode %#02x is none that PyTorch's files have", code[0])
		}
		if err := op.run(m); err != nil {
			return nil, err
		}
	}
}

// take reads n bytes, which are valid for good.
func (m *machine) take(n uint64) ([]byte, error) {
	if n > uint64(m.left) {
		return nil, m.s.wrong(m.at+m.left, io.ErrUnexpectedEOF, "expected %d bytes from byte %d on, in the pickle", n, m.at)
	}
	p := make([]byte, n)
	got, err := io.ReadFull(m.r, p)
	m.at += int64(got)
	m.left -= int64(got)
	if err != nil {
		return nil, m.s.wrong(m.at, err, "expected %d bytes of the pickle", n)
	}
	return p, nil
}

// number reads a little-endian number of so many bytes.
func (m *machine) number(size uint64) (uint64, error) {
	p, err := m.take(size)
	if err != nil {
		return 0, err
	}
	var all [8]byte
	copy(all[:], p)
	return binary.LittleEndian.Uint64(all[:]), nil
}

// sized reads a length of so many bytes, and as many bytes.
func (m *machine) sized(size uint64) ([]byte, error) {
	n, err := m.number(size)
	if err != nil {
		return nil, err
	}
	return m.take(n)
}

// maxLine is the longest line that is read: the name of a module or a class.
const maxLine = 1 << 10

// line reads up to the end of a line.
func (m *machine) line() (string, error) {
	var line []byte
	for len(line) < maxLine {
		p, err := m.take(1)
		if err != nil {
			return "", err
		}
		if p[0] == '\n' {
			return string(line), nil
		}
		line = append(line, p[0])
	}
	return "", m.wrong("expected a name of up to %d bytes", maxLine)
}

func (m *machine) push(value any) { m.stack = append(m.stack, value) }

// floor is where the stack ends for what pops single values: at the last mark.
func (m *machine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) pop() (any, error) {
	value, err := m.top()
	if err == nil {
		m.stack = m.stack[:len(m.stack)-1]
	}
	return value, err
}

func (m *machine) top() (any, error) {
	if len(m.stack) == m.floor() {
		return nil, m.wrong("nothing is on the stack")
	}
	return m.stack[len(m.stack)-1], nil
}

// popMark takes what lies on the last mark.
func (m *machine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, m.wrong("there is no mark on the stack")
	}
	floor := m.floor()
	items := append([]any(nil), m.stack[floor:]...)
	m.stack = m.stack[:floor]
	m.marks = m.marks[:len(m.marks)-1]
	return items, nil
}

// popAs takes a value of a type.
func popAs[T any](m *machine, want string) (T, error) {
	value, err := m.pop()
	if err != nil {
		var none T
		return none, err
	}
	v, ok := value.(T)
	if !ok {
		return v, m.wrong("expected %s, got %s", want, describe(value))
	}
	return v, nil
}

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
