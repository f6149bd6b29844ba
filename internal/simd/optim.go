package simd

import "math"

// This file holds optimizer steps: one pass over a parameter, its gradient and
// its state. All slices have the length of w and none overlaps another. Scalars
// are computed in float64 and rounded to T once.

// AdamParams are the scalars of one step of Adam or AdamW.
type AdamParams struct {
	LR              float64 // learning rate α
	Beta1, Beta2    float64 // decay of the first and second moment
	Eps             float64 // added to the denominator
	WeightDecay     float64 // L2 penalty λ: λ·w is added to the gradient
	DecoupledDecay  float64 // AdamW decay λ: w loses α·λ·w before the step
	BiasCorrection1 float64 // 1 − β₁ᵗ at step t = 1, 2, …
	BiasCorrection2 float64 // 1 − β₂ᵗ
}

// Adam makes one step of Adam:
//
//	g ← g + λ·w
//	m ← m + (1 − β₁)(g − m)
//	v ← β₂·v + (1 − β₂)g²
//	w ← (1 − α·λ_decoupled)·w − (α/c₁)·m / (√v/√c₂ + ε)
//
// with c₁, c₂ the bias corrections. g is not written.
func Adam[T Float](w, m, v, g []T, p AdamParams) {
	checkPair("Adam", w, m, v)
	checkUnary("Adam", w, g)
	c := adamScalars[T](p)
	adamKernel(w, m, v, g, &c)
}

// adamCoefficients are the scalars of Adam as the loop uses them.
type adamCoefficients[T Float] struct {
	keep      T // 1 − α·λ_decoupled
	decay     T // λ
	blend     T // 1 − β₁
	beta2     T // β₂
	blend2    T // 1 − β₂
	rootScale T // 1/√c₂
	eps       T // ε
	step      T // −α/c₁
}

func adamScalars[T Float](p AdamParams) adamCoefficients[T] {
	return adamCoefficients[T]{
		keep:      T(1 - p.LR*p.DecoupledDecay),
		decay:     T(p.WeightDecay),
		blend:     T(1 - p.Beta1),
		beta2:     T(p.Beta2),
		blend2:    T(1 - p.Beta2),
		rootScale: T(1 / math.Sqrt(p.BiasCorrection2)),
		eps:       T(p.Eps),
		step:      T(-p.LR / p.BiasCorrection1),
	}
}

func adamGeneric[T Float](w, m, v, g []T, c *adamCoefficients[T]) {
	m, v, g = m[:len(w)], v[:len(w)], g[:len(w)]
	for i := range w {
		grad := g[i] + c.decay*w[i]
		m[i] += c.blend * (grad - m[i])
		v[i] = c.beta2*v[i] + c.blend2*grad*grad
		denominator := T(math.Sqrt(float64(v[i])))*c.rootScale + c.eps
		w[i] = c.keep*w[i] + c.step*(m[i]/denominator)
	}
}

// SGD makes one step w ← w − lr·(g + weightDecay·w). g is not written.
func SGD[T Float](w, g []T, lr, weightDecay float64) {
	checkUnary("SGD", w, g)
	sgdKernel(w, g, T(1-lr*weightDecay), T(-lr))
}

// sgdGeneric sets w = keep·w + step·g.
func sgdGeneric[T Float](w, g []T, keep, step T) {
	g = g[:len(w)]
	for i := range w {
		w[i] = keep*w[i] + step*g[i]
	}
}

// SGDParams are the scalars of one step of SGD with momentum.
type SGDParams struct {
	LR          float64 // learning rate
	Momentum    float64 // μ: how much of the buffer is kept
	Dampening   float64 // τ: how much of the gradient is held back
	WeightDecay float64 // L2 penalty λ: λ·w is added to the gradient
	Nesterov    bool    // look ahead: step along g + μ·buf
	First       bool    // first step: the buffer starts as the gradient
}

// SGDMomentum makes one step of SGD with momentum:
//
//	g   ← g + λ·w
//	buf ← μ·buf + (1 − τ)g, or g at the first step
//	w   ← w − lr·(g + μ·buf if Nesterov, else buf)
//
// g is not written; buf is not read at the first step.
func SGDMomentum[T Float](w, buf, g []T, p SGDParams) {
	checkPair("SGDMomentum", w, buf, g)
	c := momentumScalars[T](p)
	if p.First {
		clear(buf)
	}
	sgdMomentumKernel(w, buf, g, &c)
}

// momentumCoefficients are the scalars of SGDMomentum as the loop uses them;
// the two forms of the step are one with w += stepGrad·g + stepBuf·buf.
type momentumCoefficients[T Float] struct {
	decay    T // λ
	momentum T // μ
	blend    T // 1 − τ, or 1 at the first step
	stepGrad T // −lr under Nesterov, else 0
	stepBuf  T // −lr·μ under Nesterov, else −lr
}

func momentumScalars[T Float](p SGDParams) momentumCoefficients[T] {
	c := momentumCoefficients[T]{
		decay:    T(p.WeightDecay),
		momentum: T(p.Momentum),
		blend:    T(1 - p.Dampening),
		stepBuf:  T(-p.LR),
	}
	if p.First {
		c.blend = 1
	}
	if p.Nesterov {
		c.stepGrad, c.stepBuf = T(-p.LR), T(-p.LR*p.Momentum)
	}
	return c
}

func sgdMomentumGeneric[T Float](w, buf, g []T, c *momentumCoefficients[T]) {
	buf, g = buf[:len(w)], g[:len(w)]
	for i := range w {
		grad := g[i] + c.decay*w[i]
		buf[i] = c.momentum*buf[i] + c.blend*grad
		w[i] += c.stepGrad*grad + c.stepBuf*buf[i]
	}
}
