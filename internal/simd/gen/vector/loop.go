package main

import (
	"math/bits"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// stream is a slice that a loop walks along. In a broadcast stream step is the
// register that holds how many bytes the loop at hand advances, or 0.
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
func (s stream) at(f *function, j int) operand.Mem {
	return operand.Mem{Base: s.pointer, Disp: j * f.vectorBytes()}
}

func (f *function) store(v vec, m op) { f.emitFloat("VMOVU", v, m) }

// advance moves the streams on by some vectors; broadcast streams move by
// their step register, which is kept scaled to the loop at hand.
func (f *function) advance(vectors int, streams ...stream) {
	for _, s := range distinct(streams) {
		if s.step != nil {
			f.ADDQ(*s.step, s.pointer)
		} else {
			f.ADDQ(operand.I32(vectors*f.vectorBytes()), s.pointer)
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

// turnBytes is how much of each stream a turn of shortLoop takes up. It is 1<<turnShift.
const (
	turnBytes = 1 << turnShift
	turnShift = 7
)

// shortLoop maps cheap functions: several vectors a turn, then one a turn, then a
// rest. body takes one operand per input stream and returns one vector
// per output stream; its operands may be memory.
func (f *function) shortLoop(n reg.GPVirtual, in, out []stream, body func(x []op) []vec) {
	unroll := turnBytes / f.vectorBytes()
	lanes := f.lanes()
	all := append(append([]stream{}, in...), out...)
	many, one, tail, done := f.label("many"), f.label("one"), f.label("tail"), f.label("done")

	f.SUBQ(operand.I32(unroll*lanes), n)
	f.JL(ref(one))
	f.Label(many)
	for j := range unroll {
		x := make([]op, len(in))
		for i, s := range in {
			x[i] = s.at(f, j)
		}
		for i, y := range body(x) {
			f.store(y, out[i].at(f, j))
		}
	}
	f.advance(unroll, all...)
	f.SUBQ(operand.I32(unroll*lanes), n)
	f.JGE(ref(many))

	f.Label(one)
	for _, s := range in {
		if s.step != nil {
			f.SHRQ(operand.U8(bits.Len(uint(unroll))-1), *s.step)
		}
	}
	again := f.label("again")
	f.ADDQ(operand.I32((unroll-1)*lanes), n)
	f.JL(ref(tail))
	f.Label(again)
	x := make([]op, len(in))
	for i, s := range in {
		x[i] = s.at(f, 0)
	}
	for i, y := range body(x) {
		f.store(y, out[i].at(f, 0))
	}
	f.advance(1, all...)
	f.SUBQ(operand.I32(lanes), n)
	f.JGE(ref(again))

	f.Label(tail)
	f.ADDQ(operand.I32(lanes), n)
	f.JE(ref(done))
	for i, s := range in {
		v := f.vector()
		f.partialLoad(v, s, n)
		x[i] = v
	}
	for i, y := range body(x) {
		f.partialStore(y, out[i], n)
	}
	f.Label(done)
}

const cacheLine = 64

// writeAhead is how many bytes ahead of what is written lies what will be and is fetched,
// where mapping says that inputs are too. That is of use in float64 only: exponentials of
// float32 keep up with memory, and fetching more costs them a fifth.
const writeAhead = 2048

// mapping is what longLoop does to each vector.
type mapping struct {
	in, out []stream

	// body computes the results, one for each output stream. It is a straight
	// line that touches no flags, and may change its arguments.
	body func(x []vec) []vec

	// guard, where set, looks at the arguments first and may jump out; n then
	// still counts them.
	guard func(x []vec)

	// rare, where set, says in which lanes instead computes the results, which is left out
	// where there are none. Then body leaves its arguments alone.
	rare    func(x []vec) mask
	instead func(x []vec) []vec

	// next, where set, holds how many bytes behind the first input lies what will
	// be read next, for the processor to fetch meanwhile.
	next *reg.GPVirtual

	// each, where set, sees the results; lanes is nil but in the rest.
	each func(y []vec, lanes func() mask)
}

// longLoop maps costly functions: two vectors a turn with their instructions
// interleaved, if there are registers for that, then one a turn. The rest is one turn
// more of the latter loop, with other loads before it and other stores after it.
func (f *function) longLoop(n reg.GPVirtual, m mapping) {
	lanes := operand.I32(f.lanes())
	all := append(append([]stream{}, m.in...), m.out...)
	load := func(j int) []vec {
		x := make([]vec, len(m.in))
		for i, s := range m.in {
			x[i] = f.copy(s.at(f, j))
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
			f.store(y[i], s.at(f, j))
		}
		if m.each != nil {
			m.each(y, nil)
		}
	}

	// exceptions puts right what body made of vectors with rare lanes, out of line, in
	// the code that it returns.
	exceptions := func(x, y [][]vec) (outOfLine func()) {
		if m.rare == nil {
			return func() {}
		}
		seldom, common := f.label("seldom"), f.label("common")
		any := m.rare(x[0])
		for _, x := range x[1:] {
			f.joinMask(any, m.rare(x))
		}
		f.jumpIfAny(any, seldom)
		f.Label(common)
		return func() {
			f.Label(seldom)
			f.seldom = true
			for j, x := range x {
				for i, v := range m.instead(x) {
					f.emitFloat("VMOVU", f.blend(y[j][i], v, m.rare(x)), y[j][i])
				}
			}
			f.seldom = false
			f.JMP(ref(common))
		}
	}

	loop := f.label("loop")
	if f.wide {
		two := f.label("two")
		f.Label(two)
		f.CMPQ(n, 2*lanes)
		f.JL(ref(loop))
		x := [2][]vec{load(0), load(1)}
		if m.next != nil {
			for at := 0; at < 2*f.vectorBytes(); at += cacheLine {
				f.PREFETCHT0(operand.Mem{Base: m.in[0].pointer, Index: *m.next, Scale: 1, Disp: at})
				if f.double {
					for _, out := range m.out {
						f.PREFETCHT0(operand.Mem{Base: out.pointer, Disp: at + writeAhead})
					}
				}
			}
		}
		guard(x[0])
		guard(x[1])
		var y [2][]vec
		f.interleave(2, func(j int) { y[j] = m.body(x[j]) })
		outOfLine := exceptions(x[:], y[:])
		store(y[0], 0)
		store(y[1], 1)
		f.advance(2, all...)
		f.SUBQ(2*lanes, n)
		f.JMP(ref(two))
		outOfLine()
	}

	enter, rest, leave, done := f.label("enter"), f.label("rest"), f.label("leave"), f.label("done")
	f.Label(loop)
	f.CMPQ(n, lanes)
	f.JL(ref(rest))
	x := load(0)
	f.Label(enter)
	guard(x)
	y := m.body(x)
	outOfLine := exceptions([][]vec{x}, [][]vec{y})
	f.CMPQ(n, lanes)
	f.JL(ref(leave))
	store(y, 0)
	f.advance(1, all...)
	f.SUBQ(lanes, n)
	f.JMP(ref(loop))
	outOfLine()

	f.Label(rest)
	f.TESTQ(n, n)
	f.JE(ref(done))
	for i, s := range m.in {
		f.partialLoad(x[i], s, n)
	}
	f.JMP(ref(enter))

	f.Label(leave)
	if m.each != nil {
		m.each(y, func() mask { return f.tailMask(n) })
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

// fold reduces the streams by the instruction join to one narrow vector, which
// horizontal finishes. registers is how many narrow vectors accumulate, all of which
// begin as start says; add folds the operands x into one of them, lanes being nil but
// in the rest, where x has zeros in the lanes it leaves out.
func (f *function) fold(n reg.GPVirtual, in []stream, registers int, join string, start func() vec, add func(acc vec, x []op, lanes func() mask)) vec {
	return f.foldSeveral(n, in, 1, registers, join, start, func(acc []vec, x []op, lanes func() mask) { add(acc[0], x, lanes) })[0]
}

// foldSeveral is fold to several vectors at once, each with so many registers.
//
// All accumulators take part in a turn, each with its own part of the streams. Then
// the first alone takes up what is left, a narrow vector at a time. In wide registers
// two accumulators lie side by side, so that the order is the same.
func (f *function) foldSeveral(n reg.GPVirtual, in []stream, several, registers int, join string, start func() vec, add func(acc []vec, x []op, lanes func() mask)) []vec {
	acc := make([][]vec, registers*narrowBytes/f.vectorBytes())
	for i := range acc {
		for range several {
			acc[i] = append(acc[i], start())
		}
	}
	wide := operand.I32(registers * narrowBytes / f.bytes())
	many, one, again, tail, done := f.label("many"), f.label("one"), f.label("again"), f.label("tail"), f.label("done")
	x := make([]op, len(in))
	var total reg.GPVirtual
	if len(acc) < registers {
		total = f.GP64()
		f.MOVQ(n, total)
	}

	f.SUBQ(wide, n)
	f.JL(ref(one))
	f.Label(many)
	for j := range acc {
		for i, s := range in {
			x[i] = s.at(f, j)
		}
		add(acc[j], x, nil)
	}
	f.advance(len(acc), in...)
	f.SUBQ(wide, n)
	f.JGE(ref(many))

	f.Label(one)
	first := acc[0]
	upper := make([]vec, several)
	for i, v := range first {
		upper[i] = f.upper(v)
	}
	f.narrowly(func() {
		lanes := operand.I32(f.lanes())
		f.ADDQ(wide-lanes, n)
		f.JL(ref(tail))
		f.Label(again)
		for i, s := range in {
			x[i] = s.at(f, 0)
		}
		add(first, x, nil)
		f.advance(1, in...)
		f.SUBQ(lanes, n)
		f.JGE(ref(again))

		f.Label(tail)
		f.ADDQ(lanes, n)
		f.JE(ref(done))
		for i, s := range in {
			v := f.vector()
			f.partialLoad(v, s, n)
			x[i] = v
		}
		add(first, x, func() mask { return f.tailMask(n) })
		f.Label(done)
	})
	sum := func(i int) {
		registers := make([]vec, len(acc))
		for j := range acc {
			registers[j] = acc[j][i]
		}
		f.joinAll(join, registers)
	}
	if upper[0] == nil {
		for i := range first {
			sum(i)
		}
		return first
	}
	// Short streams have touched nothing else.
	joined := f.label("joined")
	f.CMPQ(total, wide)
	f.JL(ref(joined))
	for i, v := range first {
		f.VINSERTF64X4(operand.U8(1), upper[i].AsY(), v, v)
		sum(i)
		half := f.upper(v)
		f.narrowly(func() { f.emitFloat(join, half, v, v) })
	}
	f.Label(joined)
	return first
}

// upper returns what a vector has beyond a narrow one, nil if that is nothing.
func (f *function) upper(v vec) vec {
	if f.vectorBytes() == narrowBytes {
		return nil
	}
	u := f.YMM()
	f.VEXTRACTF64X4(operand.U8(1), v.AsZ(), u)
	return u
}

// narrowly emits code on narrow vectors.
func (f *function) narrowly(body func()) { f.sized(narrowBytes, body) }

// sized emits code on vectors of a size that the instruction set has.
func (f *function) sized(bytes int, body func()) {
	was := f.part
	f.part = bytes
	body()
	f.part = was
}

// alternating is a sum of vectors with two narrow accumulators, that of every other narrow
// vector and that of the others, so that an addition does not wait for the one before it. A
// wide register holds both side by side.
type alternating struct{ next, other vec }

func (f *function) alternating() alternating {
	sum := alternating{next: f.zero()}
	if f.vectorBytes() == narrowBytes {
		sum.other = f.zero()
	}
	return sum
}

// accumulate adds a vector to the sum; of the lanes only those that the mask says, unless
// lanes is nil.
func (f *function) accumulate(sum alternating, v vec, lanes func() mask) {
	if lanes != nil {
		v = f.keep(v, lanes())
	}
	if sum.other == nil {
		f.emitFloat("VADD", v, sum.next, sum.next)
		return
	}
	added := f.add(sum.next, v)
	f.emitFloat("VMOVU", sum.other, sum.next)
	f.emitFloat("VMOVU", added, sum.other)
}

// total returns the sum of all lanes of all that was accumulated, in every lane of the low half.
func (f *function) total(sum alternating) vec {
	other := sum.other
	if other == nil {
		other = f.upper(sum.next)
	}
	f.narrowly(func() { f.emitFloat("VADD", other, sum.next, sum.next) })
	return f.horizontal("VADD", sum.next)
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
	d := f.vector()
	x := d.AsY() // clears the rest too, and at no cost
	f.emit(pick(f, "VXORPS", "VXORPD"), x, x, x)
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

// horizontal combines the lanes of a narrow vector with the instruction into every
// lane of its low half, and returns it.
func (f *function) horizontal(name string, v vec) vec {
	low, high := v.AsX(), f.XMM()
	f.emit(f.set.sixteen("VEXTRACTF"), operand.U8(1), v.AsY(), high)
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
func (f *function) spread(v vec) vec { return f.broadcast(v.AsX()) }
