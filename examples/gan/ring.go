package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// The ring is eight normal distributions on a circle, the usual test of whether a generator
// makes all that is in the data, or only a part that the critic takes for real.
const (
	modes  = 8
	radius = 2.0
	spread = 0.1 // standard deviation of each
)

// ring draws points of the ring.
func ring(rng *rand.Rand, n int) *data.Arrays {
	points := make([]float32, 0, 2*n)
	for range n {
		x, y := center(rng.IntN(modes))
		points = append(points, float32(x+spread*rng.NormFloat64()), float32(y+spread*rng.NormFloat64()))
	}
	return &data.Arrays{X: data.NewArray(points, n, 2)}
}

func center(mode int) (x, y float64) {
	y, x = math.Sincos(2 * math.Pi * float64(mode) / modes)
	return radius * x, radius * y
}

// ringResult is how a generator of points did.
type ringResult struct {
	snapshots []autograd.Variable // [points, 2]
	near      float64             // the fraction of points within three standard deviations of a mode
	shares    [modes]float64      // of each mode, among all points
}

// covered is how many modes have at least a quarter of their share.
func (r *ringResult) covered() int {
	n := 0
	for _, share := range r.shares {
		if share >= 0.25/modes {
			n++
		}
	}
	return n
}

var ringTraining = training{steps: 6000, batch: 256, rate: 2e-3, snapshots: []int{0, 300, 1500, 6000}}

func learnRing(ctx context.Context, seed uint64, t training, progress io.Writer) (*ringResult, error) {
	rng := rand.New(rand.NewPCG(seed, 0))
	g := gan{
		generator: nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{8, 64, 64, 2}}),
		critic:    nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{2, 128, 128, 1}, Activation: nn.LeakyReLU{Slope: 0.2}}),
		noise:     8, penalty: 0.1,
	}
	seen, err := g.train(ctx, ring(rng, 20*t.batch), t, g.noiseFor(rng, 2000), seed, progress)
	if err != nil {
		return nil, err
	}
	made, err := g.make(ctx, g.noiseFor(rng, 10_000))
	if err != nil {
		return nil, err
	}
	r := &ringResult{snapshots: seen}
	r.near, r.shares = judge(made)
	return r, nil
}

// judge says which fraction of points [n, 2] is within three standard deviations of a mode,
// and of which.
func judge(points autograd.Variable) (near float64, shares [modes]float64) {
	xy := points.Floats()
	each := 1 / float64(points.Dim(0))
	for i := 0; i < len(xy); i += 2 {
		for m := range modes {
			if x, y := center(m); math.Hypot(xy[i]-x, xy[i+1]-y) <= 3*spread {
				near += each
				shares[m] += each
			}
		}
	}
	return near, shares
}

func (r *ringResult) String() string {
	return fmt.Sprintf("%d of %d modes are covered, %.1f %% of the points are within three standard deviations of one", r.covered(), modes, 100*r.near)
}
