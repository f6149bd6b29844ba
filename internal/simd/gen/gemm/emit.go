package main

import (
	"go/types"
	"reflect"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/mmcloughlin/avo/x86"
)

// element is an element type.
type element struct {
	name string // in function names
	size int    // bytes
	ps   string // suffix of instructions on vectors
	ss   string // suffix of instructions on one element
}

var (
	single = element{"F32", 4, "PS", "SS"}
	double = element{"F64", 8, "PD", "SD"}
)

type (
	vec = reg.VecVirtual
	gp  = reg.GPVirtual
)

// file is an assembly file under construction, for one instruction set.
type file struct {
	*build.Context
	set *instructionSet
}

// function is an assembly function under construction, for one element type. It
// takes one pointer to a struct, p.
type function struct {
	file
	element
	lanes  int // in a vector register
	p      gp
	labels int
}

// label returns a number that no other label of the function has.
func (f *function) label() int {
	f.labels++
	return f.labels
}

// begin opens the function of that name, to which that of the instruction set is
// added. Its argument points to the struct named.
func (c file) begin(e element, name, doc, argument string) *function {
	name += c.set.name
	c.Function(name)
	c.Attributes(attr.NOSPLIT)
	c.Doc(name + " " + doc)
	c.Pragma("noescape")
	named := types.NewNamed(types.NewTypeName(0, nil, argument, nil), types.NewStruct(nil, nil), nil)
	p := types.NewTuple(types.NewVar(0, nil, "p", types.NewPointer(named)))
	c.Signature(gotypes.NewSignature(nil, types.NewSignatureType(nil, nil, nil, p, nil, false)))
	f := &function{file: c, element: e, lanes: c.set.width / e.size, p: c.GP64()}
	c.Load(c.Param("p"), f.p)
	return f
}

func (f *function) end() {
	f.VZEROUPPER()
	f.RET()
}

// emit adds the instruction of that name, its operands in Go order (destination
// last).
func (f *function) emit(name string, operands ...operand.Op) {
	args := make([]reflect.Value, len(operands))
	for i, o := range operands {
		args[i] = reflect.ValueOf(o)
	}
	method := reflect.ValueOf(f.Context).MethodByName(name)
	if !method.IsValid() {
		panic("no instruction " + name)
	}
	method.Call(args)
}

// zero returns a vector of zeros.
func (f *function) zero() vec {
	v := f.vector()
	f.clear(v)
	return v
}

// clear emits making a vector zeros.
func (f *function) clear(v vec) {
	if f.set.width == 64 {
		xor, err := x86.VPXORD(v, v, v) // VXORPS would need AVX512DQ
		if err != nil {
			panic(err)
		}
		xor.CancellingInputs = true // which avo does not know: v is not in use before
		f.Instruction(xor)
	} else {
		f.emit("VXOR"+f.ps, v, v, v)
	}
}

// broadcast returns a vector whose elements are the one at m.
func (f *function) broadcast(m operand.Mem) vec {
	v := f.vector()
	f.emit("VBROADCAST"+f.ss, m, v)
	return v
}

// field is a field of the argument's struct: its offset in bytes.
type field int

// at is where the field lies.
func (f *function) at(x field) operand.Mem { return operand.Mem{Base: f.p, Disp: int(x)} }

// get returns a register that holds the field.
func (f *function) get(x field) gp {
	r := f.GP64()
	f.MOVQ(f.at(x), r)
	return r
}

// when emits code that runs if the bit of flags is set.
func (f *function) when(flags gp, bit uint64, label string, body func()) {
	f.TESTQ(operand.U32(bit), flags)
	f.JEQ(operand.LabelRef("no_" + label))
	body()
	f.Label("no_" + label)
}
