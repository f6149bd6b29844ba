package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"sort"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

type v = autograd.Variable

// burgers is Burgers' equation, which forms a shock wave that viscosity keeps smooth:
//
//	∂u/∂t + u·∂u/∂x = ν·∂²u/∂x²   for −1 ≤ x ≤ 1, 0 ≤ t ≤ 1,
//	u(x, 0) = −sin πx,  u(±1, t) = 0.
//
// The network learns it without one value of the solution: at points (x, t) that are drawn
// at random, what it is must obey the equation (Raissi, Perdikaris and Karniadakis 2019).
// They have half the viscosity.
type burgers struct {
	viscosity float64
	points    int // where the equation is asked for
	hidden    []int
	adam      int // steps
	rounds    int // of L-BFGS
	lbfgs     int // steps of each
}

var fullBurgers = burgers{viscosity: 0.02 / math.Pi, points: 3000, hidden: []int{24, 24, 24, 24}, adam: 1000, rounds: 3, lbfgs: 700}

// solution is the network as a solution. What it must be at the start and the edges is built
// in: u(x, t) = −sin πx + t·(1 − x²)·N(x, t), for any network N.
func solution(model nn.Layer, x, t v) v {
	n := model.Forward(autograd.Concat(1, x, t))
	return x.MulScalar(math.Pi).Sin().Neg().Add(t.Mul(x.Square().Neg().AddScalar(1)).Mul(n))
}

// residual is by how much the equation is missed at points (x, t), both [n, 1]. A point's u
// depends on its own x and t only, so the gradient of the sum of all u has ∂u/∂x and ∂u/∂t
// at every point, and the gradient of the sum of those is ∂²u/∂x². The loss is
// differentiated once more, by the parameters: that makes the third order.
func (b burgers) residual(model nn.Layer, x, t v) v {
	var u, ux, ut v
	slope := func(xs []v) v {
		_, grads := autograd.ValueAndGrad(func(xs []v) v {
			u = solution(model, xs[0], xs[1])
			return u.Sum()
		}, xs[0], t)
		ux, ut = grads[0], grads[1]
		return ux.Sum()
	}
	_, grads := autograd.ValueAndGrad(slope, x)
	return ut.Add(u.Mul(ux)).Sub(grads[0].MulScalar(b.viscosity))
}

// sample draws points: uniformly if there is no model yet, else half of them so that a point
// is as likely as its squared residual is large (as Wu, Zhu, Tan, Kartha and Lu 2023 do): the
// shock is narrow, and few others would see it.
func (b burgers) sample(rng *rand.Rand, model nn.Layer) (x, t v) {
	uniform := func(n int) (x, t v) {
		return autograd.Uniform(rng, autograd.Float64, -1, 1, n, 1), autograd.Uniform(rng, autograd.Float64, 0, 1, n, 1)
	}
	if model == nil {
		return uniform(b.points)
	}
	x, t = uniform(b.points - b.points/2)
	manyX, manyT := uniform(5 * b.points)
	sums := b.residual(model, manyX, manyT).Square().CumSum(0).Float64s()
	drawn := make([]int, b.points/2)
	for i := range drawn {
		drawn[i] = min(sort.SearchFloat64s(sums, rng.Float64()*sums[len(sums)-1]), len(sums)-1)
	}
	return autograd.Concat(0, x, manyX.IndexSelect(0, drawn)), autograd.Concat(0, t, manyT.IndexSelect(0, drawn))
}

// learn trains a network: first by Adam, with points drawn anew for each step, and then by
// L-BFGS, which wants a loss that stays what it is, in rounds with points of their own.
func (b burgers) learn(ctx context.Context, seed uint64, log io.Writer) (nn.Layer, error) {
	rng := rand.New(rand.NewPCG(seed, 0))
	sizes := append(append([]int{2}, b.hidden...), 1)
	model := nn.NewMLP(rng, nn.MLPConfig{Sizes: sizes, Activation: nn.Tanh{}, DType: autograd.Float64, Init: nn.GlorotNormal})
	adam := optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 3e-3})
	schedule := optim.Cosine(b.adam, 0.1)
	tape := autograd.NewTape(autograd.TapeConfig{})
	for step := range b.adam {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		tape.Reset()
		x, t := b.sample(rng, nil)
		loss := b.residual(model, tape.Const(x), tape.Const(t)).Square().Mean()
		schedule.Set(step, adam.Groups()...)
		adam.Step(loss.Backward())
		if step%250 == 0 {
			fmt.Fprintf(log, "Adam   %5d: mean square of the residual %.2e\n", step, loss.Item())
		}
	}
	for range b.rounds {
		x, t := b.sample(rng, model)
		err := minimize(ctx, model, b.lbfgs, log, "of the residual", func(tape *autograd.Tape) (v, error) {
			return b.residual(model, tape.Const(x), tape.Const(t)).Square().Mean(), nil
		})
		if err != nil {
			return nil, err
		}
	}
	return model, nil
}

// field is a solution on a grid: u[i][j] at time i/(len(u)−1) and x = −1 + 2j/(len(u[i])−1).
type field [][]float64

// fieldOf is the network's solution on a grid.
func fieldOf(model nn.Layer, times, places int) field {
	f := make(field, times)
	x := autograd.Linspace(autograd.Float64, -1, 1, places).Reshape(places, 1)
	for i := range f {
		t := autograd.Full(autograd.Float64, float64(i)/float64(times-1), places, 1)
		f[i] = solution(model, x, t).Float64s()
	}
	return f
}

// finiteDifferences solves the equation on the same grid, computed with cells that are
// refine times as small: central differences of second order, in time Runge–Kutta of fourth.
func (b burgers) finiteDifferences(times, places, refine int) field {
	n := (places-1)*refine + 1
	dx := 2 / float64(n-1)
	u := make([]float64, n)
	for j := range u {
		u[j] = -math.Sin(math.Pi * (-1 + float64(j)*dx))
	}
	u[0], u[n-1] = 0, 0
	slope := func(du, u []float64) {
		for j := 1; j < n-1; j++ { // ½(u²)ₓ, as a flux keeps what flows
			du[j] = -(u[j+1]*u[j+1]-u[j-1]*u[j-1])/(4*dx) + b.viscosity*(u[j+1]-2*u[j]+u[j-1])/(dx*dx)
		}
	}
	steps := int(math.Ceil(max(2*b.viscosity/(dx*dx), 2/dx)/float64(times-1))) + 1
	dt := 1 / float64(times-1) / float64(steps)
	var k [4][]float64
	for i := range k {
		k[i] = make([]float64, n)
	}
	y := make([]float64, n)
	f := make(field, times)
	for i := range f {
		for j := 0; j < n; j += refine {
			f[i] = append(f[i], u[j])
		}
		for range steps {
			slope(k[0], u)
			for stage, h := range []float64{dt / 2, dt / 2, dt} {
				for j := range y {
					y[j] = u[j] + h*k[stage][j]
				}
				slope(k[stage+1], y)
			}
			for j := range u {
				u[j] += dt / 6 * (k[0][j] + 2*k[1][j] + 2*k[2][j] + k[3][j])
			}
		}
	}
	return f
}

// distance is ‖f − g‖/‖g‖ over the grid.
func (f field) distance(g field) float64 {
	var difference, norm float64
	for i := range f {
		for j := range f[i] {
			difference += (f[i][j] - g[i][j]) * (f[i][j] - g[i][j])
			norm += g[i][j] * g[i][j]
		}
	}
	return math.Sqrt(difference / norm)
}
