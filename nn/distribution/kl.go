package distribution

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"

	"github.com/chainrule-go/chainrule/autograd"
)

// KL is the Kullback–Leibler divergence of q from p,
//
//	KL(p‖q) = ∫ p(x)·ln(p(x)/q(x)) dx
//
// in nats, for distributions whose batches broadcast: [batch…]. It is 0 if both are the same,
// positive otherwise, and +Inf where p has probability and q has none. There is a closed
// form for two of the same type, but for mixtures, and for some of different types: of
// [Normal], [Laplace], [Uniform], [Beta] and [Gamma] to Normal, and of these to Uniform,
// of Normal to Laplace and of Beta to Gamma. For any other pair it panics with
// [*autograd.ValueError]; [HasKL] tells beforehand and [EstimateKL] serves any pair.
func KL(p, q Distribution) autograd.Variable {
	f, ok := divergences[pairOf(p, q)]
	if !ok {
		panic(&autograd.ValueError{Op: "KL", Reason: fmt.Sprintf("no closed form of the divergence of %T from %T is known: see EstimateKL", q, p)})
	}
	batch := broadcast("KL", p.BatchShape(), q.BatchShape())
	return f(p, q).BroadcastTo(batch...)
}

// HasKL tells whether KL knows this pair of types.
func HasKL(p, q Distribution) bool {
	_, ok := divergences[pairOf(p, q)]
	return ok
}

// EstimateKL is the mean of ln p(x) − ln q(x) over n draws x of p: an unbiased estimate of the
// divergence for any pair. If p is [Reparameterized], its gradient is an unbiased estimate of
// the divergence's gradient; otherwise only that with respect to q's parameters is. It
// panics with [*autograd.ValueError] if n is not positive.
func EstimateKL(rng *rand.Rand, p, q Distribution, n int) autograd.Variable {
	if n < 1 {
		panic(&autograd.ValueError{Op: "EstimateKL", Reason: "the number of draws must be positive"})
	}
	draw := p.Sample
	if r, ok := p.(Reparameterized); ok {
		draw = r.RSample
	}
	// Draws for q's batch, where that is the larger one, are p's draws for each of its elements.
	x := draw(rng, n)
	axes := len(broadcast("EstimateKL", p.BatchShape(), q.BatchShape())) - len(p.BatchShape())
	for range axes {
		x = x.Unsqueeze(1)
	}
	return p.LogProb(x).Sub(q.LogProb(x)).Mean(0)
}

type pair struct{ p, q reflect.Type }

func pairOf(p, q Distribution) pair { return pair{reflect.TypeOf(p), reflect.TypeOf(q)} }

type divergence func(p, q Distribution) autograd.Variable

// row is an entry of the table.
func row[P, Q Distribution](f func(p P, q Q) autograd.Variable) (pair, divergence) {
	return pair{reflect.TypeFor[P](), reflect.TypeFor[Q]()}, func(p, q Distribution) autograd.Variable { return f(p.(P), q.(Q)) }
}

// divergences are those that KL knows.
var divergences = map[pair]divergence{}

func add(p pair, f divergence) { divergences[p] = f }

func init() {
	add(row(klNormal))
	add(row(klMultivariateNormal))
	add(row(klBernoulli))
	add(row(klCategorical))
	add(row(klBeta))
	add(row(klGamma))
	add(row(klLaplace))

	add(row(klToNormal[*Laplace]))
	add(row(klToNormal[*Uniform]))
	add(row(klToNormal[*Beta]))
	add(row(klToNormal[*Gamma]))

	add(row(func(p, q *Uniform) autograd.Variable { return klToUniform(p, q, p.Low, p.High) }))
	add(row(func(p *Beta, q *Uniform) autograd.Variable {
		return klToUniform(p, q, full(q.Low, 0), full(q.Low, 1))
	}))
	everywhere := func(p Entropic, q *Uniform) autograd.Variable {
		return klToUniform(p, q, full(q.Low, math.Inf(-1)), full(q.Low, math.Inf(1)))
	}
	add(row(func(p *Normal, q *Uniform) autograd.Variable { return everywhere(p, q) }))
	add(row(func(p *Laplace, q *Uniform) autograd.Variable { return everywhere(p, q) }))
	add(row(func(p *Gamma, q *Uniform) autograd.Variable { return everywhere(p, q) }))

	add(row(klNormalLaplace))
	add(row(klBetaGamma))
}

// ½·((σp/σq)² + ((μp−μq)/σq)² − 1) − ln(σp/σq).
func klNormal(p, q *Normal) autograd.Variable {
	ratio := p.Scale.Div(q.Scale).Square()
	shift := p.Loc.Sub(q.Loc).Div(q.Scale).Square()
	return ratio.Add(shift).SubScalar(1).Sub(ratio.Log()).MulScalar(0.5)
}

// ½·(|Lq⁻¹·Lp|² + |Lq⁻¹·(μp−μq)|² − n) + ln det Lq − ln det Lp.
func klMultivariateNormal(p, q *MultivariateNormal) autograd.Variable {
	if p.event[0] != q.event[0] {
		panic(&autograd.ShapeError{Op: "KL", Shapes: [][]int{p.event, q.event}, Reason: "the vectors must be of one size"})
	}
	trace := autograd.SolveTriangular(q.ScaleTril, p.ScaleTril, autograd.TriangularConfig{}).Square().Sum(-2, -1)
	sum := trace.Add(q.mahalanobis(p.Loc.Sub(q.Loc))).SubScalar(float64(p.event[0]))
	return sum.MulScalar(0.5).Add(q.logDiagonal()).Sub(p.logDiagonal())
}

// pp·ln(pp/pq) + (1−pp)·ln((1−pp)/(1−pq)).
func klBernoulli(p, q *Bernoulli) autograd.Variable {
	one := p.Logits.LogSigmoid().Sub(q.Logits.LogSigmoid())
	zero := p.Logits.Neg().LogSigmoid().Sub(q.Logits.Neg().LogSigmoid())
	return p.Probs().Mul(one).Add(p.Logits.Neg().Sigmoid().Mul(zero))
}

// Σ pᵢ·(ln pᵢ − ln qᵢ), where pᵢ = 0 adds 0 and otherwise qᵢ = 0 gives +Inf.
func klCategorical(p, q *Categorical) autograd.Variable {
	if p.Classes() != q.Classes() {
		panic(&autograd.ShapeError{Op: "KL", Shapes: [][]int{p.LogProbs.Shape(), q.LogProbs.Shape()}, Reason: "the numbers of classes differ"})
	}
	probs := p.Probs()
	terms := probs.Mul(p.finiteLogProbs().Sub(q.finiteLogProbs()))
	excluded := q.LogProbs.Detach().Equal(full(probs, math.Inf(-1)))
	possible := probs.Detach().Greater(full(probs, 0))
	return autograd.Where(excluded.Mul(possible), full(probs, math.Inf(1)), terms).Sum(-1)
}

// ln B(αq, βq) − ln B(αp, βp) + (αp−αq)·ψ(αp) + (βp−βq)·ψ(βp) + (αq−αp+βq−βp)·ψ(αp+βp).
func klBeta(p, q *Beta) autograd.Variable {
	a, b := p.Alpha.Sub(q.Alpha), p.Beta.Sub(q.Beta)
	logs := autograd.LogBeta(q.Alpha, q.Beta).Sub(autograd.LogBeta(p.Alpha, p.Beta))
	return logs.Add(a.Mul(p.Alpha.Digamma())).Add(b.Mul(p.Beta.Digamma())).
		Sub(a.Add(b).Mul(p.Alpha.Add(p.Beta).Digamma()))
}

// αq·ln(βp/βq) + ln Γ(αq) − ln Γ(αp) + (αp−αq)·ψ(αp) + αp·(βq/βp − 1).
func klGamma(p, q *Gamma) autograd.Variable {
	a, b := p.Concentration, q.Concentration
	y := b.Mul(p.Rate.Div(q.Rate).Log()).Add(b.Lgamma()).Sub(a.Lgamma())
	return y.Add(a.Sub(b).Mul(a.Digamma())).Add(a.Mul(q.Rate.Div(p.Rate).SubScalar(1)))
}

// With δ = |μp−μq|: ln(bq/bp) + (δ + bp·exp(−δ/bp))/bq − 1.
func klLaplace(p, q *Laplace) autograd.Variable {
	shift := magnitude(p.Loc.Sub(q.Loc))
	tail := p.Scale.Mul(shift.Div(p.Scale).Neg().Exp())
	return q.Scale.Div(p.Scale).Log().Add(shift.Add(tail).Div(q.Scale)).SubScalar(1)
}

// −H(p) + ½·ln 2π + ln σ + E(x−μ)²/2σ², where E(x−μ)² is p's variance plus (E x − μ)².
func klToNormal[P Entropic](p P, q *Normal) autograd.Variable {
	square := p.Variance().Add(p.Mean().Sub(q.Loc).Square()).Div(q.Scale.Square())
	return square.MulScalar(0.5).Add(q.Scale.Log()).AddScalar(log2Pi / 2).Sub(p.Entropy())
}

// −H(p) + ln(high−low) if p's support, from low to high, lies within q's.
func klToUniform(p Entropic, q *Uniform, low, high autograd.Variable) autograd.Variable {
	inside := low.Detach().GreaterEqual(q.Low.Detach()).Mul(high.Detach().LessEqual(q.High.Detach()))
	y := q.width().Log().Sub(p.Entropy())
	inside = inside.BroadcastTo(broadcast("KL", inside.Shape(), y.Shape())...)
	return autograd.Where(inside, y, full(y, math.Inf(1)))
}

// −H(p) + ln 2b + E|x−μ|/b, with m = μp−μ and E|x−μ| = σ·√(2/π)·exp(−m²/2σ²) + m·erf(m/σ√2).
func klNormalLaplace(p *Normal, q *Laplace) autograd.Variable {
	m := p.Loc.Sub(q.Loc)
	z := m.Div(p.Scale).DivScalar(math.Sqrt2)
	distance := z.Square().Neg().Exp().Mul(p.Scale).MulScalar(math.Sqrt(2 / math.Pi)).Add(m.Mul(z.Erf()))
	return distance.Div(q.Scale).Add(q.Scale.MulScalar(2).Log()).Sub(p.Entropy())
}

// −H(p) − αq·ln βq + ln Γ(αq) − (αq−1)·E ln x + βq·E x, with E ln x = ψ(αp) − ψ(αp+βp).
func klBetaGamma(p *Beta, q *Gamma) autograd.Variable {
	a := q.Concentration
	logX := p.Alpha.Digamma().Sub(p.Alpha.Add(p.Beta).Digamma())
	y := a.Lgamma().Sub(a.Mul(q.Rate.Log())).Sub(a.SubScalar(1).Mul(logX))
	return y.Add(q.Rate.Mul(p.Mean())).Sub(p.Entropy())
}
