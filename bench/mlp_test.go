package bench

import (
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// mlp is a perceptron in float32 with its optimizer.
type mlp struct {
	sizes  []int // inputs, hidden units, outputs
	tape   *autograd.Tape
	params []autograd.Variable // weight and bias of each layer
	adam   adam
}

func newMLP(sizes ...int) *mlp {
	rng := rand.New(rand.NewPCG(3, 4))
	m := &mlp{sizes: sizes, tape: autograd.NewTape(autograd.Training)}
	for i, in := range sizes[:len(sizes)-1] {
		bound := 1 / math.Sqrt(float64(in))
		w := autograd.Uniform(rng, autograd.Float32, -bound, bound, sizes[i+1], in)
		m.params = append(m.params, autograd.Parameter(w), autograd.Parameter(autograd.Zeros(autograd.Float32, sizes[i+1])))
	}
	m.adam = newAdam(m.params)
	return m
}

// forward is the network with ReLU between its layers.
func (m *mlp) forward(x autograd.Variable) autograd.Variable {
	for i := 0; i < len(m.params); i += 2 {
		if i > 0 {
			x = x.ReLU()
		}
		x = autograd.Linear(x, m.params[i], m.params[i+1])
	}
	return x
}

// step trains on one batch: forward, cross-entropy, backward, Adam.
func (m *mlp) step(x autograd.Variable, labels []int) {
	m.tape.Reset()
	loss := autograd.SoftmaxCrossEntropy(m.forward(m.tape.Const(x)), labels).Mean()
	m.adam.step(loss.Backward())
}

// forwardFlops counts the multiplications and additions of the products with the
// weights for a batch.
func (m *mlp) forwardFlops(batch int) float64 {
	flops := 0
	for i, in := range m.sizes[:len(m.sizes)-1] {
		flops += 2 * batch * in * m.sizes[i+1]
	}
	return float64(flops)
}

// stepFlops counts those of a training step: backward there is a product for the
// gradient of each weight, and one for that of each layer's input but the first.
func (m *mlp) stepFlops(batch int) float64 {
	return 3*m.forwardFlops(batch) - float64(2*batch*m.sizes[0]*m.sizes[1])
}

// adam is Adam with its usual parameters.
type adam struct {
	params []autograd.Variable
	m, v   [][]float32
	steps  int
}

func newAdam(params []autograd.Variable) adam {
	a := adam{params: params}
	for _, w := range params {
		a.m = append(a.m, make([]float32, w.Size()))
		a.v = append(a.v, make([]float32, w.Size()))
	}
	return a
}

func (a *adam) step(grads autograd.Gradients) {
	a.steps++
	p := simd.AdamParams{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8,
		BiasCorrection1: 1 - math.Pow(0.9, float64(a.steps)), BiasCorrection2: 1 - math.Pow(0.999, float64(a.steps))}
	for i, w := range a.params {
		simd.Adam(w.Float32s(), a.m[i], a.v[i], grads.Of(w).Float32s(), p)
	}
}
