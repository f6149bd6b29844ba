package autograd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/parallel"
)

// attentionCase is an attention. Sizes are such that there are several blocks of queries
// and keys, or few of everything, and heads enough for tasks or not.
type attentionCase struct {
	batch, heads  int // heads 0: without an axis for them
	queries, keys int
	features, out int
	sideBySide    bool // the heads
	packed        bool // queries, keys and values
	causal        bool
	past          int
	mask, bias    []int // shapes; nil for none
	blind         bool  // query 1 of the mask may see nothing
	dropout       float64
}

var attentionCases = []attentionCase{
	{batch: 1, queries: 1, keys: 1, features: 1, out: 1},
	{batch: 2, heads: 3, queries: 5, keys: 7, features: 4, out: 3},
	{batch: 2, heads: 3, queries: 5, keys: 7, features: 4, out: 3, sideBySide: true, mask: []int{2, 1, 5, 7}, blind: true},
	{batch: 2, heads: 2, queries: 9, keys: 9, features: 3, out: 3, packed: true, causal: true},
	{batch: 2, heads: 1, queries: 9, keys: 9, features: 3, out: 3, packed: true, sideBySide: true, dropout: 0.3},
	{batch: 1, heads: 2, queries: 130, keys: 260, features: 8, out: 5, sideBySide: true},
	{batch: 1, heads: 2, queries: 130, keys: 260, features: 8, out: 5, causal: true, past: 131, bias: []int{2, 130, 260}},
	{batch: 3, heads: 4, queries: 70, keys: 140, features: 8, out: 6, mask: []int{70, 140}, blind: true, dropout: 0.2},
	{batch: 3, heads: 4, queries: 70, keys: 140, features: 8, out: 6, sideBySide: true, mask: []int{3, 1, 1, 140}, bias: []int{4, 1, 140}},
	{batch: 1, queries: 150, keys: 150, features: 16, out: 16, packed: true, causal: true, dropout: 0.5},
	{batch: 1, heads: 1, queries: 66, keys: 300, features: 2048, out: 2048, sideBySide: true}, // rows clash in caches
	{batch: 0, heads: 2, queries: 3, keys: 4, features: 2, out: 2},
	{batch: 2, heads: 2, queries: 3, keys: 0, features: 2, out: 2},
	{batch: 2, heads: 2, queries: 0, keys: 3, features: 2, out: 2},
	{batch: 1, heads: 2, queries: 6, keys: 4, features: 2, out: 2, causal: true}, // keys end before queries
	{batch: 1, heads: 2, queries: 3, keys: 9, features: 2, out: 2, causal: true}, // the last keys are seen by none
}

func (c *attentionCase) String() string { return strings.ReplaceAll(fmt.Sprintf("%+v", *c), " ", ",") }

// draw makes queries, keys and values, or all in one, and mask and bias.
func (c *attentionCase) draw() (xs []autograd.Variable, mask, bias autograd.Variable) {
	rng := rand.New(rand.NewPCG(1, 2))
	shape := func(length, features int) []int {
		heads := max(1, c.heads)
		switch {
		case c.packed && (c.sideBySide || c.heads == 0):
			return []int{c.batch, length, 3 * heads * features}
		case c.packed:
			return []int{c.batch, heads, length, 3 * features}
		case c.sideBySide:
			return []int{c.batch, length, heads * features}
		case c.heads == 0:
			return []int{c.batch, length, features}
		}
		return []int{c.batch, heads, length, features}
	}
	draw := func(shape []int) autograd.Variable {
		return autograd.Normal(rng, autograd.Float64, 0, 1, shape...)
	}
	xs = append(xs, draw(shape(c.queries, c.features)))
	if !c.packed {
		xs = append(xs, draw(shape(c.keys, c.features)), draw(shape(c.keys, c.out)))
	}
	if c.bias != nil {
		bias = draw(c.bias)
	}
	if c.mask != nil {
		mask = draw(c.mask)
		keys := c.mask[len(c.mask)-1]
		for i, x := range mask.Float64s() {
			mask.Float64s()[i] = 0
			if x > -0.5 && !(c.blind && i/keys%c.queries == 1) {
				mask.Float64s()[i] = 1
			}
		}
	}
	return xs, mask, bias
}

func (c *attentionCase) config(mask, bias autograd.Variable) autograd.AttentionConfig {
	config := autograd.AttentionConfig{Causal: c.causal, Past: c.past, Mask: mask, Bias: bias, Dropout: c.dropout}
	if c.sideBySide {
		config.Heads = c.heads
	}
	return config
}

// run computes the attention.
func (c *attentionCase) run(xs []autograd.Variable, mask, bias autograd.Variable) autograd.Variable {
	if c.packed {
		return autograd.SelfAttention(xs[0], c.config(mask, bias))
	}
	return autograd.ScaledDotProductAttention(xs[0], xs[1], xs[2], c.config(mask, bias))
}

// at is where element j of row i of a head lies in an array of rows of so many features, as
// part of parts that stand side by side.
func (c *attentionCase) at(b, h, i, j, length, features, part, parts int) int {
	heads := max(1, c.heads)
	if c.sideBySide {
		return (b*length+i)*parts*heads*features + part*heads*features + h*features + j
	}
	return ((b*heads+h)*length+i)*parts*features + part*features + j
}

// written is the attention as the literature writes it, in plain numbers, without dropout.
func (c *attentionCase) written(xs []autograd.Variable, mask, bias autograd.Variable) []float64 {
	q, k, v, parts := xs[0].Float64s(), xs[0].Float64s(), xs[0].Float64s(), 3
	kPart, vPart := 1, 2
	if !c.packed {
		k, v, parts, kPart, vPart = xs[1].Float64s(), xs[2].Float64s(), 1, 0, 0
	}
	heads := max(1, c.heads)
	scores := []int{c.batch, heads, c.queries, c.keys}
	broadcast := func(x autograd.Variable) []float64 {
		if (x == autograd.Variable{}) {
			return nil
		}
		return x.BroadcastTo(scores...).Float64s()
	}
	masks, biases := broadcast(mask), broadcast(bias)
	y := make([]float64, c.batch*heads*c.queries*c.out)
	for b := range c.batch {
		for h := range heads {
			for i := range c.queries {
				weights, sum := make([]float64, c.keys), 0.0
				for j := range weights {
					score := 0.0
					for f := range c.features {
						score += q[c.at(b, h, i, f, c.queries, c.features, 0, parts)] * k[c.at(b, h, j, f, c.keys, c.features, kPart, parts)]
					}
					score /= math.Sqrt(float64(c.features))
					at := ((b*heads+h)*c.queries+i)*c.keys + j
					if biases != nil {
						score += biases[at]
					}
					if masks != nil && masks[at] == 0 || c.causal && j > c.past+i {
						continue
					}
					weights[j] = math.Exp(score)
					sum += weights[j]
				}
				for f := range c.out {
					mean := 0.0
					for j, w := range weights {
						mean += w * v[c.at(b, h, j, f, c.keys, c.out, vPart, parts)]
					}
					if sum > 0 {
						mean /= sum
					}
					y[c.at(b, h, i, f, c.queries, c.out, 0, 1)] = mean
				}
			}
		}
	}
	return y
}

// near fails unless got is want, but for rounding.
func near(t *testing.T, what string, want, got []float64, tol float64) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i, x := range want {
		if !(math.Abs(got[i]-x) <= tol*max(1, math.Abs(x))) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], x)
		}
	}
}

// The kernels compute what attention is defined as.
func TestAttentionValues(t *testing.T) {
	for _, c := range attentionCases {
		t.Run(c.String(), func(t *testing.T) {
			xs, mask, bias := c.draw()
			want := c.written(xs, mask, bias)
			near(t, "without a tape", want, c.run(xs, mask, bias).Floats(), 1e-11)
			for _, config := range []autograd.TapeConfig{{}, {NoGrad: true}} {
				tape := autograd.NewTape(config)
				on := slices.Clone(xs)
				on[0] = tape.Watch(on[0])
				near(t, fmt.Sprintf("%+v", config), want, c.run(on, mask, bias).Floats(), 1e-11)
			}
			if c.packed || c.mask == nil || c.keys == 0 {
				return
			}
			weights := autograd.AttentionWeights(xs[0], xs[1], c.config(mask, bias)).Sum(-1).Floats()
			for i, sum := range weights {
				if blind := c.blind && i%c.queries == 1; blind && sum != 0 || !blind && math.Abs(sum-1) > 1e-12 {
					t.Fatalf("the weights of query %d add up to %v", i, sum)
				}
			}
		})
	}
}

// The rule of passes that are not recorded gives what the one in operations does, with the
// same weights dropped, and the same bits on any number of processors.
func TestAttentionGradients(t *testing.T) {
	for _, c := range attentionCases {
		t.Run(c.String(), func(t *testing.T) {
			gradients := func(recorded, biasToo bool) (list [][]float64) {
				tape := autograd.NewTape(autograd.TapeConfig{Training: true, Seed: 7})
				xs, mask, bias := c.draw()
				var before autograd.Variable
				for i := range xs {
					xs[i] = tape.Watch(xs[i])
					before = xs[i].Square().Sum() // so that the last has a gradient already
				}
				given := slices.Clone(xs)
				if biasToo && c.bias != nil {
					bias = tape.Watch(bias)
					given = append(given, bias)
				}
				y := c.run(xs, mask, bias)
				upstream := autograd.Normal(rand.New(rand.NewPCG(3, 4)), autograd.Float64, 0, 1, y.Shape()...)
				sum := y.Mul(upstream).Sum().Add(before)
				list = append(list, y.Floats())
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
			want := gradients(true, false)
			var first [][]float64
			for _, procs := range []int{1, 2, 3, 8} {
				parallel.WithProcs(procs, func() {
					got := gradients(false, false)
					if first == nil {
						first = got
					}
					for i := range want {
						near(t, fmt.Sprintf("result or gradient %d", i), want[i], got[i], 1e-9)
						if !slices.Equal(first[i], got[i]) {
							t.Fatalf("GOMAXPROCS %d changes the bits of gradient %d", procs, i)
						}
					}
				})
			}
			if c.bias != nil { // that of a bias goes by way of operations, and changes no other
				for i, g := range gradients(false, true)[:len(want)] {
					near(t, fmt.Sprintf("gradient %d beside the bias's", i), want[i], g, 1e-9)
				}
			}
		})
	}
}

// Gradients of some of the operands only.
func TestAttentionGradientsOfSome(t *testing.T) {
	c := attentionCase{batch: 1, heads: 2, queries: 70, keys: 130, features: 3, out: 2}
	gradient := func(i int, recorded bool) []float64 {
		tape := autograd.NewTape(autograd.TapeConfig{})
		xs, mask, bias := c.draw()
		xs[i] = tape.Watch(xs[i])
		sum := c.run(xs, mask, bias).Square().Sum()
		if recorded {
			return autograd.Grad(sum, xs[i])[0].Floats()
		}
		return sum.Backward().Of(xs[i]).Floats()
	}
	for i := range 3 {
		near(t, fmt.Sprintf("operand %d", i), gradient(i, true), gradient(i, false), 1e-10)
	}
}

// One Variable may be two of the operands, or all, whether there are many heads or few, and whether
// it has a gradient already.
func TestAttentionOfOneVariable(t *testing.T) {
	for _, c := range []attentionCase{
		{batch: 1, heads: 2, queries: 5, keys: 5, features: 3, out: 3},
		{batch: 3, heads: 4, queries: 5, keys: 5, features: 3, out: 3, sideBySide: true},
		{batch: 1, heads: 2, queries: 150, keys: 150, features: 3, out: 3},
		{batch: 3, heads: 4, queries: 150, keys: 150, features: 3, out: 3},
	} {
		for _, which := range [][3]int{{0, 1, 1}, {0, 0, 1}, {0, 1, 0}, {0, 0, 0}} {
			for _, uses := range []int{1, 2} {
				t.Run(fmt.Sprint(c.String(), which, uses), func(t *testing.T) {
					gradients := func(recorded bool) (list [][]float64) {
						tape := autograd.NewTape(autograd.TapeConfig{})
						xs, mask, bias := c.draw()
						for i := range xs {
							xs[i] = tape.Watch(xs[i])
						}
						sum := autograd.Scalar(0.0)
						for range uses {
							sum = sum.Add(c.run([]autograd.Variable{xs[which[0]], xs[which[1]], xs[which[2]]}, mask, bias).Square().Sum())
						}
						if recorded {
							for _, g := range autograd.Grad(sum, xs[:1+slices.Max(which[:])]...) {
								list = append(list, g.Floats())
							}
							return list
						}
						grads := sum.Backward()
						for _, x := range xs[:1+slices.Max(which[:])] {
							list = append(list, grads.Of(x).Floats())
						}
						return list
					}
					got := gradients(false)
					for i, want := range gradients(true) {
						near(t, fmt.Sprintf("gradient %d", i), want, got[i], 1e-10)
					}
				})
			}
		}
	}
}

// Dropout drops as many weights as it should, leaves the expected value as it is, and drops
// nothing in inference.
func TestAttentionDropout(t *testing.T) {
	const keys = 4000
	tape := autograd.NewTape(autograd.TapeConfig{Training: true, Seed: 3})
	q, k := tape.Const(zeros(50, 2)), zeros(keys, 2)
	config := autograd.AttentionConfig{Dropout: 0.25}
	dropped, sum := 0, 0.0
	for _, w := range autograd.AttentionWeights(q, k, config).Float64s() {
		if sum += w; w == 0 {
			dropped++
		} else if math.Abs(w*keys-1/0.75) > 1e-9 {
			t.Fatalf("a weight is %v", w)
		}
	}
	if share := float64(dropped) / (50 * keys); math.Abs(share-0.25) > 0.004 {
		t.Errorf("%v of the weights are dropped", share)
	}
	if math.Abs(sum/50-1) > 0.01 {
		t.Errorf("the weights of a query add up to %v", sum/50)
	}
	y := autograd.ScaledDotProductAttention(q, k, autograd.Ones(autograd.Float64, keys, 1), config).Float64s()
	if y[0] == y[1] || math.Abs(y[0]-1) > 0.05 {
		t.Errorf("the means of ones are %v …", y[:2])
	}
	tape.SetTraining(false)
	if y := autograd.ScaledDotProductAttention(q, k, autograd.Ones(autograd.Float64, keys, 1), config).Float64s(); math.Abs(y[0]-1) > 1e-12 {
		t.Errorf("in inference the mean of ones is %v", y[0])
	}
	tape.SetTraining(true)
	config.Dropout = 1
	if diff := cmp.Diff(make([]float64, 50), autograd.ScaledDotProductAttention(q, k, autograd.Ones(autograd.Float64, keys, 1), config).Float64s()); diff != "" {
		t.Error(diff)
	}
}

// The scores of long sequences are never in memory at once.
func TestAttentionMemory(t *testing.T) {
	const length = 3000
	tape := autograd.NewTape(autograd.TapeConfig{})
	qkv := tape.Watch(autograd.Normal(rand.New(rand.NewPCG(1, 2)), autograd.Float32, 0, 1, 1, length, 3*8))
	autograd.SelfAttention(qkv, autograd.AttentionConfig{}).Sum().Backward()
	if _, peak, _ := tape.MemoryUsage(); peak > 4*length*length/4 {
		t.Errorf("%d bytes, the scores would take %d", peak, 4*length*length)
	}
}

// What is masked by infinite biases counts as what a mask hides.
func TestAttentionOfInfiniteBias(t *testing.T) {
	inf := math.Inf(-1)
	bias := autograd.New([]float64{0, inf, inf, inf}, 2, 2)
	v := autograd.New([]float64{3, 4}, 2, 1)
	tape := autograd.NewTape(autograd.TapeConfig{})
	q := tape.Watch(autograd.New([]float64{1, 2}, 2, 1))
	y := autograd.ScaledDotProductAttention(q, zeros(2, 1), v, autograd.AttentionConfig{Bias: bias})
	if diff := cmp.Diff([]float64{3, 0}, y.Float64s()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{0, 0}, y.Sum().Backward().Of(q).Float64s()); diff != "" {
		t.Error(diff)
	}
}

func TestAttentionRejectsWrongOperands(t *testing.T) {
	for _, test := range []struct {
		name string
		f    func()
		want string
	}{
		{"heads", func() {
			autograd.ScaledDotProductAttention(zeros(4, 3), zeros(4, 3), zeros(4, 3), autograd.AttentionConfig{Heads: 2})
		}, "cannot be divided into the heads"},
		{"heads of values", func() {
			autograd.ScaledDotProductAttention(zeros(4, 2), zeros(4, 2), zeros(4, 3), autograd.AttentionConfig{Heads: 2})
		}, "values cannot be divided"},
		{"negative heads", func() { autograd.SelfAttention(zeros(4, 6), autograd.AttentionConfig{Heads: -2}) }, "negative number of heads"},
		{"packed", func() { autograd.SelfAttention(zeros(4, 4), autograd.AttentionConfig{}) }, "3·features"},
		{"a vector", func() { autograd.SelfAttention(zeros(6), autograd.AttentionConfig{}) }, "3·features"},
		{"mask", func() { autograd.SelfAttention(zeros(4, 6), autograd.AttentionConfig{Mask: zeros(3, 4)}) }, "does not broadcast"},
		{"axes of the mask", func() { autograd.SelfAttention(zeros(4, 6), autograd.AttentionConfig{Mask: zeros(2, 1, 4, 4)}) }, "does not broadcast"},
		{"batch of the bias", func() { autograd.SelfAttention(zeros(2, 1, 4, 6), autograd.AttentionConfig{Bias: zeros(3, 1, 4, 4)}) }, "does not broadcast"},
		{"batches", func() {
			autograd.ScaledDotProductAttention(zeros(2, 4, 3), zeros(3, 4, 3), zeros(4, 3), autograd.AttentionConfig{})
		}, "do not broadcast"},
		{"past", func() { autograd.SelfAttention(zeros(4, 6), autograd.AttentionConfig{Past: -1}) }, "negative"},
		{"dropout", func() { autograd.SelfAttention(zeros(4, 6), autograd.AttentionConfig{Dropout: math.NaN()}) }, "Dropout"},
		{"types", func() {
			autograd.SelfAttention(zeros(4, 6), autograd.AttentionConfig{Mask: autograd.Ones(autograd.Float32, 4, 4)})
		}, "float32"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := autograd.Try(test.f); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

// Axes of the batch broadcast, and masks along some of them only.
func TestAttentionBroadcasts(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	normal := func(shape ...int) autograd.Variable { return autograd.Normal(rng, autograd.Float64, 0, 1, shape...) }
	q, k, v, bias := normal(2, 3, 2, 4, 5), normal(3, 1, 6, 5), normal(6, 2), normal(2, 1, 2, 1, 6)
	got := autograd.ScaledDotProductAttention(q, k, v, autograd.AttentionConfig{Bias: bias})
	want := autograd.AttentionWeights(q, k, autograd.AttentionConfig{Bias: bias}).MatMul(v)
	if diff := cmp.Diff(want.Shape(), got.Shape()); diff != "" {
		t.Fatal(diff)
	}
	near(t, "the result", want.Float64s(), got.Float64s(), 1e-12)
}
