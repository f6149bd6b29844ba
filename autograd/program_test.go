package autograd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/internal/operations"
)

// program is a random composition of operations. Its inputs are values 0, 1, …; each step
// adds a value.
type program struct {
	inputs []autograd.Variable
	steps  []step
}

// step applies an operation to values before it.
type step struct {
	name     string
	operands []int
	apply    autograd.Func
	shape    []int // of the result
}

const (
	maxSteps = 8  // in a program
	maxSize  = 48 // elements of a value
	maxRank  = 4
)

// bytesOf reads bytes one by one, and zeros after the last.
type bytesOf struct{ rest []byte }

func (b *bytesOf) below(n int) int {
	if len(b.rest) == 0 || n < 1 {
		return 0
	}
	first := int(b.rest[0])
	b.rest = b.rest[1:]
	return first % n
}

// belowMany is below for n above 256.
func (b *bytesOf) belowMany(n int) int { return (b.below(256)<<8 | b.below(256)) % n }

// instruction is an operation that programs are made of.
type instruction struct {
	name     string
	operands int
	// of chooses a variant that fits the operands; nil where none does.
	of func(source *bytesOf, xs []autograd.Variable) autograd.Func
}

// instructions are the operations of the table, and how values come to be used twice.
func instructions() []instruction {
	var all []instruction
	for _, row := range operations.Table() {
		if !row.ByEquality {
			all = append(all, instructionOf(row))
		}
	}
	return append(all,
		simple("twice", func(x autograd.Variable) autograd.Variable { return x.Add(x) }),
		simple("self", func(x autograd.Variable) autograd.Variable { return x.Mul(x).Asinh() }),
	)
}

func simple(name string, f func(x autograd.Variable) autograd.Variable) instruction {
	return instruction{name, 1, func(*bytesOf, []autograd.Variable) autograd.Func { return of(f) }}
}

// of makes the Func of a function of one Variable.
func of(f func(autograd.Variable) autograd.Variable) autograd.Func {
	return func(xs []autograd.Variable) autograd.Variable { return f(xs[0]) }
}

// instructionOf applies the operation of a row to values as they are, or brought into the
// shapes of one of its variants. They are brought into its domain, and what may grow is
// kept small by the smooth asinh.
func instructionOf(row operations.Row) instruction {
	variants := row.Variants()
	most := slices.MaxFunc(variants, func(a, b [][]int) int { return len(a) - len(b) })
	return instruction{row.Name, len(most), func(source *bytesOf, xs []autograd.Variable) autograd.Func {
		choice := source.below(2 * len(variants))
		shapes := variants[choice/2]
		asTheyAre := func(xs []autograd.Variable) autograd.Variable {
			return row.F(row.InDomain(xs[:len(shapes)])).Asinh()
		}
		fitted := func(xs []autograd.Variable) autograd.Variable {
			fit := make([]autograd.Variable, len(shapes))
			for i, shape := range shapes {
				fit[i] = operations.Fit(xs[i], shape)
			}
			return row.F(row.InDomain(fit)).Asinh()
		}
		for _, f := range []autograd.Func{asTheyAre, fitted}[choice%2:] {
			if fits(f, xs) {
				return f
			}
		}
		return nil
	}}
}

// fits reports whether f takes operands of these shapes and gives an array of a fair size.
func fits(f autograd.Func, xs []autograd.Variable) bool {
	ok := false
	err := autograd.Try(func() {
		y := f(xs)
		ok = y.Size() <= maxSize && y.Rank() <= maxRank
	})
	return err == nil && ok
}

// decode makes a program of data: first the inputs, then steps. Any bytes are a program:
// what they say is taken modulo what there is.
func decode(data []byte, choices []instruction) program {
	source := &bytesOf{data}
	p := program{inputs: decodeInputs(source)}
	tape := autograd.NewTape(autograd.TapeConfig{})
	values := make([]autograd.Variable, len(p.inputs))
	for i, x := range p.inputs {
		values[i] = tape.Const(x)
	}
	for len(source.rest) > 0 && len(p.steps) < maxSteps {
		p.decodeStep(source, choices[source.belowMany(len(choices))], &values)
	}
	return p
}

func decodeInputs(source *bytesOf) []autograd.Variable {
	rng := rand.New(rand.NewPCG(uint64(source.below(256)), 3))
	sizes := []int{2, 3, 1, 2, 4, 3, 1, 0}
	var inputs []autograd.Variable
	for range 1 + source.below(3) {
		shape := make([]int, source.below(maxRank+1))
		for axis := range shape {
			shape[axis] = sizes[source.below(len(sizes))]
		}
		if x := autograd.Normal(rng, autograd.Float64, 0, 0.8, shape...); x.Size() <= 24 {
			inputs = append(inputs, x)
		}
	}
	if inputs == nil {
		inputs = append(inputs, autograd.Normal(rng, autograd.Float64, 0, 0.8, 2, 3))
	}
	return inputs
}

// decodeStep adds a step with the given instruction if it fits the operands, which source
// chooses from values, and their values are finite.
func (p *program) decodeStep(source *bytesOf, in instruction, values *[]autograd.Variable) {
	s := step{name: in.name}
	var xs []autograd.Variable
	for range in.operands {
		at := len(*values) - 1 - source.below(len(*values)) // recent values more often
		s.operands, xs = append(s.operands, at), append(xs, (*values)[at])
	}
	if s.apply = in.of(source, xs); s.apply == nil {
		return
	}
	y := s.apply(xs)
	for _, value := range y.Float64s() {
		if !(math.Abs(value) < 1e6) {
			return
		}
	}
	s.shape = y.Shape()
	p.steps = append(p.steps, s)
	*values = append(*values, y)
}

// run computes the program: the last value, and the sums of all that nothing else uses. note,
// unless it is nil, is given each step's operands and may replace them.
func (p program) run(xs []autograd.Variable, note func(s step, operands []autograd.Variable)) autograd.Variable {
	values := slices.Clone(xs)
	used := make([]bool, len(xs)+len(p.steps))
	for _, s := range p.steps {
		operands := make([]autograd.Variable, len(s.operands))
		for i, at := range s.operands {
			operands[i], used[at] = values[at], true
		}
		if note != nil {
			note(s, operands)
		}
		values = append(values, s.apply(operands))
	}
	last := len(values) - 1
	y := values[last]
	for at := len(xs); at < last; at++ {
		if !used[at] {
			y = y.Add(values[at].Sum().MulScalar(0.5))
		}
	}
	return y
}

func (p program) String() string {
	var b strings.Builder
	for i, x := range p.inputs {
		fmt.Fprintf(&b, "v%d = input %v\n", i, x.Shape())
	}
	for i, s := range p.steps {
		fmt.Fprintf(&b, "v%d = %s of values %v: %v\n", len(p.inputs)+i, s.name, s.operands, s.shape)
	}
	return b.String()
}

// check holds the program's derivatives against all that is known of them: finite
// differences of first and second order, forward mode, float32, and the same bits with
// checkpoints and in a second run.
func (p program) check() error {
	f := func(xs []autograd.Variable) autograd.Variable { return p.run(xs, nil) }
	if _, err := gradcheck.Check(f, p.inputs, gradcheck.Config{SecondOrder: true, ForwardMode: true, RTol: 1e-6, ATol: 1e-8}); err != nil {
		return err
	}
	narrow := make([]autograd.Variable, len(p.inputs))
	for i, x := range p.inputs {
		narrow[i] = x.AsType(autograd.Float32)
	}
	if _, err := gradcheck.CheckFloat32(f, narrow, gradcheck.Config{RTol: 1e-2, ATol: 1e-3}); err != nil {
		return err
	}
	return p.checkBits(f)
}

// checkBits compares values and gradients of two runs, and of one with a checkpoint.
func (p program) checkBits(f autograd.Func) error {
	want := p.gradients(f)
	if diff := cmp.Diff(want, p.gradients(f)); diff != "" {
		return fmt.Errorf("a second run differs:\n%s", diff)
	}
	checkpointed := func(xs []autograd.Variable) autograd.Variable { return autograd.Checkpoint(f, xs...) }
	if diff := cmp.Diff(want, p.gradients(checkpointed)); diff != "" {
		return fmt.Errorf("a checkpoint changes values or gradients:\n%s", diff)
	}
	return nil
}

// gradients are the result of f, and the gradients of its sum.
func (p program) gradients(f autograd.Func) [][]float64 {
	tape := autograd.NewTape(autograd.TapeConfig{})
	var xs []autograd.Variable
	for _, x := range p.inputs {
		xs = append(xs, tape.Watch(x))
	}
	y := f(xs)
	all := [][]float64{slices.Clone(y.Float64s())}
	// A result that does not depend on the inputs has gradients of zero.
	sum := y.Sum()
	var grads autograd.Gradients
	if sum.Tracked() {
		grads = sum.Backward()
	}
	for _, x := range xs {
		zeros := make([]float64, x.Size())
		if sum.Tracked() {
			if grad, ok := grads.Lookup(x); ok {
				copy(zeros, grad.Float64s())
			}
		}
		all = append(all, zeros)
	}
	return all
}

// count adds the program's operations to counts, those through which a gradient flowed that
// is finite and not zero.
func (p program) count(counts map[string]int) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	var xs []autograd.Variable
	for _, x := range p.inputs {
		xs = append(xs, tape.Watch(x))
	}
	through := make([][]autograd.Variable, 0, len(p.steps))
	y := p.run(xs, func(s step, operands []autograd.Variable) {
		for i, x := range operands {
			operands[i] = x.MulScalar(1) // so that its gradient is that by way of this step
			if operands[i].Tracked() {
				operands[i].RetainGrad()
			}
		}
		through = append(through, operands)
	})
	if !y.Tracked() {
		return
	}
	grads := y.BackwardWith(upstreamFor(y, 7))
	for k, operands := range through {
		for _, x := range operands {
			if grad, ok := grads.Lookup(x); ok && flows(grad) {
				counts[p.steps[k].name]++
				break
			}
		}
	}
}

// flows reports whether a gradient is finite and not all zero.
func flows(grad autograd.Variable) bool {
	some := false
	for _, g := range grad.Float64s() {
		if math.IsNaN(g) || math.IsInf(g, 0) {
			return false
		}
		some = some || g != 0
	}
	return some
}
