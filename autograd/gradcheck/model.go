package gradcheck

import (
	"errors"
	"fmt"
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
)

// Model is what [CheckModel] needs of a model or a layer.
type Model struct {
	// Params yields each parameter with its name, in the same order every time.
	Params iter.Seq2[string, autograd.Variable]

	// Buffers yields what else the model computes with, such as running statistics; nil
	// if there is nothing.
	Buffers iter.Seq2[string, autograd.Variable]

	// Inputs are the arguments of Forward whose gradients are checked too.
	Inputs []autograd.Variable

	// Data are further arguments, through which no gradient is wanted, such as targets.
	Data []autograd.Variable

	// Forward computes a Variable of any shape from Inputs, followed by Data, which are
	// on the tape t.
	Forward func(t *autograd.Tape, xs []autograd.Variable) autograd.Variable
}

// CheckModel compares the gradients of a model with respect to its parameters and inputs
// with finite differences. Models of float32 are checked too: while CheckModel runs,
// parameters and buffers have their elements converted to float64, and arguments are
// converted copies. Parameters are perturbed in place. They and the buffers have their own
// elements back, bit for bit, when CheckModel returns; nobody else may use them meanwhile.
// Errors are those of [Check].
func CheckModel(model Model, config Config) (*Report, error) {
	config, err := config.withDefaults(defaultRTol)
	if err != nil {
		return nil, err
	}
	if model.Forward == nil {
		return nil, errors.New("gradcheck: Model.Forward is nil")
	}
	state, err := model.state()
	if err != nil {
		return nil, err
	}
	var report *Report
	autograd.WithDType(autograd.Float64, state, func() { report, err = model.check(config) })
	return report, err
}

// state is all parameters and buffers.
func (m *Model) state() ([]autograd.Variable, error) {
	var state []autograd.Variable
	for _, vs := range []iter.Seq2[string, autograd.Variable]{m.Params, m.Buffers} {
		if vs == nil {
			continue
		}
		for name, v := range vs {
			if err := outside(name, v); err != nil {
				return nil, err
			}
			state = append(state, v)
		}
	}
	return state, nil
}

// check is CheckModel while parameters and buffers are of float64.
func (m *Model) check(config Config) (*Report, error) {
	p := &problem{order: 1, tapeConfig: config.Tape}
	if m.Params != nil {
		seen := map[autograd.Variable]bool{} // a parameter may have two names
		for name, w := range m.Params {
			if seen[w] {
				continue
			}
			seen[w] = true
			if err := p.addInput(name, w); err != nil {
				return nil, err
			}
		}
	}
	params := len(p.inputs)
	for i, x := range m.Inputs {
		name := inputName(config.Names, i, len(m.Inputs))
		wide, err := widened(name, x)
		if err != nil {
			return nil, err
		}
		if err := p.addInput(name, wide); err != nil {
			return nil, err
		}
	}
	var data []autograd.Variable
	for i, x := range m.Data {
		wide, err := widened(numbered("data", i, len(m.Data)), x)
		if err != nil {
			return nil, err
		}
		data = append(data, wide)
	}
	p.run = func(t *autograd.Tape) []autograd.Variable {
		xs := make([]autograd.Variable, 0, len(m.Inputs)+len(data))
		for _, in := range p.inputs[params:] {
			xs = append(xs, t.Watch(in.v))
		}
		for _, x := range data {
			xs = append(xs, t.Const(x))
		}
		y := m.Forward(t, xs)
		if y.IsValid() && y.Tape() == nil && y.Tracked() { // of parameters alone
			y = t.Watch(y)
		}
		return []autograd.Variable{y}
	}
	p.offTape = errors.New("the result depends neither on the parameters nor on the arguments of Forward")
	return p.report(config)
}

// widened is a copy of x in float64.
func widened(name string, x autograd.Variable) (autograd.Variable, error) {
	if !x.IsValid() {
		return x, fmt.Errorf("gradcheck: %s is not a usable Variable", name)
	}
	return x.Clone().AsType(autograd.Float64), nil
}
