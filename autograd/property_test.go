package autograd_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/chainrule-go/chainrule/autograd"
)

// Laws of differentiation, for random smooth functions at random places.

// smooth are smooth functions of one array that keep its shape.
var smooth = map[string]func(x autograd.Variable) autograd.Variable{
	"sin":      autograd.Variable.Sin,
	"tanh":     autograd.Variable.Tanh,
	"softplus": autograd.Variable.Softplus,
	"square":   autograd.Variable.Square,
	"gelu":     autograd.Variable.GELU,
	"softmax":  func(x autograd.Variable) autograd.Variable { return x.Reshape(-1).Softmax(0).Reshape(x.Shape()...) },
	"cumsum":   func(x autograd.Variable) autograd.Variable { return x.Reshape(-1).CumSum(0).Reshape(x.Shape()...) },
	"norm":     func(x autograd.Variable) autograd.Variable { return x.Mul(x.Square().Sum().AddScalar(1).Rsqrt()) },
	"flip":     func(x autograd.Variable) autograd.Variable { return x.Flip() },
	"gram": func(x autograd.Variable) autograd.Variable {
		m := x.Reshape(x.Dim(0), -1)
		return m.MatMul(m.T()).MatMul(m).Reshape(x.Shape()...)
	},
}

// draws are random things for a property.
type draws struct {
	*rapid.T
	rng   *rand.Rand
	shape []int
}

func drawing(t *rapid.T) draws {
	shape := rapid.SliceOfN(rapid.IntRange(1, 4), 1, 3).Draw(t, "shape")
	return draws{t, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 41)), shape}
}

func (d draws) function(name string) autograd.Func {
	names := slices.Sorted(maps.Keys(smooth))
	return of(smooth[rapid.SampledFrom(names).Draw(d.T, name)])
}

func (d draws) array() autograd.Variable {
	return autograd.Normal(d.rng, autograd.Float64, 0, 1, d.shape...)
}

func (d draws) number(name string) float64 { return rapid.Float64Range(-3, 3).Draw(d.T, name) }

func (d draws) equal(what string, want, got autograd.Variable) {
	d.Helper()
	if diff := cmp.Diff(want.Float64s(), got.Float64s(), approximately(1e-10)); diff != "" {
		d.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// vjp is the gradient of ⟨u, f(x)⟩.
func vjp(f autograd.Func, x, u autograd.Variable) autograd.Variable {
	_, grads := autograd.VJP(f, []autograd.Variable{x}, u)
	return grads[0]
}

func jvp(f autograd.Func, x, v autograd.Variable) autograd.Variable {
	_, tangent := autograd.JVP(f, []autograd.Variable{x}, []autograd.Variable{v})
	return tangent
}

func TestVJPIsLinear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawing(t)
		f, x, u, v, a, b := d.function("f"), d.array(), d.array(), d.array(), d.number("a"), d.number("b")
		d.equal("Jᵀ(a·u + b·v)", vjp(f, x, u).MulScalar(a).Add(vjp(f, x, v).MulScalar(b)), vjp(f, x, u.MulScalar(a).Add(v.MulScalar(b))))
	})
}

func TestSumAndProductRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawing(t)
		f, g, x, u := d.function("f"), d.function("g"), d.array(), d.array()
		xs := []autograd.Variable{x}
		sum := func(xs []autograd.Variable) autograd.Variable { return f(xs).Add(g(xs)) }
		product := func(xs []autograd.Variable) autograd.Variable { return f(xs).Mul(g(xs)) }
		d.equal("(f + g)′", vjp(f, x, u).Add(vjp(g, x, u)), vjp(sum, x, u))
		d.equal("(f·g)′", vjp(f, x, u.Mul(g(xs))).Add(vjp(g, x, u.Mul(f(xs)))), vjp(product, x, u))
	})
}

func TestChainRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawing(t)
		f, g, x, u, v := d.function("f"), d.function("g"), d.array(), d.array(), d.array()
		inner := g([]autograd.Variable{x})
		composed := func(xs []autograd.Variable) autograd.Variable { return f([]autograd.Variable{g(xs)}) }
		d.equal("(f∘g)′ᵀu", vjp(g, x, vjp(f, inner, u)), vjp(composed, x, u))
		d.equal("(f∘g)′v", jvp(f, inner, jvp(g, x, v)), jvp(composed, x, v))
	})
}

// Where elements stand makes no difference to element-wise functions and to functions of
// all elements.
func TestReshapeAndPermuteChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawing(t)
		x, u := d.array(), d.array()
		f := of(func(x autograd.Variable) autograd.Variable { return x.Tanh().Mul(x.Square().Mean()) })
		perm := rapid.Permutation(axesOf(x)).Draw(t, "perm")
		inverse := make([]int, len(perm))
		for to, from := range perm {
			inverse[from] = to
		}
		want := vjp(f, x, u)
		permuted := of(func(x autograd.Variable) autograd.Variable {
			return f([]autograd.Variable{x.Permute(perm...)}).Permute(inverse...)
		})
		reshaped := of(func(x autograd.Variable) autograd.Variable {
			return f([]autograd.Variable{x.Reshape(-1)}).Reshape(x.Shape()...)
		})
		d.equal("with axes permuted", want, vjp(permuted, x, u))
		d.equal("as a vector", want, vjp(reshaped, x, u))
	})
}

func TestJacobianOfALinearMapIsItsMatrix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawing(t)
		rows, cols := rapid.IntRange(1, 5).Draw(t, "rows"), rapid.IntRange(1, 5).Draw(t, "cols")
		m := autograd.Normal(d.rng, autograd.Float64, 0, 1, rows, cols)
		x := autograd.Normal(d.rng, autograd.Float64, 0, 1, cols)
		d.equal("the Jacobian", m, autograd.Jacobian(func(x autograd.Variable) autograd.Variable { return m.MatMul(x) }, x))
	})
}

func TestHessian(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawing(t)
		f, g, x, v := d.function("f"), d.function("g"), d.array(), d.array()
		scalar := func(x autograd.Variable) autograd.Variable {
			return g([]autograd.Variable{f([]autograd.Variable{x})}).Mul(x).Sum()
		}
		n := x.Size()
		h := autograd.Hessian(scalar, x).Reshape(n, n)
		d.equal("symmetry", h, h.T())
		hvp := autograd.HVP(func(xs []autograd.Variable) autograd.Variable { return scalar(xs[0]) }, []autograd.Variable{x}, []autograd.Variable{v})
		d.equal("H·v", h.MatMul(v.Reshape(-1)), hvp[0])
		gradient := func(xs []autograd.Variable) autograd.Variable {
			return autograd.GradConfig{AllowUnused: true}.Grad(scalar(xs[0]), xs[0])[0]
		}
		d.equal("the tangent of the gradient", hvp[0], jvp(gradient, x, v))
	})
}

func axesOf(x autograd.Variable) []int {
	axes := make([]int, x.Rank())
	for i := range axes {
		axes[i] = i
	}
	return axes
}
