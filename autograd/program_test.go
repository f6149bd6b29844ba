package autograd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
)

// program is a random composition of operations, decoded from bytes. Any bytes are a
// program: what they say is taken modulo what there is.
type program struct {
	code         []byte // of the instructions
	inputs       []autograd.Variable
	instructions []instruction // what there is to choose from
}

const (
	maxSteps = 12 // instructions in a program
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

// decode makes a program of data: first the inputs, then instructions.
func decode(data []byte, instructions []instruction) program {
	source := &bytesOf{data}
	rng := rand.New(rand.NewPCG(uint64(source.below(256)), 3))
	p := program{instructions: instructions}
	sizes := []int{2, 3, 1, 2, 4, 3, 1, 0}
	for range 1 + source.below(3) {
		shape := make([]int, source.below(maxRank+1))
		for axis := range shape {
			shape[axis] = sizes[source.below(len(sizes))]
		}
		x := autograd.Normal(rng, autograd.Float64, 0, 0.8, shape...)
		if x.Size() <= 24 {
			p.inputs = append(p.inputs, x)
		}
	}
	if p.inputs == nil {
		p.inputs = []autograd.Variable{autograd.Normal(rng, autograd.Float64, 0, 0.8, 2, 3)}
	}
	p.code = source.rest
	return p
}

// run computes the program, and its text if note is not nil. Which instructions apply
// depends on shapes alone, so it is the same computation every time.
func (p program) run(xs []autograd.Variable, note func(line string)) autograd.Variable {
	source := &bytesOf{p.code}
	values := append([]autograd.Variable{}, xs...)
	for range maxSteps {
		if len(source.rest) == 0 {
			break
		}
		in := p.instructions[source.below(len(p.instructions))]
		operands, names := make([]autograd.Variable, in.operands), make([]string, in.operands)
		for i := range operands {
			at := len(values) - 1 - source.below(len(values)) // recent values more often
			operands[i], names[i] = values[at], fmt.Sprint("v", at)
		}
		var result autograd.Variable
		if err := autograd.Try(func() { result = in.apply(source, operands) }); err != nil || !result.IsValid() {
			continue // it does not apply to these shapes
		}
		if result.Size() > maxSize || result.Rank() > maxRank {
			continue
		}
		if note != nil {
			note(fmt.Sprintf("v%d = %s(%s) %v", len(values), in.name, strings.Join(names, ", "), result.Shape()))
		}
		values = append(values, result)
	}
	y := values[len(values)-1]
	if len(values) > len(xs)+1 {
		// What was computed before matters too.
		y = y.Add(values[len(values)-2].Sum().MulScalar(0.5))
	}
	return y
}

func (p program) String() string {
	var b strings.Builder
	for i, x := range p.inputs {
		fmt.Fprintf(&b, "v%d = input %v\n", i, x.Shape())
	}
	p.run(p.inputs, func(line string) { b.WriteString(line + "\n") })
	return b.String()
}

// check holds the program's derivatives against all that is known of them: finite
// differences of first and second order, forward mode, float32, and the same bits with
// checkpoints and in a second run.
func (p program) check() error {
	f := func(xs []autograd.Variable) autograd.Variable { return p.run(xs, nil) }
	y := f(p.inputs)
	for _, v := range y.Float64s() {
		if !(math.Abs(v) < 1e6) {
			return nil // out of the range where differences mean anything
		}
	}
	if _, err := gradcheck.Check(f, p.inputs, gradcheck.Options{SecondOrder: true, ForwardMode: true, RTol: 1e-6, ATol: 1e-8}); err != nil {
		return err
	}
	narrow := make([]autograd.Variable, len(p.inputs))
	for i, x := range p.inputs {
		narrow[i] = x.AsType(autograd.Float32)
	}
	if _, err := gradcheck.CheckFloat32(f, narrow, gradcheck.Options{RTol: 1e-2, ATol: 1e-3}); err != nil {
		return err
	}
	return p.checkBits(f)
}

// checkBits compares values and gradients of two runs, and of one with a checkpoint.
func (p program) checkBits(f autograd.Func) error {
	gradients := func(f autograd.Func) [][]float64 {
		tape := autograd.NewTape(autograd.TapeConfig{})
		var xs []autograd.Variable
		for _, x := range p.inputs {
			xs = append(xs, tape.Watch(x))
		}
		y := f(xs)
		all := [][]float64{append([]float64{}, y.Float64s()...)}
		// A result that does not depend on the inputs has gradients of zero.
		sum := y.Sum()
		var grads autograd.Gradients
		_ = autograd.Try(func() { grads = sum.Backward() })
		for _, x := range xs {
			zeros := make([]float64, x.Size())
			if grad, ok := grads.Lookup(x); ok {
				copy(zeros, grad.Float64s())
			}
			all = append(all, zeros)
		}
		return all
	}
	want := gradients(f)
	if diff := cmp.Diff(want, gradients(f)); diff != "" {
		return fmt.Errorf("a second run differs:\n%s", diff)
	}
	checkpointed := func(xs []autograd.Variable) autograd.Variable { return autograd.Checkpoint(f, xs...) }
	if diff := cmp.Diff(want, gradients(checkpointed)); diff != "" {
		return fmt.Errorf("a checkpoint changes values or gradients:\n%s", diff)
	}
	return nil
}
