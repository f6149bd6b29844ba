package optimize_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/functions"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/autograd/optimize"
)

// All test functions of gonum's optimize/functions, written with operations: value,
// gradient and Hessian at random points are gonum's where gonum has them, and otherwise
// what differences say.

type v = autograd.Variable

// vec is a constant vector.
func vec(values ...float64) v { return autograd.New(values) }

// numbers is from, from+1, …, to.
func numbers(from, to int) v {
	return autograd.Arange(autograd.Float64, float64(from), float64(to)+0.5, 1)
}

// sumSquares is the sum of the squares of terms of any shapes.
func sumSquares(terms ...v) v {
	sum := terms[0].Square().Sum()
	for _, t := range terms[1:] {
		sum = sum.Add(t.Square().Sum())
	}
	return sum
}

// head and tail are a vector without its last and its first element.
func head(x v) v { return x.Slice(0, 0, x.Size()-1) }
func tail(x v) v { return x.Slice(0, 1, x.Size()) }

// decays is e^(−xᵢz) for a vector z.
func decays(x v, i int, z v) v { return x.Index(i).Neg().Mul(z).Exp() }

// hypot is √(x₀² + x₁²).
func hypot(x v) v { return x.Square().Sum().Sqrt() }

// biggs is the vector z = 0.1, 0.2, … of n numbers and e^(−z) − 5e^(−10z) + c·e^(−4z).
func biggs(n int, c float64) (z, y v) {
	z = numbers(1, n).MulScalar(0.1)
	y = z.Neg().Exp().Sub(z.MulScalar(-10).Exp().MulScalar(5)).Add(z.MulScalar(-4).Exp().MulScalar(c))
	return z, y
}

// function is one of gonum's in operations.
type function struct {
	name       string
	gonum      interface{ Func(x []float64) float64 }
	ours       func(x v) v
	size       int
	low, high  float64 // where the points are
	badHessian bool    // gonum's Hessian is wrong
}

var gonumFunctions = []function{
	{name: "Beale", gonum: functions.Beale{}, size: 2, low: -2, high: 2, badHessian: true, ours: func(x v) v {
		a, b := x.Index(0), x.Index(1)
		powers := autograd.Stack(0, b, b.Square(), b.PowScalar(3))
		return sumSquares(vec(1.5, 2.25, 2.625).Sub(a.Mul(powers.Neg().AddScalar(1))))
	}},
	{name: "BiggsEXP2", gonum: functions.BiggsEXP2{}, size: 2, low: 0, high: 3, ours: func(x v) v {
		z, y := biggs(10, 0)
		return sumSquares(decays(x, 0, z).Sub(decays(x, 1, z).MulScalar(5)).Sub(y))
	}},
	{name: "BiggsEXP3", gonum: functions.BiggsEXP3{}, size: 3, low: 0, high: 3, ours: func(x v) v {
		z, y := biggs(10, 0)
		return sumSquares(decays(x, 0, z).Sub(x.Index(2).Mul(decays(x, 1, z))).Sub(y))
	}},
	{name: "BiggsEXP4", gonum: functions.BiggsEXP4{}, size: 4, low: 0, high: 3, ours: func(x v) v {
		z, y := biggs(10, 0)
		return sumSquares(x.Index(2).Mul(decays(x, 0, z)).Sub(x.Index(3).Mul(decays(x, 1, z))).Sub(y))
	}},
	{name: "BiggsEXP5", gonum: functions.BiggsEXP5{}, size: 5, low: 0, high: 3, ours: func(x v) v {
		z, y := biggs(11, 3)
		f := x.Index(2).Mul(decays(x, 0, z)).Sub(x.Index(3).Mul(decays(x, 1, z)))
		return sumSquares(f.Add(decays(x, 4, z).MulScalar(3)).Sub(y))
	}},
	{name: "BiggsEXP6", gonum: functions.BiggsEXP6{}, size: 6, low: 0, high: 3, ours: func(x v) v {
		z, y := biggs(13, 3)
		f := x.Index(2).Mul(decays(x, 0, z)).Sub(x.Index(3).Mul(decays(x, 1, z)))
		return sumSquares(f.Add(x.Index(5).Mul(decays(x, 4, z))).Sub(y))
	}},
	{name: "Box3D", gonum: functions.Box3D{}, size: 3, low: 0, high: 3, ours: func(x v) v {
		z := numbers(1, 10).MulScalar(0.1)
		y := z.Neg().Exp().Sub(z.MulScalar(-10).Exp())
		return sumSquares(decays(x, 0, z).Sub(decays(x, 1, z)).Sub(x.Index(2).Mul(y)))
	}},
	{name: "BraninHoo", gonum: functions.BraninHoo{}, size: 2, low: -5, high: 10, ours: func(x v) v {
		a := x.Index(0)
		term := x.Index(1).Sub(a.Square().MulScalar(5.1 / (4 * math.Pi * math.Pi))).Add(a.MulScalar(5 / math.Pi)).SubScalar(6)
		return term.Square().Add(a.Cos().MulScalar(10 - 10/(8*math.Pi))).AddScalar(10)
	}},
	{name: "BrownBadlyScaled", gonum: functions.BrownBadlyScaled{}, size: 2, low: -2, high: 2, ours: func(x v) v {
		return sumSquares(x.Sub(vec(1e6, 2e-6)), x.Prod().SubScalar(2))
	}},
	{name: "BrownAndDennis", gonum: functions.BrownAndDennis{}, size: 4, low: -5, high: 5, ours: func(x v) v {
		c := numbers(1, 20).MulScalar(0.2)
		f1 := x.Index(0).Add(c.Mul(x.Index(1))).Sub(c.Exp())
		f2 := x.Index(2).Add(c.Sin().Mul(x.Index(3))).Sub(c.Cos())
		return sumSquares(f1.Square().Add(f2.Square()))
	}},
	{name: "ExtendedPowellSingular", gonum: functions.ExtendedPowellSingular{}, size: 8, low: -2, high: 2, ours: func(x v) v {
		q := x.Reshape(-1, 4).T() // four vectors
		a, b, c, d := q.Index(0), q.Index(1), q.Index(2), q.Index(3)
		return sumSquares(a.Add(b.MulScalar(10)), c.Sub(d).MulScalar(math.Sqrt(5)),
			b.Sub(c.MulScalar(2)).Square(), a.Sub(d).Square().MulScalar(math.Sqrt(10)))
	}},
	{name: "ExtendedRosenbrock", gonum: functions.ExtendedRosenbrock{}, size: 6, low: -2, high: 2, ours: rosenbrock},
	{name: "Gaussian", gonum: functions.Gaussian{}, size: 3, low: -1, high: 2, ours: func(x v) v {
		c := numbers(-7, 7).MulScalar(0.5)
		y := vec(0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989, 0.3521, 0.2420, 0.1295, 0.0540, 0.0175, 0.0044, 0.0009)
		bell := c.Sub(x.Index(2)).Square().Mul(x.Index(1)).MulScalar(-0.5).Exp()
		return sumSquares(x.Index(0).Mul(bell).Sub(y))
	}},
	{name: "GulfResearchAndDevelopment", gonum: functions.GulfResearchAndDevelopment{}, size: 3, low: 0.5, high: 3, ours: func(x v) v {
		arg := numbers(1, 99).MulScalar(0.01)
		r := arg.Log().MulScalar(-50).PowScalar(2. / 3).AddScalar(25).Sub(x.Index(1))
		return sumSquares(autograd.Pow(r.Abs(), x.Index(2)).Div(x.Index(0)).Neg().Exp().Sub(arg))
	}},
	{name: "HelicalValley", gonum: functions.HelicalValley{}, size: 3, low: 0.2, high: 3, ours: func(x v) v {
		a, b, c := x.Index(0), x.Index(1), x.Index(2) // gonum's angle for a > 0
		theta := b.Div(a).Atan().MulScalar(0.5 / math.Pi)
		return sumSquares(c.Sub(theta.MulScalar(10)).MulScalar(10), hypot(x.Slice(0, 0, 2)).SubScalar(1).MulScalar(10), c)
	}},
	{name: "Linear", gonum: functions.Linear{}, size: 5, low: -2, high: 2, ours: func(x v) v { return x.Sum() }},
	{name: "PenaltyI", gonum: functions.PenaltyI{}, size: 5, low: -2, high: 2, ours: func(x v) v {
		return sumSquares(x.SubScalar(1)).MulScalar(1e-5).Add(sumSquares(x).SubScalar(0.25).Square())
	}},
	{name: "PenaltyII", gonum: functions.PenaltyII{}, size: 5, low: -2, high: 2, ours: func(x v) v {
		e := x.MulScalar(0.1).Exp()
		i := numbers(1, x.Size()).MulScalar(0.1).Exp()
		small := sumSquares(tail(e).Add(head(e)).Sub(tail(i)).Sub(head(i)), tail(e).SubScalar(math.Exp(-0.1)))
		weights := autograd.Arange(autograd.Float64, float64(x.Size()), 0.5, -1)
		return small.MulScalar(1e-5).Add(sumSquares(x.Index(0).SubScalar(0.2), weights.Mul(x.Square()).Sum().SubScalar(1)))
	}},
	{name: "PowellBadlyScaled", gonum: functions.PowellBadlyScaled{}, size: 2, low: -2, high: 2, ours: func(x v) v {
		return sumSquares(x.Prod().MulScalar(1e4).SubScalar(1), x.Neg().Exp().Sum().SubScalar(1.0001))
	}},
	{name: "Sphere", gonum: functions.Sphere{}, size: 5, low: -2, high: 2, ours: func(x v) v { return sumSquares(x) }},
	{name: "Trigonometric", gonum: functions.Trigonometric{}, size: 5, low: -3, high: 3, ours: func(x v) v {
		i := numbers(1, x.Size())
		return sumSquares(i.AddScalar(float64(x.Size())).Sub(i.Mul(x.Cos())).Sub(x.Sin()).Sub(x.Cos().Sum()))
	}},
	{name: "VariablyDimensioned", gonum: functions.VariablyDimensioned{}, size: 5, low: -2, high: 2, ours: func(x v) v {
		s := numbers(1, x.Size()).Mul(x.SubScalar(1)).Sum()
		return sumSquares(x.SubScalar(1), s, s.Square())
	}},
	{name: "Watson", gonum: functions.Watson{}, size: 6, low: -1, high: 1, ours: func(x v) v {
		n := x.Size()
		d := numbers(1, 29).MulScalar(1./29).Reshape(29, 1)
		powers := autograd.Pow(d, numbers(0, n-1))                 // [29, n]
		slopes := powers.Slice(1, 0, n-1).Mul(numbers(1, n-1))     // [29, n−1]
		t := slopes.MatMul(tail(x)).Sub(powers.MatMul(x).Square()) // [29]
		last := x.Index(1).Sub(x.Index(0).Square()).SubScalar(1)   //
		return sumSquares(t.SubScalar(1), x.Index(0), last)
	}},
	{name: "Wood", gonum: functions.Wood{}, size: 4, low: -2, high: 2, ours: func(x v) v {
		a, b, c, d := x.Index(0), x.Index(1), x.Index(2), x.Index(3)
		return sumSquares(b.Sub(a.Square()).MulScalar(10), a.SubScalar(1), d.Sub(c.Square()).MulScalar(math.Sqrt(90)),
			c.SubScalar(1), b.Add(d).SubScalar(2).MulScalar(math.Sqrt(10)), b.Sub(d).MulScalar(math.Sqrt(0.1)))
	}},
	{name: "ConcaveRight", gonum: functions.ConcaveRight{}, size: 1, low: -3, high: 3, ours: func(x v) v {
		return x.Neg().Div(x.Square().AddScalar(2)).Sum()
	}},
	{name: "ConcaveLeft", gonum: functions.ConcaveLeft{}, size: 1, low: -3, high: 3, ours: func(x v) v {
		return x.AddScalar(0.004).PowScalar(4).Mul(x.SubScalar(1.996)).Sum()
	}},
	{name: "Plassmann", gonum: functions.Plassmann{L: 39, Beta: 0.3}, size: 1, low: -1, high: 3, ours: func(x v) v {
		const l, b = 39, 0.3
		wave := x.MulScalar(l * math.Pi / 2).Sin().MulScalar(2 * (1 - b) / l / math.Pi)
		u := x.SubScalar(1)
		inner := u.Square().MulScalar(1 / b).AddScalar(b).MulScalar(0.5)
		return wave.Add(autograd.Where(u.Abs().LessEqual(autograd.Scalar(b)), inner, u.Abs())).Sum()
	}},
	{name: "YanaiOzawaKaneko", gonum: functions.YanaiOzawaKaneko{Beta1: 0.01, Beta2: 0.1}, size: 1, low: -1, high: 2, ours: func(x v) v {
		const b1, b2 = 0.01, 0.1
		g1, g2 := math.Sqrt(1+b1*b1)-b1, math.Sqrt(1+b2*b2)-b2
		return x.SubScalar(1).Square().AddScalar(b2 * b2).Sqrt().MulScalar(g1).
			Add(x.Square().AddScalar(b1 * b1).Sqrt().MulScalar(g2)).Sum()
	}},
	{name: "MinimalSurface", gonum: functions.NewMinimalSurface(5, 6), size: 12, low: -1, high: 1, ours: minimalSurface(5, 6)},

	{name: "Ackley", gonum: functions.Ackley{}, size: 4, low: -3, high: 3, ours: func(x v) v {
		return x.Square().Mean().Sqrt().MulScalar(-0.2).Exp().MulScalar(-20).
			Sub(x.MulScalar(2 * math.Pi).Cos().Mean().Exp()).AddScalar(20 + math.E)
	}},
	{name: "Bukin6", gonum: functions.Bukin6{}, size: 2, low: -3, high: 3, ours: func(x v) v {
		a, b := x.Index(0), x.Index(1)
		return b.Sub(a.Square().MulScalar(0.01)).Abs().Sqrt().MulScalar(100).Add(a.AddScalar(10).Abs().MulScalar(0.01))
	}},
	{name: "CamelThree", gonum: functions.CamelThree{}, size: 2, low: -2, high: 2, ours: func(x v) v {
		a, b := x.Index(0), x.Index(1)
		return a.Square().MulScalar(2).Sub(a.PowScalar(4).MulScalar(1.05)).Add(a.PowScalar(6).MulScalar(1. / 6)).
			Add(a.Mul(b)).Add(b.Square())
	}},
	{name: "CamelSix", gonum: functions.CamelSix{}, size: 2, low: -2, high: 2, ours: func(x v) v {
		a, b := x.Index(0), x.Index(1)
		return a.Square().MulScalar(4).Sub(a.PowScalar(4).MulScalar(2.1)).Add(a.PowScalar(6).MulScalar(1. / 3)).
			Add(a.Mul(b)).Sub(b.Square().MulScalar(4)).Add(b.PowScalar(4).MulScalar(4))
	}},
	{name: "CrossInTray", gonum: functions.CrossInTray{}, size: 2, low: 0.2, high: 3, ours: func(x v) v {
		far := hypot(x).MulScalar(1 / math.Sqrt(math.Pi)).Neg().AddScalar(100).Abs().Exp()
		return x.Sin().Prod().Mul(far).Abs().AddScalar(1).PowScalar(0.1).MulScalar(-0.0001)
	}},
	{name: "DixonPrice", gonum: functions.DixonPrice{}, size: 5, low: -2, high: 2, ours: func(x v) v {
		f := tail(x).Square().MulScalar(2).Sub(head(x))
		return x.Index(0).SubScalar(1).Square().Add(numbers(2, x.Size()).Mul(f.Square()).Sum())
	}},
	{name: "DropWave", gonum: functions.DropWave{}, size: 2, low: -2, high: 2, ours: func(x v) v {
		return hypot(x).MulScalar(12).Cos().AddScalar(1).Neg().Div(sumSquares(x).MulScalar(0.5).AddScalar(2))
	}},
	{name: "Eggholder", gonum: functions.Eggholder{}, size: 2, low: -20, high: 20, ours: func(x v) v {
		a, b := x.Index(0), x.Index(1).AddScalar(47)
		return b.Neg().Mul(b.Add(a.MulScalar(0.5)).Abs().Sqrt().Sin()).Sub(a.Mul(a.Sub(b).Abs().Sqrt().Sin()))
	}},
	{name: "GramacyLee", gonum: functions.GramacyLee{}, size: 1, low: 0.5, high: 2.5, ours: func(x v) v {
		return x.MulScalar(10 * math.Pi).Sin().Div(x.MulScalar(2)).Add(x.SubScalar(1).PowScalar(4)).Sum()
	}},
	{name: "Griewank", gonum: functions.Griewank{}, size: 4, low: -5, high: 5, ours: func(x v) v {
		return sumSquares(x).MulScalar(1. / 4000).Sub(x.Div(numbers(1, x.Size()).Sqrt()).Cos().Prod()).AddScalar(1)
	}},
	{name: "HolderTable", gonum: functions.HolderTable{}, size: 2, low: 0.2, high: 1.4, ours: func(x v) v {
		far := hypot(x).MulScalar(1 / math.Pi).Neg().AddScalar(1).Abs().Exp()
		return x.Index(0).Sin().Mul(x.Index(1).Cos()).Mul(far).Abs().Neg()
	}},
	{name: "Langermann2", gonum: functions.Langermann2{}, size: 2, low: 0, high: 9, ours: func(x v) v {
		centers := autograd.New([]float64{3, 5, 5, 2, 2, 1, 1, 4, 7, 9}, 5, 2)
		s := x.Sub(centers).Square().Sum(1)
		return vec(1, 2, 5, 2, 3).Mul(s.MulScalar(-1 / math.Pi).Exp()).Mul(s.MulScalar(math.Pi).Cos()).Sum()
	}},
	{name: "Levy", gonum: functions.Levy{}, size: 4, low: -3, high: 3, ours: func(x v) v {
		w := x.SubScalar(1).MulScalar(0.25).AddScalar(1)
		last := w.Index(-1)
		middle := head(w).SubScalar(1).Square().Mul(head(w).MulScalar(math.Pi).AddScalar(1).Sin().Square().MulScalar(10).AddScalar(1))
		end := last.SubScalar(1).Square().Mul(last.MulScalar(2 * math.Pi).Sin().Square().AddScalar(1))
		return w.Index(0).MulScalar(math.Pi).Sin().Square().Add(middle.Sum()).Add(end)
	}},
	{name: "Levy13", gonum: functions.Levy13{}, size: 2, low: -3, high: 3, ours: func(x v) v {
		a, b := x.Index(0), x.Index(1)
		sin2 := func(x v, times float64) v { return x.MulScalar(times * math.Pi).Sin().Square() }
		return sin2(a, 3).Add(a.SubScalar(1).Square().Mul(sin2(b, 3).AddScalar(1))).
			Add(b.SubScalar(1).Square().Mul(sin2(b, 2).AddScalar(1)))
	}},
	{name: "Rastrigin", gonum: functions.Rastrigin{}, size: 4, low: -3, high: 3, ours: func(x v) v {
		return x.Square().Sub(x.MulScalar(2 * math.Pi).Cos().MulScalar(10)).AddScalar(10).Sum()
	}},
	{name: "Schaffer2", gonum: functions.Schaffer2{}, size: 2, low: -3, high: 3, ours: func(x v) v {
		s := x.Square().Mul(vec(1, -1)).Sum().Sin().Square().SubScalar(0.5)
		return s.Div(sumSquares(x).MulScalar(0.001).AddScalar(1).Square()).AddScalar(0.5)
	}},
	{name: "Schaffer4", gonum: functions.Schaffer4{}, size: 2, low: -3, high: 3, ours: func(x v) v {
		s := x.Square().Mul(vec(1, -1)).Sum().Abs().Sin().Cos().SubScalar(0.5)
		return s.Div(sumSquares(x).MulScalar(0.001).AddScalar(1).Square()).AddScalar(0.5)
	}},
	{name: "Schwefel", gonum: functions.Schwefel{}, size: 4, low: 1, high: 30, ours: func(x v) v {
		return x.Mul(x.Abs().Sqrt().Sin()).Sum().Neg().AddScalar(418.9829 * float64(x.Size()))
	}},
	{name: "Shubert", gonum: functions.Shubert{}, size: 2, low: -3, high: 3, ours: func(x v) v {
		i := numbers(1, 5)
		return i.AddScalar(1).Mul(x.Reshape(2, 1)).Add(i).Cos().Mul(i).Sum(1).Prod()
	}},
}

// minimalSurface is the area of a surface over nx by ny nodes of the unit square around the
// origin, whose border is that of Enneper's surface, as a function of the heights inside.
func minimalSurface(nx, ny int) func(x v) v {
	exact := functions.NewMinimalSurface(nx, ny)
	hx, hy := exact.Steps()
	border := autograd.Zeros(autograd.Float64, ny, nx)
	for j := range ny {
		for i := range nx {
			if i == 0 || j == 0 || i == nx-1 || j == ny-1 {
				border.Float64s()[j*nx+i] = exact.ExactSolution(-0.5+float64(i)*hx, -0.5+float64(j)*hy)
			}
		}
	}
	return func(x v) v {
		z := border.Add(x.Reshape(ny-2, nx-2).Pad(0, [2]int{1, 1}, [2]int{1, 1}))
		alongX := z.Slice(1, 1, nx).Sub(z.Slice(1, 0, nx-1)).MulScalar(1 / hx) // [ny, nx−1]
		alongY := z.Slice(0, 1, ny).Sub(z.Slice(0, 0, ny-1)).MulScalar(1 / hy) // [ny−1, nx]
		area := func(dx, dy v) v { return dx.Square().Add(dy.Square()).AddScalar(1).Sqrt().Sum() }
		lower := area(alongX.Slice(0, 0, ny-1), alongY.Slice(1, 0, nx-1))
		upper := area(alongX.Slice(0, 1, ny), alongY.Slice(1, 1, nx))
		return lower.Add(upper).MulScalar(0.5 * hx * hy)
	}
}

func TestFunctionsOfGonum(t *testing.T) {
	for _, f := range gonumFunctions {
		t.Run(f.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(f.size), 17))
			for range 5 {
				x := make([]float64, f.size)
				for i := range x {
					x[i] = f.low + (f.high-f.low)*rng.Float64()
				}
				f.check(t, x)
			}
		})
	}
}

// relative compares numbers by their difference relative to the greatest of an array, and
// to 1.
func relative(tolerance float64, arrays ...[]float64) cmp.Option {
	scale := 1.
	for _, a := range arrays {
		for _, x := range a {
			scale = max(scale, math.Abs(x))
		}
	}
	return cmpopts.EquateApprox(0, tolerance*scale)
}

func (f *function) check(t *testing.T, x []float64) {
	t.Helper()
	problem := optimize.Problem(f.ours)
	if got, want := problem.Func(x), f.gonum.Func(x); !(math.Abs(got-want) <= 1e-12*max(1, math.Abs(want))) {
		t.Fatalf("at %v: value %v, want %v", x, got, want)
	}
	theirs, hasGradient := f.gonum.(interface{ Grad(grad, x []float64) })
	if surface, ok := f.gonum.(*functions.MinimalSurface); ok { // its Grad returns the gradient
		theirs, hasGradient = gradientOf(func(grad, x []float64) { surface.Grad(grad, x) }), true
	}
	if hasGradient {
		got, want := make([]float64, f.size), make([]float64, f.size)
		problem.Grad(got, x)
		theirs.Grad(want, x)
		if diff := cmp.Diff(want, got, relative(1e-12, want)); diff != "" {
			t.Errorf("gradient at %v: %s", x, diff)
		}
	}
	theirHessian, hasHessian := f.gonum.(interface {
		Hess(dst *mat.SymDense, x []float64)
	})
	if hasHessian && !f.badHessian {
		got, want := mat.NewSymDense(f.size, nil), mat.NewSymDense(f.size, nil)
		problem.Hess(got, x)
		theirHessian.Hess(want, x)
		if diff := cmp.Diff(elements(want), elements(got), relative(1e-12, elements(want))); diff != "" {
			t.Errorf("Hessian at %v: %s", x, diff)
		}
		return
	}
	// Differences to second order stand in for what gonum does not have. The Hessian is what
	// the gradient's gradient says.
	report, err := gradcheck.Check(func(xs []v) v { return f.ours(xs[0]) }, []v{autograd.New(x)}, gradcheck.Config{SecondOrder: true})
	if err != nil || report.Checked == 0 {
		t.Errorf("at %v: %v %v", x, report, err)
	}
	hess := mat.NewSymDense(f.size, nil)
	problem.Hess(hess, x)
	for i := range f.size {
		direction := make([]float64, f.size)
		direction[i] = 1
		row := autograd.HVP(func(xs []v) v { return f.ours(xs[0]) }, []v{autograd.New(x)}, []v{autograd.New(direction)})[0].Float64s()
		if diff := cmp.Diff(row, mat.Row(nil, i, hess), relative(1e-12, row)); diff != "" {
			t.Errorf("Hessian at %v, row %d: %s", x, i, diff)
		}
	}
}

type gradientOf func(grad, x []float64)

func (f gradientOf) Grad(grad, x []float64) { f(grad, x) }

// elements are those of a matrix, row by row.
func elements(m *mat.SymDense) []float64 {
	n := m.SymmetricDim()
	return mat.DenseCopyOf(m).RawMatrix().Data[:n*n]
}

// gonum's Hessian of Beale's function is wrong: at (1.3, −0.7) it has 0.865 off the
// diagonal, and differences of its own gradient give −10.976. When it is mended, its row
// in the table can do without the mark.
func TestHessianOfBeale(t *testing.T) {
	x := []float64{1.3, -0.7}
	var beale functions.Beale
	column := func(h float64) float64 { // ∂f/∂x₀, where x₁ is changed by h
		grad := make([]float64, 2)
		beale.Grad(grad, []float64{x[0], x[1] + h})
		return grad[0]
	}
	const h = 1e-4
	want := (column(h) - column(-h)) / (2 * h)
	ours, theirs := mat.NewSymDense(2, nil), mat.NewSymDense(2, nil)
	optimize.Problem(gonumFunctions[0].ours).Hess(ours, x)
	beale.Hess(theirs, x)
	if math.Abs(ours.At(0, 1)-want) > 1e-6 {
		t.Errorf("ours is %v, differences of gonum's gradient give %v", ours.At(0, 1), want)
	}
	if math.Abs(theirs.At(0, 1)-want) < 1e-6 {
		t.Error("gonum's Hessian is right now: take the mark off its row")
	}
}
