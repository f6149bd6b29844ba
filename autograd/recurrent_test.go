package autograd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/parallel"
)

// recurrentCase is a recurrent layer and sequences for it. Sizes are such that sequences go
// through all steps by themselves, or make each step together.
type recurrentCase struct {
	cell                     string
	steps, batch, in, hidden int
	projection               int
	bias, begun              bool
	lengths                  []int
	reverse, batchFirst      bool
}

var recurrentCases = []recurrentCase{
	{cell: "lstm", steps: 3, batch: 2, in: 2, hidden: 3, bias: true},
	{cell: "lstm", steps: 1, batch: 1, in: 1, hidden: 1, begun: true},
	{cell: "lstm", steps: 4, batch: 0, in: 2, hidden: 2, bias: true, begun: true},
	{cell: "lstm", steps: 4, batch: 41, in: 5, hidden: 19, bias: true, begun: true, reverse: true},
	{cell: "lstm", steps: 3, batch: 37, in: 3, hidden: 33, projection: 9, bias: true, batchFirst: true},
	{cell: "lstm", steps: 3, batch: 5, in: 3, hidden: 200, projection: 190, bias: true, begun: true},
	{cell: "lstm", steps: 4, batch: 6, in: 3, hidden: 184, lengths: []int{4, 0, 2, 1, 3, 4}, reverse: true},
	{cell: "lstm", steps: 4, batch: 6, in: 3, hidden: 7, projection: 2, lengths: []int{1, 4, 4, 0, 3, 2}, bias: true, begun: true, batchFirst: true},
	{cell: "lstm", steps: 1, batch: 33, in: 5, hidden: 70, projection: 3, bias: true, begun: true},
	{cell: "gru", steps: 1, batch: 3, in: 2, hidden: 5, bias: true, begun: true, lengths: []int{1, 0, 1}},
	{cell: "gru", steps: 1, batch: 20, in: 2, hidden: 80, begun: true},
	{cell: "gru", steps: 1, batch: 3, in: 2, hidden: 5, bias: true},
	{cell: "rnn", steps: 1, batch: 2, in: 2, hidden: 3, bias: true, begun: true, reverse: true},
	{cell: "gru", steps: 3, batch: 2, in: 2, hidden: 3, bias: true},
	{cell: "gru", steps: 2, batch: 3, in: 2, hidden: 4},
	{cell: "gru", steps: 4, batch: 41, in: 5, hidden: 19, bias: true, begun: true, batchFirst: true},
	{cell: "gru", steps: 3, batch: 5, in: 3, hidden: 215, bias: true, reverse: true},
	{cell: "gru", steps: 4, batch: 6, in: 3, hidden: 17, lengths: []int{4, 0, 2, 1, 3, 4}, bias: true, begun: true, reverse: true},
	{cell: "rnn", steps: 3, batch: 2, in: 2, hidden: 3, bias: true},
	{cell: "rnn", steps: 4, batch: 41, in: 5, hidden: 19, bias: true, begun: true, reverse: true},
	{cell: "rnn", steps: 3, batch: 5, in: 3, hidden: 370, begun: true, batchFirst: true},
	{cell: "relu", steps: 4, batch: 6, in: 3, hidden: 17, lengths: []int{4, 0, 2, 1, 3, 4}, bias: true, begun: true},
}

func (c *recurrentCase) String() string { return strings.ReplaceAll(fmt.Sprintf("%+v", *c), " ", ",") }

func (c *recurrentCase) rows() int {
	return map[string]int{"lstm": 4, "gru": 3}[c.cell] + btoi(c.cell == "rnn" || c.cell == "relu")
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (c *recurrentCase) out() int {
	if c.projection > 0 {
		return c.projection
	}
	return c.hidden
}

// draw makes the operands: x, the weights, biases, projection and states, zero Variables
// for those that are absent.
func (c *recurrentCase) draw() [8]autograd.Variable {
	rng := rand.New(rand.NewPCG(1, 2))
	normal := func(is bool, shape ...int) autograd.Variable {
		if !is {
			return autograd.Variable{}
		}
		return autograd.Normal(rng, autograd.Float64, 0, 0.4, shape...)
	}
	x := []int{c.steps, c.batch, c.in}
	if c.batchFirst {
		x[0], x[1] = x[1], x[0]
	}
	rows, lstm := c.rows()*c.hidden, c.cell == "lstm"
	return [8]autograd.Variable{
		normal(true, x...), normal(true, rows, c.in), normal(true, rows, c.out()),
		normal(c.bias, rows), normal(c.bias, rows), normal(c.projection > 0, c.out(), c.hidden),
		normal(c.begun, c.batch, c.out()), normal(c.begun && lstm, c.batch, c.hidden),
	}
}

// run computes the layer: outputs and states, one behind the other.
func (c *recurrentCase) run(v [8]autograd.Variable) autograd.Variable {
	w := autograd.RecurrentWeights{IH: v[1], HH: v[2], BiasIH: v[3], BiasHH: v[4], HR: v[5]}
	config := autograd.RecurrentConfig{
		H: v[6], C: v[7], Lengths: c.lengths, Reverse: c.reverse, BatchFirst: c.batchFirst, ReLU: c.cell == "relu",
	}
	var y, h, cell autograd.Variable
	switch c.cell {
	case "lstm":
		y, h, cell = autograd.LSTM(v[0], w, config)
		return autograd.Concat(0, y.Reshape(y.Size()), h.Reshape(h.Size()), cell.Reshape(cell.Size()))
	case "gru":
		y, h = autograd.GRU(v[0], w, config)
	default:
		y, h = autograd.RNN(v[0], w, config)
	}
	return autograd.Concat(0, y.Reshape(y.Size()), h.Reshape(h.Size()))
}

// written is the layer as the literature writes it, in plain numbers.
func (c *recurrentCase) written(v [8]autograd.Variable) []float64 {
	matrix := func(i int) []float64 {
		if (v[i] == autograd.Variable{}) {
			return nil
		}
		return v[i].Float64s()
	}
	x, ih, hh, bi, bh, hr := matrix(0), matrix(1), matrix(2), matrix(3), matrix(4), matrix(5)
	size, out := c.hidden, c.out()
	times := func(w []float64, row int, x []float64) (sum float64) {
		for k, value := range x {
			sum += w[row*len(x)+k] * value
		}
		return sum
	}
	bias := func(b []float64, row int) float64 {
		if b == nil {
			return 0
		}
		return b[row]
	}
	logistic := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	outputs, hs, cs := make([]float64, c.steps*c.batch*out), []float64{}, []float64{}
	for b := range c.batch {
		h, cell := make([]float64, out), make([]float64, size)
		if c.begun {
			copy(h, matrix(6)[b*out:])
			if c.cell == "lstm" {
				copy(cell, matrix(7)[b*size:])
			}
		}
		for i := range c.steps {
			t := i
			if c.reverse {
				t = c.steps - 1 - i
			}
			if c.lengths != nil && t >= c.lengths[b] {
				continue
			}
			at := t*c.batch + b
			if c.batchFirst {
				at = b*c.steps + t
			}
			input := func(row int) float64 { return times(ih, row, x[at*c.in:(at+1)*c.in]) + bias(bi, row) }
			state := func(row int) float64 { return times(hh, row, h) + bias(bh, row) }
			gate := func(k, j int) float64 { return input(k*size+j) + state(k*size+j) }
			next := make([]float64, size)
			for j := range size {
				switch c.cell {
				case "lstm":
					cell[j] = logistic(gate(1, j))*cell[j] + logistic(gate(0, j))*math.Tanh(gate(2, j))
					next[j] = logistic(gate(3, j)) * math.Tanh(cell[j])
				case "gru":
					r, z := logistic(gate(0, j)), logistic(gate(1, j))
					n := math.Tanh(input(2*size+j) + r*state(2*size+j))
					next[j] = (1-z)*n + z*h[j]
				case "rnn":
					next[j] = math.Tanh(gate(0, j))
				case "relu":
					next[j] = max(0, gate(0, j))
				}
			}
			if c.projection > 0 {
				projected := make([]float64, out)
				for j := range projected {
					projected[j] = times(hr, j, next)
				}
				next = projected
			}
			h = next
			copy(outputs[at*out:], h)
		}
		hs, cs = append(hs, h...), append(cs, cell...)
	}
	if c.cell != "lstm" {
		cs = nil
	}
	return slices.Concat(outputs, hs, cs)
}

// The kernels compute what the layers are defined as, with and without a tape.
func TestRecurrentValues(t *testing.T) {
	for _, c := range recurrentCases {
		t.Run(c.String(), func(t *testing.T) {
			v := c.draw()
			want := c.written(v)
			near := cmp.Options{cmpopts.EquateApprox(0, 1e-12), cmpopts.EquateEmpty()}
			if diff := cmp.Diff(want, c.run(v).Floats(), near); diff != "" {
				t.Fatalf("without a tape (-want +got):\n%s", diff)
			}
			for _, config := range []autograd.TapeConfig{{}, {NoGrad: true}} {
				tape := autograd.NewTape(config)
				v := v
				v[0] = tape.Watch(v[0])
				if diff := cmp.Diff(want, c.run(v).Floats(), near); diff != "" {
					t.Fatalf("%+v (-want +got):\n%s", config, diff)
				}
			}
		})
	}
}

// The rule of passes that are not recorded gives what the one in operations does, also
// where an operand has a gradient already, and the same bits on any number of processors.
func TestRecurrentGradients(t *testing.T) {
	for _, c := range recurrentCases {
		t.Run(c.String(), func(t *testing.T) {
			// gradients are those of all operands by one of the rules.
			gradients := func(recorded bool) [][]float64 {
				tape := autograd.NewTape(autograd.TapeConfig{})
				v := c.draw()
				var given []autograd.Variable
				var sum autograd.Variable
				for i := range v {
					if (v[i] != autograd.Variable{}) {
						v[i] = tape.Watch(v[i])
						given = append(given, v[i])
						sum = v[i].Square().Sum()
					}
				}
				y := c.run(v)
				upstream := autograd.Normal(rand.New(rand.NewPCG(3, 4)), autograd.Float64, 0, 1, y.Shape()...)
				sum = y.Mul(upstream).Sum().Add(sum)
				var list [][]float64
				if recorded {
					for _, g := range autograd.Grad(sum, given...) {
						list = append(list, g.Floats())
					}
					return list
				}
				grads := sum.Backward()
				for _, x := range given {
					list = append(list, grads.Of(x).Floats())
				}
				return list
			}
			want := gradients(true)
			var first [][]float64
			for _, procs := range []int{1, 2, 3, 8} {
				parallel.WithProcs(procs, func() {
					got := gradients(false)
					if first == nil {
						first = got
					}
					for i := range want { // cmp is slow on so many numbers
						for j, x := range want[i] {
							if !(math.Abs(got[i][j]-x) <= 1e-10) {
								t.Fatalf("gradient %d of what is given, element %d: %v, recorded %v", i, j, got[i][j], x)
							}
						}
						if !slices.Equal(first[i], got[i]) {
							t.Fatalf("GOMAXPROCS %d changes the bits of gradient %d", procs, i)
						}
					}
				})
			}
		})
	}
}

// Gradients of some operands only, and of one that stands in two places.
func TestRecurrentGradientsOfSome(t *testing.T) {
	c := recurrentCase{cell: "lstm", steps: 3, batch: 2, in: 3, hidden: 3, bias: true, begun: true}
	gradients := func(recorded bool, watch func(i int) bool, tie bool) []float64 {
		tape := autograd.NewTape(autograd.TapeConfig{})
		v := c.draw()
		if tie {
			v[2], v[4], v[7] = v[1], v[3], v[6] // weights, biases, states
		}
		var given []autograd.Variable
		for i := range v[:5] {
			if watch(i) {
				if v[i] = tape.Watch(v[i]); !slices.Contains(given, v[i]) {
					given = append(given, v[i])
				}
			}
		}
		if tie {
			v[6] = tape.Watch(v[6])
			v[7], given = v[6], append(given, v[6])
		}
		sum := c.run(v).Square().Sum()
		var list []float64
		if recorded {
			for _, g := range autograd.Grad(sum, given...) {
				list = append(list, g.Floats()...)
			}
			return list
		}
		grads := sum.Backward()
		for _, x := range given {
			list = append(list, grads.Of(x).Floats()...)
		}
		return list
	}
	for i := range 5 {
		only := func(k int) bool { return k == i }
		if diff := cmp.Diff(gradients(true, only, false), gradients(false, only, false), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("operand %d alone (-recorded +not):\n%s", i, diff)
		}
	}
	all := func(int) bool { return true }
	if diff := cmp.Diff(gradients(true, all, true), gradients(false, all, true), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Errorf("operands that are tied (-recorded +not):\n%s", diff)
	}
}

// Inference keeps the results and nothing else.
func TestRecurrentInferenceKeepsNothing(t *testing.T) {
	c := recurrentCase{cell: "lstm", steps: 64, batch: 32, in: 16, hidden: 32, bias: true}
	v := c.draw()
	for _, test := range []struct {
		config autograd.TapeConfig
		least  bool // there is more than results
	}{{autograd.TapeConfig{NoGrad: true}, false}, {autograd.TapeConfig{}, true}} {
		tape := autograd.NewTape(test.config)
		u := v
		u[0] = tape.Watch(v[0])
		w := autograd.RecurrentWeights{IH: v[1], HH: v[2], BiasIH: v[3], BiasHH: v[4]}
		autograd.LSTM(u[0], w, autograd.RecurrentConfig{})
		results := 8 * (c.steps + 2) * c.batch * c.hidden
		if inUse, _, _ := tape.MemoryUsage(); (inUse > results*3/2) != test.least {
			t.Errorf("%+v: %d bytes are in use, the results are %d", test.config, inUse, results)
		}
	}
}

func TestRecurrentRejectsWrongOperands(t *testing.T) {
	none := autograd.Variable{}
	w := autograd.RecurrentWeights{IH: zeros(8, 3), HH: zeros(8, 2)}
	x := zeros(4, 5, 3)
	for _, test := range []struct {
		name string
		f    func()
		want string
	}{
		{"axes", func() { autograd.LSTM(zeros(4, 3), w, autograd.RecurrentConfig{}) }, "x [time, batch, in]"},
		{"features", func() { autograd.LSTM(zeros(4, 5, 2), w, autograd.RecurrentConfig{}) }, "x [time, batch, in]"},
		{"gates", func() { autograd.GRU(x, w, autograd.RecurrentConfig{}) }, "weights [3·hidden, in]"},
		{"no steps", func() { autograd.LSTM(zeros(0, 5, 3), w, autograd.RecurrentConfig{}) }, "at least one step"},
		{"no steps, batch first", func() { autograd.LSTM(zeros(5, 0, 3), w, autograd.RecurrentConfig{BatchFirst: true}) }, "at least one step"},
		{"weights of the state", func() {
			autograd.LSTM(x, autograd.RecurrentWeights{IH: w.IH, HH: zeros(8, 3)}, autograd.RecurrentConfig{})
		}, "[8, 2] for the weights of the state"},
		{"bias", func() {
			autograd.LSTM(x, autograd.RecurrentWeights{IH: w.IH, HH: w.HH, BiasHH: zeros(2)}, autograd.RecurrentConfig{})
		}, "[8] for a bias"},
		{"projection", func() {
			autograd.LSTM(x, autograd.RecurrentWeights{IH: w.IH, HH: w.HH, HR: zeros(2, 3)}, autograd.RecurrentConfig{})
		}, "a projection [out, 2]"},
		{"projection of a GRU", func() {
			autograd.GRU(x, autograd.RecurrentWeights{IH: zeros(6, 3), HH: zeros(6, 2), HR: zeros(2, 2)}, autograd.RecurrentConfig{})
		}, "an LSTM only"},
		{"hidden state alone", func() { autograd.LSTM(x, w, autograd.RecurrentConfig{H: zeros(5, 2)}) }, "without a cell state"},
		{"state", func() { autograd.LSTM(x, w, autograd.RecurrentConfig{H: zeros(5, 2), C: zeros(4, 2)}) }, "[5, 2] for the cell state"},
		{"cell state of an RNN", func() {
			autograd.RNN(x, autograd.RecurrentWeights{IH: zeros(2, 3), HH: zeros(2, 2)}, autograd.RecurrentConfig{C: zeros(5, 2)})
		}, "an LSTM only"},
		{"lengths", func() { autograd.LSTM(x, w, autograd.RecurrentConfig{Lengths: []int{1}}) }, "not 1"},
		{"a length", func() { autograd.LSTM(x, w, autograd.RecurrentConfig{Lengths: []int{1, 2, 5, 0, 0}}) }, "5"},
		{"types", func() {
			autograd.LSTM(x, autograd.RecurrentWeights{IH: w.IH, HH: w.HH.AsType(autograd.Float32)}, autograd.RecurrentConfig{})
		}, "float32"},
		{"no weights", func() { autograd.LSTM(x, autograd.RecurrentWeights{IH: none, HH: none}, autograd.RecurrentConfig{}) }, "zero Variable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := autograd.Try(test.f); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}
