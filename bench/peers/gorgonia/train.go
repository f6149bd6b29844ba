package main

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// trainer is a compiled graph of a model with its loss, and the solver.
type trainer struct {
	graph  *G.ExprGraph
	params G.Nodes
	loss   G.Value
	vm     G.VM
	solver G.Solver
}

func newTrainer() *trainer {
	return &trainer{graph: G.NewGraph(), solver: G.NewAdamSolver(
		G.WithLearnRate(workload.LearningRate), G.WithBeta1(workload.Beta1), G.WithBeta2(workload.Beta2),
		G.WithEps(workload.Epsilon))}
}

// input is a matrix whose elements are data's, also when those change.
func (t *trainer) input(name string, data []float32, rows, cols int) *G.Node {
	return G.NewMatrix(t.graph, tensor.Float32, G.WithName(name), G.WithShape(rows, cols), G.WithValue(dense(data, rows, cols)))
}

func (t *trainer) param(name string, data []float32, rows, cols int) *G.Node {
	node := t.input(name, data, rows, cols)
	t.params = append(t.params, node)
	return node
}

// linear is x·W + b. A product with a column of ones repeats the bias for each
// row; BroadcastAdd takes longer.
func (t *trainer) linear(x, ones *G.Node, mlp workload.MLP, layer int) *G.Node {
	in, out := mlp.Sizes[layer], mlp.Sizes[layer+1]
	suffix := string(rune('0' + layer))
	w := t.param("w"+suffix, mlp.Weights(layer), in, out)
	b := t.param("b"+suffix, make([]float32, out), 1, out)
	return G.Must(G.Add(G.Must(G.Mul(x, w)), G.Must(G.Mul(ones, b))))
}

func (t *trainer) compile(loss *G.Node) error {
	G.Read(loss, &t.loss)
	if _, err := G.Grad(loss, t.params...); err != nil {
		return err
	}
	t.vm = G.NewTapeMachine(t.graph, G.BindDualValues(t.params...))
	return nil
}

func (t *trainer) step() error {
	if err := t.vm.RunAll(); err != nil {
		return err
	}
	if err := t.solver.Step(G.NodesToValueGrads(t.params)); err != nil {
		return err
	}
	t.vm.Reset()
	return nil
}

// check is the losses of three steps.
func (t *trainer) check() ([]float64, error) {
	var losses []float64
	for range 3 {
		if err := t.step(); err != nil {
			return nil, err
		}
		losses = append(losses, float64(t.loss.Data().(float32)))
	}
	return losses, nil
}

// classifier is a trainer of a perceptron with ReLU and cross-entropy, whose
// batches are put into x and y.
func classifier(mlp workload.MLP, x, y []float32) (*trainer, error) {
	t := newTrainer()
	last := len(mlp.Sizes) - 1
	classes := mlp.Sizes[last]
	ones := t.input("ones", filled(mlp.Batch, 1), mlp.Batch, 1)
	h := t.input("x", x, mlp.Batch, mlp.Sizes[0])
	target := t.input("y", y, mlp.Batch, classes)
	for layer := range last {
		h = t.linear(h, ones, mlp, layer)
		if layer < last-1 {
			h = G.Must(G.Rectify(h))
		}
	}
	logProb := G.Must(G.Log(G.Must(G.SoftMax(h))))
	perBatch := G.NewConstant(float32(-1) / float32(mlp.Batch))
	loss := G.Must(G.Mul(G.Must(G.Sum(G.Must(G.HadamardProd(logProb, target)))), perBatch))
	return t, t.compile(loss)
}

func mnistEpoch(pixels workload.Pixels) (workload.Work, error) {
	digits, err := workload.LoadDigits()
	if err != nil {
		return workload.Work{}, err
	}
	mlp := workload.MNIST()
	loader := workload.NewLoader(digits, pixels, mlp.Batch)
	labels := make([]int, mlp.Batch)
	x, y := make([]float32, mlp.Batch*mlp.Sizes[0]), make([]float32, mlp.Batch*10)
	read := func(i int) {
		loader.Read(i, x, labels)
		workload.OneHotInto(y, labels, 10)
	}
	read(0)
	t, err := classifier(mlp, x, y)
	if err != nil {
		return workload.Work{}, err
	}
	check, err := t.check()
	return workload.Work{Check: check, Run: func() error {
		loader.Shuffle()
		for i := range loader.Batches() {
			read(i)
			if err := t.step(); err != nil {
				return err
			}
		}
		return nil
	}}, err
}

func largeStep() (workload.Work, error) {
	mlp := workload.Large()
	t, err := classifier(mlp, mlp.Inputs(), workload.OneHot(mlp.Labels(), 10))
	if err != nil {
		return workload.Work{}, err
	}
	check, err := t.check()
	return workload.Work{Check: check, Run: t.step}, err
}

func xorStep() (workload.Work, error) {
	mlp := workload.XOR()
	t := newTrainer()
	ones := t.input("ones", filled(mlp.Batch, 1), mlp.Batch, 1)
	x := t.input("x", workload.XORInputs(), mlp.Batch, 2)
	target := t.input("y", workload.XORTargets(), mlp.Batch, 1)
	h := G.Must(G.Tanh(t.linear(x, ones, mlp, 0)))
	y := G.Must(G.Sigmoid(t.linear(h, ones, mlp, 1)))
	loss := G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(y, target))))))
	if err := t.compile(loss); err != nil {
		return workload.Work{}, err
	}
	check, err := t.check()
	return workload.Work{Check: check, Run: t.step}, err
}

func scalarChain() (workload.Work, error) {
	g := G.NewGraph()
	x := G.NewScalar(g, tensor.Float64, G.WithName("x"), G.WithValue(workload.ChainStart))
	y := x
	for range workload.ChainLinks {
		y = G.Must(G.Tanh(G.Must(G.Sin(G.Must(G.Add(G.Must(G.Mul(y, x)), x))))))
	}
	var value G.Value
	G.Read(y, &value)
	if _, err := G.Grad(y, x); err != nil {
		return workload.Work{}, err
	}
	vm := G.NewTapeMachine(g, G.BindDualValues(x))
	run := func() error {
		err := vm.RunAll()
		vm.Reset()
		return err
	}
	if err := run(); err != nil {
		return workload.Work{}, err
	}
	grad, err := x.Grad()
	if err != nil {
		return workload.Work{}, err
	}
	return workload.Work{Check: []float64{value.Data().(float64), grad.Data().(float64)}, Run: run}, nil
}

func dense[T float32 | float64](data []T, rows, cols int) *tensor.Dense {
	return tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(data))
}

func filled(n int, value float32) []float32 {
	xs := make([]float32, n)
	for i := range xs {
		xs[i] = value
	}
	return xs
}
