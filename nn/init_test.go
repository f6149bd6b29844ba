package nn_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Initializers have the mean, the spread and the bounds that they promise.
func TestInitializers(t *testing.T) {
	const fanIn, fanOut = 200, 100
	inf := math.Inf(1)
	for _, test := range []struct {
		name      string
		f         nn.Initializer
		mean, std float64
		bound     float64 // of |x − mean|
	}{
		{"GlorotUniform", nn.GlorotUniform, 0, math.Sqrt(2. / 300), math.Sqrt(6. / 300)},
		{"GlorotNormal", nn.GlorotNormal, 0, math.Sqrt(2. / 300), inf},
		{"HeUniform", nn.HeUniform, 0, math.Sqrt(2. / 200), math.Sqrt(6. / 200)},
		{"HeNormal", nn.HeNormal, 0, math.Sqrt(2. / 200), inf},
		{"LeCunUniform", nn.LeCunUniform, 0, math.Sqrt(1. / 200), math.Sqrt(3. / 200)},
		{"LeCunNormal", nn.LeCunNormal, 0, math.Sqrt(1. / 200), inf},
		{"TruncatedNormal", nn.TruncatedNormal(1, 2, -3, 5), 1, 2 * 0.8796256610342398, 4}, // of the normal distribution within ±2
		{"Scaled", nn.Scaled(math.Sqrt2, nn.LeCunNormal), 0, math.Sqrt(2. / 200), inf},
		{"Sparse", nn.Sparse(0.75, 2), 0, 1, inf},
		{"Orthogonal", nn.Orthogonal(1), 0, math.Sqrt(1. / 200), 1},
		{"Ones", nn.Ones, 1, 0, 0},
		{"Uniform", nn.Uniform(1, 3), 2, 2 / math.Sqrt(12), 1},
		{"Normal", nn.Normal(-1, 0.5), -1, 0.5, inf},
		{"Constant", nn.Constant(0.25), 0.25, 0, 0},
		{"Zeros", nn.Zeros, 0, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			drawn := map[autograd.DType][]float64{}
			for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
				w := autograd.Parameter(autograd.Full(dtype, math.NaN(), fanOut, fanIn))
				test.f(rand.New(rand.NewPCG(1, 2)), w, fanIn, fanOut)
				drawn[dtype] = w.Floats()
			}
			for i, x := range drawn[autograd.Float64] {
				if !(math.Abs(x-test.mean) <= test.bound) {
					t.Fatalf("element %d is %v, more than %v from %v", i, x, test.bound, test.mean)
				}
				if float64(float32(x)) != drawn[autograd.Float32][i] {
					t.Fatalf("element %d is %v in float64, %v in float32", i, x, drawn[autograd.Float32][i])
				}
			}
			// Of 20,000 numbers the mean is off by σ/√20,000, their σ by less.
			mean, std := stat.MeanStdDev(drawn[autograd.Float64], nil)
			if allowed := 4 * test.std / math.Sqrt(fanIn*fanOut); !(math.Abs(mean-test.mean) <= allowed && math.Abs(std-test.std) <= allowed) {
				t.Errorf("mean %v and standard deviation %v, want %v and %v up to %v", mean, std, test.mean, test.std, allowed)
			}
		})
	}
}

// Layers hand their initializers what these need, the weight before the bias.
func TestLinearInitializes(t *testing.T) {
	var calls []int
	record := func(_ *rand.Rand, w autograd.Variable, fanIn, fanOut int) {
		calls = append(calls, w.Rank(), fanIn, fanOut)
	}
	nn.NewLinear(rand.New(rand.NewPCG(1, 2)), 3, 5, nn.LinearConfig{Init: record, BiasInit: record})
	if want := []int{2, 3, 5, 1, 3, 5}; !slices.Equal(calls, want) {
		t.Errorf("got rank, fanIn, fanOut %v, want %v", calls, want)
	}
}

func TestLayersRejectBadSizes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	expectValueError(t, "NewLinear", func() { nn.NewLinear(rng, 0, 1, nn.LinearConfig{}) })
	expectValueError(t, "NewLinear", func() { nn.NewLinear(rng, 1, -1, nn.LinearConfig{}) })
	expectValueError(t, "NewMLP", func() { nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{3}}) })
	expectValueError(t, "NewLinear", func() { nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{3, 0}}) })
}
