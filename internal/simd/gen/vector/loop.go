package main

import (
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// maskTable names 32 bytes of ones followed by 32 of zeros. The vector 4r (8r)
// bytes before the middle has its first r lanes set.
const maskTable = "masks"

// tailMask returns a vector whose first n lanes are set, n < lanes.
func (f *function) tailMask(n reg.GPVirtual) vec {
	table, offset := f.GP64(), f.GP64()
	f.LEAQ(operand.NewDataAddr(operand.NewStaticSymbol(maskTable), vectorBytes), table)
	f.MOVQ(n, offset)
	f.NEGQ(offset)
	return f.copy(operand.Mem{Base: table, Index: offset, Scale: uint8(f.bytes())})
}

// stream is a slice that a loop walks along. In a broadcast stream step is the
// register that holds how many bytes a vector advances, 0 or 32.
type stream struct {
	pointer reg.GPVirtual
	step    *reg.GPVirtual
}

// in returns the streams of pointer parameters.
func (f *function) streams(names ...string) []stream {
	s := make([]stream, len(names))
	for i, name := range names {
		s[i] = stream{pointer: f.load64(name)}
	}
	return s
}

// at is the j-th vector from the stream's position.
func (s stream) at(j int) operand.Mem {
	return operand.Mem{Base: s.pointer, Disp: j * vectorBytes}
}

func (f *function) store(v vec, m op) { f.emitFloat("VMOVU", v, m) }

// partialLoad sets v to the first n elements at s, n < lanes, and zeros. It reads
// them in the pieces partialStore writes: the processor hands a value from a
// store to a load of the same bytes at once, but makes a load wait that spans
// several stores, which a masked one would.
func (f *function) partialLoad(v vec, s stream, n reg.GPVirtual) {
	x := v.AsX()
	f.emitFloat("VXOR", v, v, v)
	at := func(lower int) operand.Mem {
		offset := f.GP64()
		f.MOVQ(n, offset)
		f.ANDQ(operand.I32(lower), offset)
		return operand.Mem{Base: s.pointer, Index: offset, Scale: uint8(f.bytes())}
	}
	piece := f.YMM()
	if f.double {
		f.ifBit(n, 1, func() { f.VMOVSD(at(2), x) })
		f.ifBit(n, 2, func() {
			f.VBROADCASTF128(s.at(0), piece)
			f.VINSERTF128(operand.U8(1), x, piece, v)
		})
		return
	}
	f.ifBit(n, 1, func() { f.VMOVSS(at(6), x) })
	f.ifBit(n, 2, func() {
		f.VMOVSD(at(4), piece.AsX())
		f.VMOVLHPS(x, piece.AsX(), x)
	})
	f.ifBit(n, 4, func() {
		f.VBROADCASTF128(s.at(0), piece)
		f.VINSERTF128(operand.U8(1), x, piece, v)
	})
}

func (f *function) maskedLoad(m op, mask vec) vec {
	d := f.YMM()
	f.emitFloat("VMASKMOV", m, mask, d)
	return d
}

// ifBit runs the body if n has the bit.
func (f *function) ifBit(n reg.GPVirtual, bit uint32, body func()) {
	skip := f.label("skip")
	f.TESTQ(operand.U32(bit), n)
	f.JE(ref(skip))
	body()
	f.Label(skip)
}

// partialStore writes the first n elements of v, n < lanes, to s and moves s. A
// masked store would take as long as half a dozen of these.
func (f *function) partialStore(v vec, s stream, n reg.GPVirtual) {
	x := v.AsX()
	half := func() {
		f.emitFloat("VMOVU", x, s.at(0))
		f.VEXTRACTF128(operand.U8(1), v, x)
		f.ADDQ(operand.I32(vectorBytes/2), s.pointer)
	}
	if f.double {
		f.ifBit(n, 2, half)
		f.ifBit(n, 1, func() { f.VMOVSD(x, s.at(0)) })
		return
	}
	f.ifBit(n, 4, half)
	f.ifBit(n, 2, func() {
		f.VMOVLPS(x, s.at(0))
		f.VPSRLDQ(operand.U8(8), x, x)
		f.ADDQ(operand.I32(8), s.pointer)
	})
	f.ifBit(n, 1, func() { f.VMOVSS(x, s.at(0)) })
}

// advance moves the streams on by some vectors; broadcast streams move by
// their step register, which is kept scaled to the loop at hand.
func (f *function) advance(vectors int, streams ...stream) {
	for _, s := range distinct(streams) {
		if s.step != nil {
			f.ADDQ(*s.step, s.pointer)
		} else {
			f.ADDQ(operand.I32(vectors*vectorBytes), s.pointer)
		}
	}
}

// distinct drops the repetitions of a stream that is both read and written.
func distinct(streams []stream) []stream {
	var out []stream
	for _, s := range streams {
		seen := false
		for _, o := range out {
			seen = seen || o.pointer == s.pointer
		}
		if !seen {
			out = append(out, s)
		}
	}
	return out
}

// shortLoop maps cheap functions: four vectors a turn, then one a turn, then a
// rest. body takes one operand per input stream and returns one vector
// per output stream; its operands may be memory.
func (f *function) shortLoop(n reg.GPVirtual, in, out []stream, body func(x []op) []vec) {
	const unroll = 4
	lanes := f.lanes()
	all := append(append([]stream{}, in...), out...)
	four, one, tail, done := f.label("four"), f.label("one"), f.label("tail"), f.label("done")

	f.SUBQ(operand.I32(unroll*lanes), n)
	f.JL(ref(one))
	f.Label(four)
	for j := range unroll {
		x := make([]op, len(in))
		for i, s := range in {
			x[i] = s.at(j)
		}
		for i, y := range body(x) {
			f.store(y, out[i].at(j))
		}
	}
	f.advance(unroll, all...)
	f.SUBQ(operand.I32(unroll*lanes), n)
	f.JGE(ref(four))

	f.Label(one)
	for _, s := range in {
		if s.step != nil {
			f.SHRQ(operand.U8(2), *s.step)
		}
	}
	again := f.label("again")
	f.ADDQ(operand.I32((unroll-1)*lanes), n)
	f.JL(ref(tail))
	f.Label(again)
	x := make([]op, len(in))
	for i, s := range in {
		x[i] = s.at(0)
	}
	for i, y := range body(x) {
		f.store(y, out[i].at(0))
	}
	f.advance(1, all...)
	f.SUBQ(operand.I32(lanes), n)
	f.JGE(ref(again))

	f.Label(tail)
	f.ADDQ(operand.I32(lanes), n)
	f.JE(ref(done))
	for i, s := range in {
		v := f.YMM()
		f.partialLoad(v, s, n)
		x[i] = v
	}
	for i, y := range body(x) {
		f.partialStore(y, out[i], n)
	}
	f.Label(done)
}

// mapping is what longLoop does to each vector.
type mapping struct {
	in, out []stream

	// body computes the results, one for each output stream. It is a straight
	// line that touches no flags, and may change its arguments.
	body func(x []vec) []vec

	// guard, where set, looks at the arguments first and may jump out; n then
	// still counts them.
	guard func(x []vec)

	// each, where set, sees the results; mask is nil but in the rest.
	each func(y []vec, mask func() vec)
}

// longLoop maps costly functions: two vectors a turn with their instructions
// interleaved, if there are registers for that, then one a turn. The rest
// enters and leaves the body of the latter by side doors.
func (f *function) longLoop(n reg.GPVirtual, m mapping) {
	lanes := operand.I32(f.lanes())
	all := append(append([]stream{}, m.in...), m.out...)
	load := func(j int) []vec {
		x := make([]vec, len(m.in))
		for i, s := range m.in {
			x[i] = f.copy(s.at(j))
		}
		return x
	}
	guard := func(x []vec) {
		if m.guard != nil {
			m.guard(x)
		}
	}
	store := func(y []vec, j int) {
		for i, s := range m.out {
			f.store(y[i], s.at(j))
		}
		if m.each != nil {
			m.each(y, nil)
		}
	}

	loop := f.label("loop")
	if f.wide {
		two := f.label("two")
		f.Label(two)
		f.CMPQ(n, 2*lanes)
		f.JL(ref(loop))
		x := [2][]vec{load(0), load(1)}
		guard(x[0])
		guard(x[1])
		var y [2][]vec
		f.interleave(2, func(j int) { y[j] = m.body(x[j]) })
		store(y[0], 0)
		store(y[1], 1)
		f.advance(2, all...)
		f.SUBQ(2*lanes, n)
		f.JMP(ref(two))
	}

	enter, rest, leave, done := f.label("enter"), f.label("rest"), f.label("leave"), f.label("done")
	f.Label(loop)
	f.CMPQ(n, lanes)
	f.JL(ref(rest))
	x := load(0)
	f.Label(enter)
	guard(x)
	y := m.body(x)
	f.CMPQ(n, lanes)
	f.JL(ref(leave))
	store(y, 0)
	f.advance(1, all...)
	f.SUBQ(lanes, n)
	f.JMP(ref(loop))

	f.Label(rest)
	f.TESTQ(n, n)
	f.JE(ref(done))
	for i, s := range m.in {
		f.partialLoad(x[i], s, n)
	}
	f.JMP(ref(enter))

	f.Label(leave)
	if m.each != nil {
		m.each(y, func() vec { return f.tailMask(n) })
	}
	for i, s := range m.out {
		f.partialStore(y[i], s, n)
	}
	f.Label(done)
}

// interleave emits the instructions of emit(0), emit(1), … in turns, one of each.
// They must be the same straight line of instructions on different registers,
// and touch no flags.
func (f *function) interleave(k int, emit func(i int)) {
	file, err := f.Result()
	if err != nil {
		panic(err)
	}
	function := file.Functions()[0]
	start := len(function.Nodes)
	for i := range k {
		emit(i)
	}
	lines := append([]ir.Node{}, function.Nodes[start:]...)
	each := len(lines) / k
	for i := range lines {
		function.Nodes[start+i] = lines[i%k*each+i/k]
	}
}

// fold reduces the streams into accumulators: one vector for each of them a
// turn, then one a turn into the first, then the rest. add folds the operands x
// into the accumulator; mask is nil but in the rest, where x has zeros in the
// lanes it leaves out.
func (f *function) fold(n reg.GPVirtual, in []stream, acc []vec, add func(acc vec, x []op, mask func() vec)) {
	lanes := f.lanes()
	wide := len(acc) * lanes
	many, one, again, tail, done := f.label("many"), f.label("one"), f.label("again"), f.label("tail"), f.label("done")
	x := make([]op, len(in))

	f.SUBQ(operand.I32(wide), n)
	f.JL(ref(one))
	f.Label(many)
	for j := range acc {
		for i, s := range in {
			x[i] = s.at(j)
		}
		add(acc[j], x, nil)
	}
	f.advance(len(acc), in...)
	f.SUBQ(operand.I32(wide), n)
	f.JGE(ref(many))

	f.Label(one)
	f.ADDQ(operand.I32(wide-lanes), n)
	f.JL(ref(tail))
	f.Label(again)
	for i, s := range in {
		x[i] = s.at(0)
	}
	add(acc[0], x, nil)
	f.advance(1, in...)
	f.SUBQ(operand.I32(lanes), n)
	f.JGE(ref(again))

	f.Label(tail)
	f.ADDQ(operand.I32(lanes), n)
	f.JE(ref(done))
	for i, s := range in {
		v := f.YMM()
		f.partialLoad(v, s, n)
		x[i] = v
	}
	add(acc[0], x, func() vec { return f.tailMask(n) })
	f.Label(done)
}

// zeros returns k registers of zeros.
func (f *function) zeros(k int) []vec {
	v := make([]vec, k)
	for i := range v {
		v[i] = f.zero()
	}
	return v
}

func (f *function) zero() vec {
	d := f.YMM()
	f.emitFloat("VXOR", d, d, d)
	return d
}

// joinAll combines the registers pairwise with the instruction into the first.
func (f *function) joinAll(name string, v []vec) vec {
	for width := len(v); width > 1; width = (width + 1) / 2 {
		for i := range width / 2 {
			f.emitFloat(name, v[i+(width+1)/2], v[i], v[i])
		}
	}
	return v[0]
}

// horizontal combines the lanes of v with the instruction into every lane of
// the low half of v, and returns it.
func (f *function) horizontal(name string, v vec) vec {
	low, high := v.AsX(), f.YMM().AsX()
	f.VEXTRACTF128(operand.U8(1), v, high)
	f.emitFloat(name, high, low, low)
	f.VPSHUFD(operand.U8(0x4e), low, high)
	f.emitFloat(name, high, low, low)
	if !f.double {
		f.VPSHUFD(operand.U8(0xb1), low, high)
		f.emitFloat(name, high, low, low)
	}
	return v
}

// spread copies lane 0 of v to all lanes.
func (f *function) spread(v vec) vec {
	d := f.YMM()
	f.emit(pick(f, "VBROADCASTSS", "VBROADCASTSD"), v.AsX(), d)
	return d
}
