package gradcheck

import (
	"fmt"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// problem is a function to be checked at a point: where its inputs are stored, so that
// they can be perturbed in place, and how to compute it on a tape.
type problem struct {
	order      int
	inputs     []input
	size       int // elements of all inputs
	run        func(t *autograd.Tape) []autograd.Variable
	tapeConfig autograd.TapeConfig
	multi      func(xs []autograd.Variable) []autograd.Variable // run as a function of the inputs, if there is one
	offTape    error                                            // what to say of a result that is on no tape, nil if that is fine

	// Known once prepare has run the function.
	outputs    []output
	outputSize int // elements of all outputs

	spare *autograd.Tape // of evaluate
}

// input is one array that the function depends on. All inputs' elements one after the
// other are numbered by a flat index.
type input struct {
	name     string
	v        autograd.Variable // a constant or parameter
	data     []float64         // v's own elements
	start    int               // flat index of the first element
	upstream bool              // an upstream gradient, in a second-order problem
}

// output is one result. All outputs' elements one after the other have a flat index.
type output struct {
	name  string
	shape []int
	start int
	size  int
}

// newProblem copies the inputs. Its run function is the caller's to set.
func newProblem(inputs []autograd.Variable, config Config) (*problem, error) {
	p := &problem{order: 1, tapeConfig: config.Tape}
	for i, v := range inputs {
		if !v.IsValid() {
			return nil, fmt.Errorf("gradcheck: %s is not a usable Variable", inputName(config.Names, i, len(inputs)))
		}
		if err := p.addInput(inputName(config.Names, i, len(inputs)), v.Clone()); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// inputName is the given name of input i, or else x, or x0, x1, …
func inputName(names []string, i, count int) string {
	if i < len(names) {
		return names[i]
	}
	return numbered("x", i, count)
}

func numbered(name string, i, count int) string {
	if count == 1 {
		return name
	}
	return fmt.Sprintf("%s%d", name, i)
}

// outside returns an error unless v is a constant or parameter outside any tape.
func outside(name string, v autograd.Variable) error {
	if !v.IsValid() || v.Tape() != nil {
		return fmt.Errorf("gradcheck: %s is not a constant or parameter outside any tape", name)
	}
	return nil
}

func (p *problem) addInput(name string, v autograd.Variable) error {
	if err := outside(name, v); err != nil {
		return err
	}
	if v.DType() != autograd.Float64 {
		return fmt.Errorf("gradcheck: %s is %v: differences need float64 (CheckFloat32 compares float32 with float64)", name, v.DType())
	}
	p.inputs = append(p.inputs, input{name: name, v: v, data: v.Float64s(), start: p.size})
	p.size += v.Size()
	return nil
}

// inputAt is the input that a flat index lies in, and the element's position there.
func (p *problem) inputAt(flat int) (i, element int) {
	for p.inputs[i].start+len(p.inputs[i].data) <= flat {
		i++
	}
	return i, flat - p.inputs[i].start
}

func (p *problem) outputAt(flat int) (k, element int) {
	for p.outputs[k].start+p.outputs[k].size <= flat {
		k++
	}
	return k, flat - p.outputs[k].start
}

// point is a copy of all inputs' elements by flat index.
func (p *problem) point() []float64 {
	x := make([]float64, 0, p.size)
	for _, in := range p.inputs {
		x = append(x, in.data...)
	}
	return x
}

// moveTo sets the inputs' elements.
func (p *problem) moveTo(x []float64) {
	for _, in := range p.inputs {
		copy(in.data, x[in.start:])
	}
}

// run is one run of the function, on a tape of its own.
type run struct {
	p    *problem
	tape *autograd.Tape
	ys   []autograd.Variable
}

// forward runs the function at the present point, on a fresh tape.
func (p *problem) forward() (*run, error) { return p.forwardOn(autograd.NewTape(p.tapeConfig)) }

func (p *problem) forwardOn(tape *autograd.Tape) (*run, error) {
	r := &run{p: p, tape: tape}
	if err := autograd.Try(func() { r.ys = p.run(r.tape) }); err != nil {
		return nil, fmt.Errorf("gradcheck: computing the %s: %w", p.what(), err)
	}
	for k, y := range r.ys {
		if err := r.checkResult(k, y); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// what names the function that is differentiated.
func (p *problem) what() string {
	if p.order > 1 {
		return "gradient, to be differentiated again"
	}
	return "function"
}

func (r *run) checkResult(k int, y autograd.Variable) error {
	p := r.p
	name := numbered("result", k, len(r.ys))
	switch {
	case !y.IsValid():
		return fmt.Errorf("gradcheck: %s is not a usable Variable", name)
	case y.Tape() == nil && p.offTape != nil:
		return fmt.Errorf("gradcheck: %w", p.offTape)
	case y.Tape() != nil && y.Tape() != r.tape:
		return fmt.Errorf("gradcheck: %s is on another tape than the inputs", name)
	case y.DType() != autograd.Float64:
		return fmt.Errorf("gradcheck: %s is %v although the inputs are float64: its differences would prove nothing", name, y.DType())
	case p.outputs != nil && (len(r.ys) != len(p.outputs) || !slices.Equal(y.Shape(), p.outputs[k].shape)):
		return fmt.Errorf("gradcheck: the number or shapes of the results change with the inputs: %s is %v", name, y.Shape())
	}
	return nil
}

// values is a copy of all outputs' elements by flat index.
func (r *run) values() []float64 {
	values := make([]float64, 0, r.p.outputSize)
	for _, y := range r.ys {
		values = append(values, y.Float64s()...)
	}
	return values
}

// evaluate is the outputs at the present point, computed on a tape that is kept for the next
// time and made as if fresh: the random numbers are the same each time.
func (p *problem) evaluate() ([]float64, error) {
	if p.spare == nil {
		p.spare = autograd.NewTape(p.tapeConfig)
	} else {
		p.spare.Reset()
		p.spare.Reseed(p.tapeConfig.Seed)
		p.spare.SetTraining(p.tapeConfig.Training)
	}
	r, err := p.forwardOn(p.spare)
	if err != nil {
		p.spare = nil
		return nil, err
	}
	return r.values(), nil
}

// prepare runs the function for the first time and learns what its outputs are.
func (p *problem) prepare() (*run, error) {
	r, err := p.forward()
	if err != nil {
		return nil, err
	}
	p.outputs = make([]output, len(r.ys))
	for k, y := range r.ys {
		name := numbered("y", k, len(r.ys))
		if p.order > 1 {
			name = "grad " + p.inputs[k].name
		}
		p.outputs[k] = output{name, slices.Clone(y.Shape()), p.outputSize, y.Size()}
		p.outputSize += y.Size()
	}
	return r, nil
}

// upstreamOf is the upstream gradients, by flat output index, as one constant for each
// output. It shares the memory of flat.
func (p *problem) upstreamOf(flat []float64) []autograd.Variable {
	us := make([]autograd.Variable, len(p.outputs))
	for k, out := range p.outputs {
		us[k] = autograd.New(flat[out.start : out.start+out.size]).Reshape(out.shape...)
	}
	return us
}

// gradient is the vector–Jacobian product with upstream, by flat input index. The run
// stays usable for the next one unless there is an error.
func (r *run) gradient(upstream []float64) ([]float64, error) {
	sum := make([]float64, r.p.size)
	mark := r.tape.Mark()
	for k, u := range r.p.upstreamOf(upstream) {
		if !r.ys[k].Tracked() {
			continue // it does not depend on the inputs
		}
		var grads autograd.Gradients
		if err := autograd.Try(func() { grads = r.ys[k].BackwardWith(u) }); err != nil {
			return nil, fmt.Errorf("gradcheck: backward pass of the %s: %w", r.p.what(), err)
		}
		for _, in := range r.p.inputs {
			grad, ok := grads.Lookup(in.v)
			if !ok {
				continue
			}
			if grad.DType() != autograd.Float64 || !slices.Equal(grad.Shape(), in.v.Shape()) {
				return nil, fmt.Errorf("gradcheck: the gradient of %s is %v %v, expected float64 %v",
					in.name, grad.DType(), grad.Shape(), in.v.Shape())
			}
			for j, g := range grad.Float64s() {
				sum[in.start+j] += g
			}
		}
	}
	r.tape.Rewind(mark)
	return sum, nil
}

// allowUnused is for functions that do not depend on all of their inputs.
var allowUnused = autograd.GradConfig{AllowUnused: true}

// secondOrder is the gradient of p's outputs as a function of p's inputs and of the
// upstream gradients, which start at the given values.
func (p *problem) secondOrder(upstream []float64) *problem {
	q := &problem{order: p.order + 1, tapeConfig: p.tapeConfig, inputs: slices.Clone(p.inputs), size: p.size}
	us := p.upstreamOf(slices.Clone(upstream))
	for k, u := range us {
		q.inputs = append(q.inputs, input{
			name: numbered("upstream", k, len(us)), v: u, data: u.Float64s(), start: q.size, upstream: true,
		})
		q.size += u.Size()
	}
	xs := make([]autograd.Variable, len(p.inputs))
	for i, in := range p.inputs {
		xs[i] = in.v
	}
	q.run = func(t *autograd.Tape) []autograd.Variable {
		sums := make([]autograd.Variable, len(xs))
		for k, y := range p.run(t) {
			if !y.Tracked() {
				continue
			}
			for i, grad := range allowUnused.GradWith(y, t.Watch(us[k]), xs...) {
				if sums[i].IsValid() {
					grad = sums[i].Add(grad)
				}
				sums[i] = grad
			}
		}
		for i, x := range xs {
			if !sums[i].IsValid() {
				sums[i] = t.Const(autograd.Zeros(autograd.Float64, x.Shape()...))
			}
		}
		return sums
	}
	return q
}

// sameBits reports whether a and b are equal bit by bit, and else where they differ.
func sameBits(a, b []float64) (at int, same bool) {
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return i, false
		}
	}
	return 0, true
}
