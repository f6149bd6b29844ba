package autograd_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/parallel"
)

// fusedCase is an operation whose backward rule has a kernel of its own beside the one that
// is written in operations.
type fusedCase struct {
	name   string
	shapes [][]int
	f      autograd.Func
}

// fusedCases are of sizes at which work is spread.
var fusedCases = []fusedCase{
	{"LayerNorm", [][]int{{300, 129}, {129}, {129}}, func(xs []v) v { return autograd.LayerNorm(xs[0], xs[1], xs[2], 1e-5) }},
	{"LayerNorm of long rows", [][]int{{3, 2, 4500}, {2, 4500}, {2, 4500}}, func(xs []v) v { return autograd.LayerNorm(xs[0], xs[1], xs[2], 1e-5) }},
	{"LayerNorm without weights", [][]int{{300, 70}}, func(xs []v) v { return autograd.LayerNorm(xs[0], v{}, v{}, 0) }},
	{"RMSNorm", [][]int{{300, 129}, {129}}, func(xs []v) v { return autograd.RMSNorm(xs[0], xs[1], 1e-5) }},
	{"BatchNorm", [][]int{{20, 17, 9, 13}, {17}, {17}}, func(xs []v) v {
		return autograd.BatchNorm(xs[0], xs[1], xs[2], autograd.BatchNormConfig{Eps: 1e-5})
	}},
	{"BatchNorm of vectors", [][]int{{200, 50}, {50}, {50}}, func(xs []v) v {
		return autograd.BatchNorm(xs[0], xs[1], xs[2], autograd.BatchNormConfig{Eps: 1e-5})
	}},
	{"BatchNorm by given statistics", [][]int{{20, 17, 9, 13}, {17}, {17}, {17}, {17}}, func(xs []v) v {
		return autograd.BatchNorm(xs[0], xs[1], xs[2], autograd.BatchNormConfig{Eps: 0.1, Mean: xs[3], Var: xs[4].Square()})
	}},
	{"BatchNorm of vectors by given statistics", [][]int{{200, 50}, {50}, {50}}, func(xs []v) v {
		return autograd.BatchNorm(xs[0], v{}, v{}, autograd.BatchNormConfig{Eps: 0.1, Mean: xs[1], Var: xs[2].Square()})
	}},
	{"GroupNorm", [][]int{{20, 16, 9, 13}, {16}, {16}}, func(xs []v) v { return autograd.GroupNorm(xs[0], 4, xs[1], xs[2], 1e-5) }},
	{"GroupNorm of one group", [][]int{{200, 48}, {48}}, func(xs []v) v { return autograd.GroupNorm(xs[0], 1, xs[1], v{}, 1e-5) }},
	{"MaxPool", [][]int{{60, 40, 41}}, func(xs []v) v { return xs[0].MaxPool(pairs) }},
	{"MaxPool that overlaps", [][]int{{60, 40, 40}}, func(xs []v) v {
		return xs[0].MaxPool(autograd.MaxPoolConfig{Kernel: []int{3, 3}, Stride: []int{2}, Padding: []int{1}, Ceil: true})
	}},
	{"AvgPool", [][]int{{60, 40, 41}}, func(xs []v) v { return xs[0].AvgPool(autograd.AvgPoolConfig{Kernel: []int{2, 2}}) }},
	{"AvgPool that overlaps", [][]int{{6, 10, 20, 20}}, func(xs []v) v {
		return xs[0].AvgPool(autograd.AvgPoolConfig{Kernel: []int{2, 3, 3}, Stride: []int{2}, Padding: []int{1}, ExcludePadding: true})
	}},
	{"Dropout", [][]int{{70, 1001}}, func(xs []v) v { return autograd.Dropout(xs[0], 0.3, 9) }},
	{"AdaptiveAvgPool", [][]int{{60, 40, 40}}, func(xs []v) v { return xs[0].AdaptiveAvgPool(3, 7) }},
}

// Both rules give the same, whichever operands want a gradient, and whether or not others
// hold the gradient that comes from above.
func TestFusedRulesAgreeWithThoseInOperations(t *testing.T) {
	for _, c := range fusedCases {
		for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
			t.Run(fmt.Sprint(c.name, " ", dtype), func(t *testing.T) {
				for wanted := 1; wanted < 1<<len(c.shapes); wanted++ {
					if testing.Short() && wanted&(wanted-1) != 0 && wanted != 1<<len(c.shapes)-1 {
						continue
					}
					for _, again := range []bool{false, true} { // the operand has a second use
						plain, recorded, _ := c.gradients(dtype, wanted, again)
						tolerance := map[autograd.DType]float64{autograd.Float32: 3e-4, autograd.Float64: 1e-10}[dtype]
						for i := range plain {
							if diff := plain[i].Sub(recorded[i]).Abs().Max().Item(); !(diff <= tolerance*recorded[i].Abs().Max().Item()) {
								t.Errorf("wanted %b, again %v: gradient %d differs by %v", wanted, again, i, diff)
							}
						}
					}
				}
			})
		}
	}
}

// gradients are those of the operands that are wanted, by the rule with a kernel and by the
// other, and the value.
func (c fusedCase) gradients(dtype autograd.DType, wanted int, again bool) (plain, recorded []v, value []float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	tape := autograd.NewTape(autograd.TapeConfig{})
	var xs, leaves []v
	for i, shape := range c.shapes {
		x := autograd.Normal(rng, autograd.Float64, 0, 1, shape...).AsType(dtype)
		if wanted>>i&1 == 1 {
			x = tape.Watch(x)
			leaves = append(leaves, x)
		} else {
			x = tape.Const(x)
		}
		xs = append(xs, x)
	}
	y := c.f(xs)
	sum := y.Mul(tape.Const(autograd.Normal(rng, autograd.Float64, 0, 1, y.Shape()...).AsType(dtype))).Sum()
	if again {
		sum = sum.Add(y.Square().Sum().MulScalar(0.1)).Add(xs[0].Square().Sum().MulScalar(0.1))
	}
	recorded = autograd.Grad(sum, leaves...)
	grads := sum.Backward()
	for _, x := range leaves {
		plain = append(plain, grads.Of(x))
	}
	return plain, recorded, y.Floats()
}

// The bits do not depend on the number of workers, and not on whether a tape records.
func TestFusedRulesGiveTheSameBits(t *testing.T) {
	for _, c := range fusedCases {
		t.Run(c.name, func(t *testing.T) {
			var want []float64
			for _, procs := range []int{1, 2, 3, 8} {
				var got []float64
				parallel.WithProcs(procs, func() {
					plain, _, value := c.gradients(autograd.Float32, 1<<len(c.shapes)-1, true)
					got = value
					for _, g := range plain {
						got = append(got, g.Floats()...)
					}
				})
				if want == nil {
					want = got
				}
				if !slices.Equal(want, got) {
					t.Errorf("GOMAXPROCS %d changes the bits", procs)
				}
			}
			rng, tape := rand.New(rand.NewPCG(1, 2)), autograd.NewTape(autograd.TapeConfig{NoGrad: true})
			var xs []v
			for _, shape := range c.shapes {
				xs = append(xs, tape.Const(autograd.Normal(rng, autograd.Float64, 0, 1, shape...).AsType(autograd.Float32)))
			}
			if y := c.f(xs).Floats(); !slices.Equal(y, want[:len(y)]) {
				t.Error("a tape without gradients changes the bits")
			}
		})
	}
}
