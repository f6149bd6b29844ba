package autograd

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// String describes x in NumPy's manner: a header with element type, shape and
// role, and the elements in nested brackets, aligned in columns, with long axes cut
// to their ends.
//
//	float64 [2 3]
//	[[1  2.5 3]
//	 [4 -5   6]]
func (x Variable) String() string { return x.format(4, 'g') }

// Format implements fmt.Formatter. %v is String; %e, %f and %g set the notation of
// elements, and a precision, as in %.8f, the number of digits (4 without).
func (x Variable) Format(s fmt.State, verb rune) {
	precision, ok := s.Precision()
	if !ok {
		precision = 4
	}
	switch verb {
	case 'e', 'f', 'g', 'E', 'G':
		fmt.Fprint(s, x.format(precision, byte(verb)))
	case 'v', 's':
		fmt.Fprint(s, x.format(precision, 'g'))
	default:
		fmt.Fprintf(s, "%%!%c(autograd.Variable)", verb)
	}
}

const (
	formatThreshold = 1000 // arrays of more elements are cut
	formatEdge      = 3    // entries shown at either end of a cut axis
)

func (x Variable) format(precision int, notation byte) string {
	if x.n == nil {
		return "<zero Variable>"
	}
	if x.n.gen != x.gen {
		return "<Variable of a tape that was Reset>"
	}
	x.check("String")
	f := formatter{node: x.n, precision: precision, notation: notation, cut: x.n.Len() > formatThreshold}
	f.measure(0, 0)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", x.n.DType, shapeString(x.n.Shape))
	if role := roleOf(x.n); role != "" {
		b.WriteString(" " + role)
	}
	if x.n.Len() == 0 {
		b.WriteString("\n[]")
		return b.String()
	}
	b.WriteString("\n")
	f.write(&b, 0, 0)
	return b.String()
}

func roleOf(n *node) string {
	switch {
	case n.kind == parameter:
		return "parameter"
	case n.tracked || n.kind == derived:
		return opName(n)
	}
	return ""
}

// formatter writes the elements of a node.
type formatter struct {
	*node
	precision int
	notation  byte
	cut       bool
	left      int // greatest width before the decimal point
	right     int // greatest width from the decimal point on
}

func (f *formatter) number(i int) (text string, point int) {
	v := f.At(i)
	bits := 64
	if f.DType == Float32 {
		bits = 32
	}
	text = strconv.FormatFloat(v, f.notation, f.precision, bits)
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return text, len(text)
	}
	if point = strings.IndexAny(text, ".e"); point < 0 {
		point = len(text)
	}
	return text, point
}

// shown calls visit for each index along axis, and skip once where some are left
// out.
func (f *formatter) shown(axis int, visit func(i int), skip func()) {
	size := f.Shape[axis]
	for i := 0; i < size; i++ {
		if f.cut && size > 2*formatEdge && i == formatEdge {
			skip()
			i = size - formatEdge
		}
		visit(i)
	}
}

// measure finds the column widths of the elements below offset.
func (f *formatter) measure(axis, offset int) {
	if f.Len() == 0 {
		return
	}
	if axis == len(f.Shape) {
		text, point := f.number(offset)
		f.left, f.right = max(f.left, point), max(f.right, len(text)-point)
		return
	}
	stride := sizeOf(f.Shape[axis+1:])
	f.shown(axis, func(i int) { f.measure(axis+1, offset+i*stride) }, func() {})
}

func (f *formatter) write(b *strings.Builder, axis, offset int) {
	if axis == len(f.Shape) {
		text, point := f.number(offset)
		b.WriteString(strings.Repeat(" ", f.left-point))
		b.WriteString(text)
		if len(f.Shape) > 0 {
			b.WriteString(strings.Repeat(" ", f.right-(len(text)-point)))
		}
		return
	}
	separator := " "
	if rest := len(f.Shape) - axis; rest > 1 {
		separator = strings.Repeat("\n", rest-1) + strings.Repeat(" ", axis+1)
	}
	b.WriteString("[")
	stride := sizeOf(f.Shape[axis+1:])
	first := true
	next := func() {
		if !first {
			b.WriteString(separator)
		}
		first = false
	}
	f.shown(axis, func(i int) {
		next()
		f.write(b, axis+1, offset+i*stride)
	}, func() {
		next()
		b.WriteString("...")
	})
	b.WriteString("]")
}
