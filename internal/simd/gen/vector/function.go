package main

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"sort"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/reg"
)

// vec is a vector register of the function under construction.
type vec = reg.VecVirtual

// op is an operand of an instruction: a register, memory or an immediate.
type op = operand.Op

// function emits one assembly function for one element type. Its methods are
// the vector instructions under arithmetic names, choosing PS or PD, D or Q.
//
// Methods that return a fresh register leave their operands alone; the fused
// multiply-adds change their first argument, as the instructions do.
type function struct {
	*build.Context
	set    *instructionSet
	double bool

	// part is the size of vectors at the moment, where it is not the set's: 0 otherwise.
	part int

	// constants weighs each constant, by its bits, for a register of its own;
	// order keeps them as first used. Those in inRegs live in registers from
	// before the loop, the others are read from memory where used.
	constants map[uint64]int
	order     []uint64
	inRegs    map[uint64]vec
	names     map[string]uint64

	// tables are those that the function takes numbers from, by name.
	tables map[string][pieceCount]float32

	// seldom says that what is emitted is not often run: its constants stay in memory.
	seldom bool

	// wide says that long loops do two vectors a turn.
	wide bool

	labels int
}

// bytes is the size of an element, lanes the number of them in a vector.
func (f *function) bytes() int {
	if f.double {
		return 8
	}
	return 4
}

func (f *function) lanes() int { return f.vectorBytes() / f.bytes() }

func (f *function) vectorBytes() int {
	if f.part != 0 {
		return f.part
	}
	return f.set.vectorBytes
}

// vector returns a fresh vector register.
func (f *function) vector() vec {
	switch f.vectorBytes() {
	case 64:
		return f.ZMM()
	case 16:
		return f.XMM()
	}
	return f.YMM()
}

// whole returns the register, if a is one of vectors, in the width of the others;
// a part of a register named as such, an X register, stays.
func (f *function) whole(a op) op {
	v, ok := a.(vec)
	switch {
	case !ok || v.Size() == 16:
		return a
	case f.vectorBytes() == 64:
		return v.AsZ()
	case f.vectorBytes() == 16:
		return v.AsX()
	}
	return v.AsY()
}

// pick returns the value for the element type at hand.
func pick[T any](f *function, single, double T) T {
	if f.double {
		return double
	}
	return single
}

// emit adds the instruction of that name, its operands in Go order (destination
// last).
func (f *function) emit(name string, ops ...op) {
	args := make([]reflect.Value, len(ops))
	for i, o := range ops {
		args[i] = reflect.ValueOf(o)
	}
	method := reflect.ValueOf(f.Context).MethodByName(name)
	if !method.IsValid() {
		panic("no instruction " + name)
	}
	method.Call(args)
}

// emitFloat and emitInt add the type's suffix to the instruction's name.
func (f *function) emitFloat(name string, ops ...op) { f.emitWhole(name+pick(f, "PS", "PD"), ops) }
func (f *function) emitInt(name string, ops ...op)   { f.emitWhole(name+pick(f, "D", "Q"), ops) }

// emitWhole adds an instruction on whole vectors.
func (f *function) emitWhole(name string, ops []op) {
	for i, o := range ops {
		ops[i] = f.whole(o)
		if f.set.masks && f.isConstant(o) {
			name += "_BCST"
		}
	}
	f.emit(name, ops...)
}

// isConstant reports whether a is a constant in memory.
func (f *function) isConstant(a op) bool {
	m, ok := a.(operand.Mem)
	if !ok {
		return false
	}
	_, ok = f.names[m.Symbol.Name]
	return ok
}

// loadWeight is how much more a constant gains from a register where it is
// copied than where it is an operand: a load less, and a register less of those
// the processor renames to.
const loadWeight = 8

// reg brings an operand into a register if it is not in one.
func (f *function) reg(a op) vec {
	if r, ok := a.(vec); ok {
		return r
	}
	return f.copy(a)
}

// copy returns a fresh register with the value of a.
func (f *function) copy(a op) vec {
	if f.isConstant(a) {
		f.weigh(f.names[a.(operand.Mem).Symbol.Name], loadWeight)
		if f.set.masks {
			return f.broadcast(a)
		}
	}
	d := f.vector()
	f.emitFloat("VMOVU", a, d)
	return d
}

func (f *function) binary(name string, a, b op) vec {
	d := f.vector()
	f.emitFloat(name, b, f.reg(a), d)
	return d
}

// into is the instruction of that very name, into a fresh register.
func (f *function) into(name string, a vec, b op) vec {
	d := f.vector()
	f.emit(name, b, a, d)
	return d
}

func (f *function) add(a, b op) vec { return f.binary("VADD", a, b) }
func (f *function) sub(a, b op) vec { return f.binary("VSUB", a, b) }
func (f *function) mul(a, b op) vec { return f.binary("VMUL", a, b) }
func (f *function) div(a, b op) vec { return f.binary("VDIV", a, b) }

// max and min return b where either is NaN, and where both are equal.
func (f *function) max(a, b op) vec { return f.binary("VMAX", a, b) }
func (f *function) min(a, b op) vec { return f.binary("VMIN", a, b) }

func (f *function) and(a, b op) vec { return f.binary("VAND", a, b) }
func (f *function) or(a, b op) vec  { return f.binary("VOR", a, b) }
func (f *function) xor(a, b op) vec { return f.binary("VXOR", a, b) }

// andNot is ^a & b.
func (f *function) andNot(a, b op) vec { return f.binary("VANDN", a, b) }

func (f *function) abs(a op) vec  { return f.and(a, f.bits(f.signBit()-1)) }
func (f *function) neg(a op) vec  { return f.xor(a, f.bits(f.signBit())) }
func (f *function) sign(a op) vec { return f.and(a, f.bits(f.signBit())) }

func (f *function) signBit() uint64 { return pick[uint64](f, 1<<31, 1<<63) }

func (f *function) sqrt(a op) vec {
	d := f.vector()
	f.emitFloat("VSQRT", a, d)
	return d
}

// Rounding modes of VROUND, exceptions suppressed.
const (
	toNearest = 8
	toFloor   = 9
	toCeil    = 10
)

func (f *function) round(a op, mode int) vec {
	d := f.vector()
	name := "VROUND"
	if f.set.masks {
		name = "VRNDSCALE"
	}
	f.emitFloat(name, operand.U8(mode), a, d)
	return d
}

// mulAdd sets p = p·x + c, mulSub p = p·x − c.
func (f *function) mulAdd(p vec, x vec, c op) vec {
	f.emitFloat("VFMADD213", c, x, p)
	return p
}

func (f *function) mulSub(p vec, x vec, c op) vec {
	f.emitFloat("VFMSUB213", c, x, p)
	return p
}

// addMul sets p = p + a·b, subMul p = p − a·b.
func (f *function) addMul(p vec, a vec, b op) vec {
	f.emitFloat("VFMADD231", b, a, p)
	return p
}

func (f *function) subMul(p vec, a vec, b op) vec {
	f.emitFloat("VFNMADD231", b, a, p)
	return p
}

// Integer instructions on the bits of the lanes.

func (f *function) shiftLeft(a vec, k int) vec {
	d := f.vector()
	f.emitInt("VPSLL", operand.U8(k), a, d)
	return d
}

func (f *function) shiftRight(a vec, k int) vec {
	d := f.vector()
	f.emitInt("VPSRL", operand.U8(k), a, d)
	return d
}

func (f *function) intAdd(a vec, b op) vec {
	d := f.vector()
	f.emitInt("VPADD", b, a, d)
	return d
}

func (f *function) intSub(a vec, b op) vec {
	d := f.vector()
	f.emitInt("VPSUB", b, a, d)
	return d
}

// const returns the constant v in every lane, as a hoisted register or memory.
func (f *function) constant(v float64) op {
	if f.double {
		return f.bits(math.Float64bits(v))
	}
	return f.bits(uint64(math.Float32bits(float32(v))))
}

// bits returns the lane pattern b in every lane.
func (f *function) bits(b uint64) op {
	if !slices.Contains(f.order, b) {
		f.order = append(f.order, b)
	}
	f.weigh(b, 1)
	if r, ok := f.inRegs[b]; ok {
		return r
	}
	return f.memory(b)
}

// weigh adds to what a constant would gain from a register.
func (f *function) weigh(b uint64, weight int) {
	if !f.seldom {
		f.constants[b] += weight
	}
}

// memory is where the constant lies.
func (f *function) memory(b uint64) op {
	name := constantName(b, f.double)
	f.names[name] = b
	return operand.NewDataAddr(operand.NewStaticSymbol(name), 0)
}

// constantName names the data of a constant by its bits.
func constantName(b uint64, double bool) string {
	if double {
		return fmt.Sprintf("d%016x", b)
	}
	return fmt.Sprintf("s%08x", b)
}

// scalar broadcasts the parameter of that name.
func (f *function) scalar(name string) vec { return f.broadcast(f.param(name)) }

// broadcast puts the scalar at m into every lane.
func (f *function) broadcast(m op) vec {
	d := f.vector()
	f.emit(pick(f, "VBROADCASTSS", "VBROADCASTSD"), m, f.whole(d))
	return d
}

// param is the address of a parameter, result that of the i-th result.
func (f *function) param(name string) operand.Mem {
	b, err := f.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

func (f *function) result(i int) operand.Mem {
	b, err := f.ReturnIndex(i).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// load64 loads a pointer or integer parameter.
func (f *function) load64(name string) reg.GPVirtual {
	r := f.GP64()
	f.MOVQ(f.param(name), r)
	return r
}

// storeScalar writes lane 0 of v to m.
func (f *function) storeScalar(v vec, m op) {
	f.emit(pick(f, "VMOVSS", "VMOVSD"), v.AsX(), m)
}

// label returns a label name not used before in the function.
func (f *function) label(name string) string {
	f.labels++
	return fmt.Sprintf("%s%d", name, f.labels)
}

func ref(label string) operand.LabelRef { return operand.LabelRef(label) }

// finish clears the upper halves of the vector registers, as Go code expects
// them, and returns.
func (f *function) finish() {
	f.VZEROUPPER()
	f.RET()
}

// compileFunction builds the function a kernel has for one instruction set and
// element type, wide if that can be and with as many constants hoisted as there are
// registers for. It returns what that was made from too, for the constants and tables.
func compileFunction(set *instructionSet, name, signature string, double bool, emit func(*function)) (*ir.Function, *function) {
	for _, wide := range []bool{true, false} {
		trial := buildFunction(set, name, signature, double, wide, nil, emit)
		wanted := slices.DeleteFunc(slices.Clone(trial.order), func(b uint64) bool { return trial.constants[b] == 0 })
		sort.SliceStable(wanted, func(i, j int) bool {
			return trial.constants[wanted[i]] > trial.constants[wanted[j]]
		})
		for n := min(len(wanted), set.registers-2); n >= 0; n-- {
			f := buildFunction(set, name, signature, double, wide, wanted[:n], emit)
			file, err := f.Result()
			if err != nil {
				panic(fmt.Sprintf("%s: %v", name, err))
			}
			if pass.Compile.Execute(file) == nil && set.fits(file.Functions()[0]) {
				return file.Functions()[0], trial
			}
		}
	}
	panic(fmt.Sprintf("%s: needs more than the %d vector registers of %s", name, set.registers, set.name))
}

// fits reports whether no register was allocated that only a larger set has.
func (set *instructionSet) fits(f *ir.Function) bool {
	for _, i := range f.Instructions() {
		for _, r := range i.Registers() {
			if p, ok := r.(reg.Physical); ok && p.Kind() == reg.KindVector && int(p.PhysicalIndex()) >= set.registers {
				return false
			}
		}
	}
	return true
}

func buildFunction(set *instructionSet, name, signature string, double, wide bool, hoist []uint64, emit func(*function)) *function {
	f := &function{
		Context:   build.NewContext(),
		set:       set,
		double:    double,
		wide:      wide,
		constants: map[uint64]int{},
		inRegs:    map[uint64]vec{},
		names:     map[string]uint64{},
		tables:    map[string][pieceCount]float32{},
	}
	f.Function(name)
	f.Attributes(attr.NOSPLIT)
	f.Pragma("noescape")
	f.SignatureExpr(signature)
	for _, b := range hoist {
		f.inRegs[b] = f.copy(f.memory(b))
	}
	emit(f)
	return f
}
