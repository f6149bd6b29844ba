package torchfile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
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
