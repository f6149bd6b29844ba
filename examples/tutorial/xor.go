package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// XOR: 1 where exactly one of two inputs is.
var (
	inputs  = [4][2]float64{{0, 0}, {0, 1}, {1, 0}, {1, 1}}
	targets = [4]float64{0, 1, 1, 0}
)

const hidden = 4

// weights are those of a network with two inputs, hidden units and one output.
type weights struct {
	w1 [hidden][2]float64
	b1 [hidden]float64
	w2 [hidden]float64
	b2 float64
}

// all are pointers to every weight, in order.
func (w *weights) all() (list []*float64) {
	for i := range w.w1 {
		list = append(list, &w.w1[i][0], &w.w1[i][1])
	}
	for i := range w.b1 {
		list = append(list, &w.b1[i])
	}
	for i := range w.w2 {
		list = append(list, &w.w2[i])
	}
	return append(list, &w.b2)
}

func newWeights(seed uint64) *weights {
	rng, w := rand.New(rand.NewPCG(seed, 0)), &weights{}
	for _, p := range w.all() {
		*p = rng.NormFloat64()
	}
	return w
}

// lossOnOurTape is the mean square of what the network misses, and its gradient by every
// weight.
func lossOnOurTape(w *weights) (loss float64, grads []float64) {
	tape := &Tape{}
	var params []Value // first on the tape, so parameter i is node i
	for _, p := range w.all() {
		params = append(params, tape.New(*p))
	}
	w1, b1, w2, b2 := params[:2*hidden], params[2*hidden:3*hidden], params[3*hidden:4*hidden], params[4*hidden]
	sum := tape.New(0)
	for i, in := range inputs {
		x0, x1 := tape.New(in[0]), tape.New(in[1])
		y := b2
		for j := range hidden {
			unit := w1[2*j].Mul(x0).Add(w1[2*j+1].Mul(x1)).Add(b1[j]).Tanh()
			y = y.Add(w2[j].Mul(unit))
		}
		missed := y.Sub(tape.New(targets[i]))
		sum = sum.Add(missed.Mul(missed))
	}
	result := sum.Div(tape.New(float64(len(inputs))))
	return result.Float(), result.Backward()[:len(params)]
}

// lossOnChainrule is the same with arrays: all units and all four inputs are one operation.
func lossOnChainrule(tape *autograd.Tape, w *weights) (loss float64, grads []float64) {
	tape.Reset()
	var flat []float64
	for _, p := range w.all() {
		flat = append(flat, *p)
	}
	params := tape.Watch(autograd.New(flat))
	w1, b1 := params.Slice(0, 0, 2*hidden).Reshape(hidden, 2), params.Slice(0, 2*hidden, 3*hidden)
	w2, b2 := params.Slice(0, 3*hidden, 4*hidden), params.Index(4*hidden)
	x := autograd.New([]float64{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)
	units := x.MatMul(w1.T()).Add(b1).Tanh() // [4, hidden]
	y := units.MatMul(w2).Add(b2)            // [4]
	result := y.Sub(autograd.New(targets[:])).Square().Mean()
	return result.Item(), result.Backward().Of(params).Float64s()
}

// predict is the network's output for an input.
func (w *weights) predict(in [2]float64) float64 {
	y := w.b2
	for j := range hidden {
		y += w.w2[j] * math.Tanh(w.w1[j][0]*in[0]+w.w1[j][1]*in[1]+w.b1[j])
	}
	return y
}

// compareTraining trains by gradient descent on our tape, computes every loss and gradient
// by chainrule too, and is an error where they differ or the network has not learned XOR.
func compareTraining(out io.Writer, seed uint64, steps int) error {
	const rate = 0.3
	w, tape, most := newWeights(seed), autograd.NewTape(autograd.TapeConfig{}), 0.0
	for step := range steps {
		loss, grads := lossOnOurTape(w)
		theirLoss, theirGrads := lossOnChainrule(tape, w)
		most = max(most, math.Abs(loss-theirLoss))
		for i, g := range grads {
			most = max(most, math.Abs(g-theirGrads[i]))
		}
		if !(most < 1e-12) {
			return fmt.Errorf("step %d: loss or gradients differ by %v", step, most)
		}
		for i, p := range w.all() {
			*p -= rate * grads[i]
		}
		if step%100 == 0 || step == steps-1 {
			fmt.Fprintf(out, "step %3d: loss %.6f\n", step, loss)
		}
	}
	fmt.Fprintf(out, "%d losses and gradients of %d weights: our tape and chainrule differ by %.0e at most\n", steps, len(w.all()), most)
	for i, in := range inputs {
		y := w.predict(in)
		fmt.Fprintf(out, "  %v xor %v = %.3f\n", in[0], in[1], y)
		if !(math.Abs(y-targets[i]) < 0.5) {
			return fmt.Errorf("after %d steps %v xor %v is %.3f: not learned", steps, in[0], in[1], y)
		}
	}
	return nil
}
