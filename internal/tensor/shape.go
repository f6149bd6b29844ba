package tensor

// BroadcastShape is the shape that arrays of shapes a and b broadcast to by NumPy's
// rule: aligned at the last axis, sizes must be equal or one of them 1, and missing
// axes count as 1. The shape is written into dst's memory if that is large enough.
// ok is false, and shape nil, where the two do not broadcast.
func BroadcastShape(dst []int, a, b []int) (shape []int, ok bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	dst = append(dst[:0], a...)
	for i, d := range b {
		at := len(a) - len(b) + i
		switch {
		case dst[at] == d || d == 1:
		case dst[at] == 1:
			dst[at] = d
		default:
			return nil, false
		}
	}
	return dst, true
}

// maxRank is the number of axes up to which nests of loops live on the stack.
const maxRank = 8

// loop is one level of a nest of loops, outermost first, over the elements of up to
// three arrays: n iterations, each of which moves operand k on by step[k] elements.
type loop struct {
	n    int
	step [3]int
	i    int // the iteration a cursor is at
}

// nest appends a loop inside the given ones. A loop of one iteration is left out, and
// one that continues where the last leaves off becomes one with it.
func nest(loops []loop, n int, step [3]int) []loop {
	if n == 1 {
		return loops
	}
	if len(loops) > 0 {
		last := &loops[len(loops)-1]
		if last.step == [3]int{step[0] * n, step[1] * n, step[2] * n} {
			last.n *= n
			last.step = step
			return loops
		}
	}
	return append(loops, loop{n: n, step: step})
}

// broadcastLoops is the nest over an array of the given shape where operand k is an
// array of shape operands[k] that is broadcast to it.
func broadcastLoops(loops []loop, shape []int, operands ...[]int) []loop {
	var stride [3]int
	for k := range operands {
		stride[k] = SizeOf(operands[k])
	}
	for axis, n := range shape {
		var step [3]int
		for k, s := range operands {
			at := axis - len(shape) + len(s)
			if at < 0 || s[at] == 0 {
				continue
			}
			stride[k] /= s[at]
			if s[at] != 1 {
				step[k] = stride[k]
			}
		}
		loops = nest(loops, n, step)
	}
	return loops
}

// cursor walks a nest of loops and keeps each operand's offset.
type cursor struct {
	loops []loop
	at    [3]int
}

// seek moves to iteration i of the whole nest.
func (c *cursor) seek(i int) {
	c.at = [3]int{}
	for k := len(c.loops) - 1; k >= 0; k-- {
		l := &c.loops[k]
		l.i = i % l.n
		i /= l.n
		for m, s := range l.step {
			c.at[m] += l.i * s
		}
	}
}

// next moves to the next iteration; after the last one comes the first.
func (c *cursor) next() {
	for k := len(c.loops) - 1; k >= 0; k-- {
		l := &c.loops[k]
		if l.i++; l.i < l.n {
			c.at[0] += l.step[0]
			c.at[1] += l.step[1]
			c.at[2] += l.step[2]
			return
		}
		l.i = 0
		c.at[0] -= (l.n - 1) * l.step[0]
		c.at[1] -= (l.n - 1) * l.step[1]
		c.at[2] -= (l.n - 1) * l.step[2]
	}
}

// around is the shape seen from one axis: [outer, n, inner].
func around(shape []int, axis int) (outer, n, inner int) {
	return SizeOf(shape[:axis]), shape[axis], SizeOf(shape[axis+1:])
}
