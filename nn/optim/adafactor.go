package optim

import (
	"iter"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// AdafactorConfig configures [NewAdafactor].
type AdafactorConfig struct {
	LR            float64    // greatest share of a parameter's size that a step is, α; 0 means 0.01
	Decay         float64    // δ, how slowly the averages forget: 1−β = t^−δ; 0 means 0.8
	Eps           [2]float64 // least root of an estimate, and least size of a parameter; 0 means 1e-30 and 1e-3
	ClipThreshold float64    // the greatest root mean square of a step before the rate; 0 means 1
	WeightDecay   float64    // λ, decoupled
}

// NewAdafactor is the optimizer of Shazeer and Stern (2018), which keeps two vectors for a
// matrix instead of two matrices: the second moment of its gradient is estimated from
// averages over rows and columns. At a parameter's step t, from 1 on, with ω = t^−δ and the
// root mean square RMS,
//
//	w ← w − αλw
//	R ← (1−ω)R + ω·(means of g² over the last axis)
//	C ← (1−ω)C + ω·(means of g² over the last axis but one)
//	v = R·C/(mean of R), or v ← (1−ω)v + ωg² where there are fewer than two axes
//	u = g/max(√v, ε₁)
//	w ← w − min(α, 1/√t)·max(ε₂, RMS(w before)) · u/max(1, RMS(u)/ClipThreshold)
//
// Axes before the last two count matrices. State: "row_var" R, "col_var" C, or "variance" v;
// the groups have no Momentum. It panics as [NewSGD] does.
func NewAdafactor(params iter.Seq2[string, autograd.Variable], config AdafactorConfig, groups ...Group) Optimizer {
	const op = "optim.NewAdafactor"
	c := config.resolve(op)
	a := &adafactor{config: c}
	a.vector = updateOf(a, adafactorRange[float32], adafactorRange[float64])
	a.root = tensor.Kernel2{F32: rootOfRatio[float32], F64: rootOfRatio[float64]}
	a.matrix = tensor.Kernel3{
		F32: func(u, row, col, g []float32) { adafactorRow(u, row, col, g, float32(c.Eps[0])) },
		F64: func(u, row, col, g []float64) { adafactorRow(u, row, col, g, c.Eps[0]) },
	}
	isMatrix := func(p *param, _ *Group) bool { return p.v.Rank() >= 2 }
	isVector := func(p *param, _ *Group) bool { return p.v.Rank() < 2 }
	return newEngine(rule{
		op:       op,
		defaults: Group{LR: c.LR, WeightDecay: c.WeightDecay},
		slots: []slot{
			varianceSlot: {name: "variance", when: isVector},
			updateSlot:   {scratch: true},
			rowSlot:      {name: "row_var", when: isMatrix, shape: without(1)},
			colSlot:      {name: "col_var", when: isMatrix, shape: without(2)},
			rowScratch:   {scratch: true, when: isMatrix, shape: without(1)},
			colScratch:   {scratch: true, when: isMatrix, shape: without(2)},
			meanScratch:  {scratch: true, when: isMatrix, shape: without(1, 2)},
		},
		fixedMomentum: true,
		step:          a.step,
	}, params, groups)
}

// The slots of Adafactor.
const (
	varianceSlot = iota
	updateSlot
	rowSlot
	colSlot
	rowScratch
	colScratch
	meanScratch
)

// without is a shape with size 1 along axes that are counted from the end, from 1 on.
func without(axes ...int) func(shape []int) []int {
	return func(shape []int) []int {
		shape = slices.Clone(shape)
		for _, axis := range axes {
			if i := len(shape) - axis; i >= 0 {
				shape[i] = 1
			}
		}
		return shape
	}
}

func (c AdafactorConfig) resolve(op string) AdafactorConfig {
	s := settings{op, "AdafactorConfig"}
	s.number(&c.LR, "LR", 0.01, nonNegative)
	s.number(&c.Decay, "Decay", 0.8, nonNegative)
	s.number(&c.Eps[0], "Eps[0]", 1e-30, nonNegative)
	s.number(&c.Eps[1], "Eps[1]", 1e-3, nonNegative)
	s.number(&c.ClipThreshold, "ClipThreshold", 1, nonNegative)
	s.number(&c.WeightDecay, "WeightDecay", 0, nonNegative)
	return c
}

type adafactor struct {
	config AdafactorConfig
	omega  float64 // of the step at work

	vector tensor.Update  // the estimate and u of a parameter with fewer than two axes
	root   tensor.Kernel2 // √(R/mean)
	matrix tensor.Kernel3 // u of √(R/mean), C and g
}

func (a *adafactor) step(p *param, g *Group) {
	if p.w.Len() == 0 {
		return
	}
	t := float64(p.steps)
	a.omega = math.Pow(t, -a.config.Decay)
	if p.v.Rank() < 2 {
		p.apply(&a.vector)
	} else {
		a.factor(p)
	}
	update := &p.slots[updateSlot]
	scale := 1 / math.Sqrt(float64(p.w.Len())) // norms to root mean squares
	rate := min(g.Rate(), 1/math.Sqrt(t)) * max(a.config.Eps[1], scale*tensor.Norm2(&p.w))
	if size := scale * tensor.Norm2(update); size > a.config.ClipThreshold {
		rate *= a.config.ClipThreshold / size
	}
	tensor.Scale(&p.w, &p.w, 1-g.Rate()*g.WeightDecay)
	tensor.AddScaled(&p.w, update, -rate)
}

// factor makes u of a matrix.
func (a *adafactor) factor(p *param) {
	rank := p.v.Rank()
	row, col := &p.slots[rowSlot], &p.slots[colSlot]
	a.average(p, row, &p.slots[rowScratch], rank-1)
	a.average(p, col, &p.slots[colScratch], rank-2)
	mean := &p.slots[meanScratch]
	tensor.Sum(mean, row, 1<<(rank-2))
	tensor.Scale(mean, mean, 1/float64(p.w.Shape[rank-2]))
	tensor.Map2(&a.root, &p.slots[rowScratch], row, mean)
	tensor.Map3(&a.matrix, &p.slots[updateSlot], &p.slots[rowScratch], col, &p.grad)
}

// average lets the mean of g² over an axis flow into an average.
func (a *adafactor) average(p *param, average, memory *tensor.Array, axis int) {
	tensor.SumSquares(memory, &p.grad, 1<<axis)
	tensor.Scale(average, average, 1-a.omega)
	tensor.AddScaled(average, memory, a.omega/float64(p.w.Shape[axis]))
}

func adafactorRange[T simd.Float](a *adafactor, x tensor.Slices[T]) {
	omega, least := T(a.omega), T(a.config.Eps[0])
	v, u := x.Slots[varianceSlot], x.Slots[updateSlot]
	for i, g := range x.G {
		v[i] += omega * (g*g - v[i])
		u[i] = g / max(root(v[i]), least)
	}
}

// rootOfRatio is √(a/b), and 0 where both are 0.
func rootOfRatio[T simd.Float](dst, a, b []T) {
	for i := range dst {
		x, y := element(a, i), element(b, i)
		if dst[i] = 0; x != 0 {
			dst[i] = root(x / y)
		}
	}
}

// adafactorRow is u for √(R/mean), C and g.
func adafactorRow[T simd.Float](u, row, col, g []T, least T) {
	for i := range u {
		u[i] = element(g, i) / max(element(row, i)*root(element(col, i)), least)
	}
}

// element is element i of an operand of a kernel, which may be one element for all.
func element[T any](x []T, i int) T {
	if len(x) == 1 {
		return x[0]
	}
	return x[i]
}
