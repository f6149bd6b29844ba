package data

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// This file reads and writes NPY, the format of numpy.save:
//
//	"\x93NUMPY", a byte each for the major and minor version,
//	the length of the header, little-endian: uint16 in version 1, uint32 later,
//	the header: {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), },
//	the elements.

const (
	npyMagic     = "\x93NUMPY"
	maxNPYHeader = 1 << 16
	maxNPYRank   = 32 // NumPy's own
)

// ReadNPY reads an array as numpy.save writes it, plain or compressed with gzip, to
// the end of r. Elements of type bool, float16, float32 and integers of up to 16 bits become
// float32; float64 and longer integers become float64, and integers beyond 2⁵³ are
// rounded. Arrays in Fortran order are put in row-major order. What is malformed,
// truncated, of another type or followed by further bytes is a [*FormatError];
// memory is allocated as data arrive.
func ReadNPY(r io.Reader) (Array, error) { return readNPY(r, nameOf(r), 0) }

// ReadNPYFile reads the array at path; see [ReadNPY].
func ReadNPYFile(path string) (Array, error) {
	f, size, err := openFile(path)
	if err != nil {
		return Array{}, err
	}
	defer f.Close()
	return readNPY(f, path, size)
}

func readNPY(r io.Reader, name string, available int64) (Array, error) {
	content, err := uncompress(r, name)
	if err != nil {
		return Array{}, err
	}
	d := &binaryReader{r: content, name: name}
	h, _, err := readNPYLayout(d)
	if err != nil {
		return Array{}, err
	}
	raw, err := d.elements(h.size(), int(min(available, math.MaxInt32)))
	if err != nil {
		return Array{}, err
	}
	return h.array(raw), d.end()
}

// OpenNPY opens the array at path, as numpy.save writes it, to read single rows of. The
// caller closes it. It fails as [ReadNPYFile] does, and with a [*FormatError] for arrays in
// Fortran order, whose rows are not in one piece, for arrays without axes, for a file of
// another length than its header says, and for one that is compressed, of which
// [Uncompress] makes one that is not.
func OpenNPY(path string) (*ArrayFile, error) { return openArray(path, openNPYArray) }

func openNPYArray(d *binaryReader, source io.ReaderAt, size int64) (*ArrayFile, error) {
	h, at, err := readNPYLayout(d)
	if err != nil {
		return nil, err
	}
	if h.fortran && len(h.shape) > 1 {
		return nil, d.wrong(at, "an array in row-major order, whose rows can be read by themselves", "one in Fortran order")
	}
	if len(h.shape) == 0 {
		return nil, d.wrong(at, "an array of rows", "one without axes")
	}
	return arrayFileOf(d, source, size, h.shape, h.kind, h.order)
}

// readNPYLayout reads up to the elements, and gives what the header says and where it
// begins.
func readNPYLayout(d *binaryReader) (h *npyLayout, at int64, err error) {
	text, at, err := npyHeader(d)
	if err != nil {
		return nil, 0, err
	}
	h, bad := parseNPYHeader(text)
	if bad != nil {
		return nil, 0, d.wrong(at+int64(bad.position), bad.want, fmt.Sprintf("%.40q", text[min(bad.position, len(text)):]))
	}
	return h, at, nil
}

// npyHeader reads up to the elements, and gives the header's text and where it
// begins.
func npyHeader(d *binaryReader) (text string, at int64, err error) {
	var start [8]byte
	if err := d.full(start[:], "an NPY header"); err != nil {
		return "", 0, err
	}
	if string(start[:6]) != npyMagic {
		return "", 0, d.wrong(0, fmt.Sprintf("an NPY file, which begins with %q", npyMagic), fmt.Sprintf("%q", start[:6]))
	}
	field := make([]byte, 4)
	switch start[6] {
	case 1:
		field = field[:2]
	case 2, 3:
	default:
		return "", 0, d.wrong(6, "format version 1, 2 or 3", fmt.Sprint(start[6]))
	}
	if err := d.full(field, "the length of the header"); err != nil {
		return "", 0, err
	}
	var length uint32
	for i, b := range field {
		length |= uint32(b) << (8 * i)
	}
	if length > maxNPYHeader {
		return "", 0, d.wrong(8, fmt.Sprintf("a header of up to %d bytes", maxNPYHeader), fmt.Sprint(length))
	}
	at = d.offset
	header, err := d.bytes("the header", int(length), 0)
	return string(header), at, err
}

// npyLayout is what a header says.
type npyLayout struct {
	descr   string // of the type, by letter and size
	kind    elementType
	order   binary.ByteOrder
	fortran bool
	shape   []int
}

// size is the number of bytes of the elements.
func (h *npyLayout) size() int {
	size := h.kind.size
	for _, n := range h.shape {
		size *= n
	}
	return size
}

// array decodes the elements.
func (h *npyLayout) array(raw []byte) Array {
	dtype := Float32
	if h.kind.wide {
		dtype = Float64
	}
	a := makeArray(dtype, h.shape)
	h.each(len(raw)/h.kind.size, func(i, source int) {
		v := h.kind.decode(h.order, raw[source*h.kind.size:])
		if h.kind.wide {
			a.Float64s[i] = v
		} else {
			a.Float32s[i] = float32(v)
		}
	})
	return a
}

// each calls f for each of n elements in row-major order with its number in the file.
func (h *npyLayout) each(n int, f func(i, source int)) {
	if !h.fortran {
		for i := range n {
			f(i, i)
		}
		return
	}
	index := make([]int, len(h.shape))  // of the element of the array
	stride := make([]int, len(h.shape)) // of each axis, in the file
	for axis, step := 0, 1; axis < len(h.shape); axis++ {
		stride[axis] = step
		step *= h.shape[axis]
	}
	source := 0
	for i := range n {
		f(i, source)
		for axis := len(index) - 1; axis >= 0; axis-- {
			index[axis]++
			source += stride[axis]
			if index[axis] < h.shape[axis] {
				break
			}
			source -= stride[axis] * index[axis]
			index[axis] = 0
		}
	}
}

// npyFault is where a header is wrong, and what was expected there.
type npyFault struct {
	position int
	want     string
}

// npyParser reads the Python dictionary that a header is. It knows as much of
// Python as NumPy writes.
type npyParser struct {
	text     string
	position int
}

// parseNPYHeader reads a header.
func parseNPYHeader(text string) (*npyLayout, *npyFault) {
	p := &npyParser{text: text}
	h := &npyLayout{}
	seen := map[string]bool{}
	if !p.skip("{") {
		return nil, p.fault("{")
	}
	for !p.skip("}") {
		key, ok := p.quoted()
		if !ok {
			return nil, p.fault("the key 'descr', 'fortran_order' or 'shape'")
		}
		if !p.skip(":") {
			return nil, p.fault(":")
		}
		var fault *npyFault
		switch key {
		case "descr":
			fault = p.descr(h)
		case "fortran_order":
			fault = p.fortranOrder(h)
		case "shape":
			fault = p.shape(h)
		default:
			fault = p.fault("no key " + strconv.Quote(key))
		}
		if fault != nil {
			return nil, fault
		}
		seen[key] = true
		if !p.skip(",") && p.position < len(p.text) && p.text[p.position] != '}' {
			return nil, p.fault(", or }")
		}
	}
	if len(seen) != 3 {
		return nil, p.fault("the keys 'descr', 'fortran_order' and 'shape'")
	}
	if strings.TrimSpace(p.text[p.position:]) != "" {
		return nil, p.fault("nothing after the dictionary")
	}
	if _, ok := product(h.shape); !ok {
		return nil, &npyFault{0, addressable}
	}
	return h, nil
}

func (p *npyParser) fault(want string) *npyFault { return &npyFault{p.position, want} }

// skip goes past spaces, and past token if it follows.
func (p *npyParser) skip(token string) bool {
	rest := strings.TrimLeft(p.text[p.position:], " \n")
	p.position = len(p.text) - len(rest)
	if !strings.HasPrefix(rest, token) {
		return false
	}
	p.position += len(token)
	return true
}

// quoted reads a string in single or double quotes, without escapes.
func (p *npyParser) quoted() (string, bool) {
	for _, quote := range []string{"'", `"`} {
		if p.skip(quote) {
			s, _, closed := strings.Cut(p.text[p.position:], quote)
			p.position += min(len(s)+1, len(p.text)-p.position)
			return s, closed
		}
	}
	return "", false
}

func (p *npyParser) descr(h *npyLayout) *npyFault {
	p.skip("")
	start := p.position
	s, ok := p.quoted()
	if ok && len(s) == 3 && strings.ContainsRune("<>|=", rune(s[0])) {
		h.descr = s[1:]
		h.kind, ok = elementTypes[h.descr]
		h.order = binary.ByteOrder(binary.LittleEndian)
		if s[0] == '>' {
			h.order = binary.BigEndian
		}
		ok = ok && (s[0] != '|' || h.kind.size == 1)
	} else {
		ok = false
	}
	if strings.HasPrefix(p.text[start:], "[") {
		return &npyFault{start, "one element type, such as '<f4': columns of a structured array" + columnNames(p.text[start:]) + " are arrays of their own here"}
	}
	if !ok {
		return &npyFault{start, "an element type such as '<f4' or '<f8' (bool, integer, float32 or float64)"}
	}
	return nil
}

// columnNames is the names of the columns in a description, as " (a, b)": for an error, so the
// first few, of a list whose other parts are not understood.
func columnNames(descr string) string {
	var names []string
	for rest := descr; len(names) < 10; {
		_, after, ok := strings.Cut(rest, "(")
		if !ok {
			break
		}
		p := npyParser{text: after}
		if name, ok := p.quoted(); ok {
			names = append(names, fmt.Sprintf("%.40q", name))
		}
		rest = after
	}
	if names == nil {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

func (p *npyParser) fortranOrder(h *npyLayout) *npyFault {
	h.fortran = p.skip("True")
	if !h.fortran && !p.skip("False") {
		return p.fault("True or False")
	}
	return nil
}

func (p *npyParser) shape(h *npyLayout) *npyFault {
	if !p.skip("(") {
		return p.fault("a tuple of sizes")
	}
	h.shape = []int{}
	for !p.skip(")") {
		digits := 0
		for rest := p.text[p.position:]; digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9'; {
			digits++
		}
		n, err := strconv.Atoi(p.text[p.position : p.position+digits])
		if err != nil || len(h.shape) == maxNPYRank {
			return p.fault(fmt.Sprintf("up to %d sizes", maxNPYRank))
		}
		p.position += digits
		h.shape = append(h.shape, n)
		p.skip("L") // Python 2 wrote long integers so
		if !p.skip(",") && !strings.HasPrefix(p.text[p.position:], ")") {
			return p.fault(", or )")
		}
	}
	return nil
}

// WriteNPY writes a as numpy.save does, in format version 1: numpy.load reads it. It
// panics with [*ValueError] if a's shape does not fit its elements.
func WriteNPY(w io.Writer, a Array) error {
	if size := sizeOf("WriteNPY", a.Shape); size != len(a.Float32s)+len(a.Float64s) {
		misuse("WriteNPY", "shape %v of %d elements", slices.Clone(a.Shape), len(a.Float32s)+len(a.Float64s))
	}
	if len(a.Shape) > maxNPYRank {
		misuse("WriteNPY", "%d axes, want up to %d", len(a.Shape), maxNPYRank)
	}
	b := bufio.NewWriter(w)
	b.Write(npyBeginning(fmt.Sprintf("<f%d", a.DType().Size()), a.Shape))
	var p [8]byte
	for _, v := range a.Float32s {
		binary.LittleEndian.PutUint32(p[:4], math.Float32bits(v))
		b.Write(p[:4])
	}
	for _, v := range a.Float64s {
		binary.LittleEndian.PutUint64(p[:], math.Float64bits(v))
		b.Write(p[:])
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("data: writing NPY: %w", err)
	}
	return nil
}

// npyBeginning is what a file of this type and shape begins with, in format version 1.
func npyBeginning(descr string, shape []int) []byte {
	var sizes strings.Builder
	for _, n := range shape {
		fmt.Fprintf(&sizes, "%d, ", n)
	}
	tuple := strings.TrimSuffix(sizes.String(), " ")
	if len(shape) > 1 {
		tuple = strings.TrimSuffix(tuple, ",")
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, tuple)
	const before = len(npyMagic) + 4
	header += strings.Repeat(" ", 63-(before+len(header))%64) + "\n" // elements begin at a multiple of 64
	return append([]byte(npyMagic+"\x01\x00"), append([]byte{byte(len(header)), byte(len(header) >> 8)}, header...)...)
}
