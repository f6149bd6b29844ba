package autograd_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/operations"
)

// Element-wise operations at the edges of floating point: zeros of both signs, the
// smallest numbers and the greatest, infinities and NaN.

// edgesOf are the values for an element type.
func edgesOf(dtype autograd.DType) []float64 {
	smallest, greatest := math.SmallestNonzeroFloat64, math.MaxFloat64
	if dtype == autograd.Float32 {
		smallest, greatest = math.SmallestNonzeroFloat32, math.MaxFloat32
	}
	edges := []float64{0, smallest, 1, 1e30, greatest, math.Inf(1)}
	for _, x := range slices.Clone(edges) {
		edges = append(edges, math.Copysign(x, -1))
	}
	return append(edges, math.NaN())
}

// edgeOperands are all pairs of edges, or all edges for an operation of one operand.
func edgeOperands(dtype autograd.DType, count int, edges []float64) []autograd.Variable {
	size := len(edges)
	if count > 1 {
		size *= len(edges)
	}
	xs := make([]autograd.Variable, count)
	for k := range xs {
		data := make([]float64, size)
		for i := range data {
			data[i] = edges[i%len(edges)]
			if k == 1 {
				data[i] = edges[i/len(edges)]
			}
		}
		xs[k] = autograd.New(data).AsType(dtype)
	}
	return xs
}

// derivatives are an operation's value, its gradient by a plain and by a recorded pass, and
// the gradient of the sum of gradients likewise; one array for each operand.
type derivatives struct {
	value                                []float64
	plain, recorded, second, secondAgain [][]float64
}

func derive(f autograd.Func, operands []autograd.Variable) derivatives {
	tape := autograd.NewTape(autograd.TapeConfig{})
	xs := make([]autograd.Variable, len(operands))
	for i, x := range operands {
		xs[i] = tape.Watch(x)
	}
	y := f(xs)
	ones := autograd.Ones(y.DType(), y.Shape()...)
	d := derivatives{value: y.Floats()}
	plain := y.BackwardWith(ones)
	grads := autograd.GradConfig{AllowUnused: true}.GradWith(y, ones, xs...)
	sum := grads[0]
	for _, grad := range grads[1:] {
		sum = sum.Add(grad)
	}
	for i, x := range xs {
		d.plain, d.recorded = append(d.plain, gradientOf(plain, x)), append(d.recorded, grads[i].Floats())
	}
	if sum.Tracked() {
		again := autograd.GradConfig{AllowUnused: true}.GradWith(sum, ones, xs...)
		plain := sum.BackwardWith(ones)
		for i, x := range xs {
			d.second, d.secondAgain = append(d.second, gradientOf(plain, x)), append(d.secondAgain, again[i].Floats())
		}
	}
	return d
}

// gradientOf is x's gradient, zeros where there is none.
func gradientOf(grads autograd.Gradients, x autograd.Variable) []float64 {
	if grad, ok := grads.Lookup(x); ok {
		return grad.Floats()
	}
	return make([]float64, x.Size())
}

// alike reports whether a and b are the same kind of number, and about the same number.
func alike(a, b, tol float64) bool {
	switch {
	case math.IsNaN(a) || math.IsNaN(b):
		return math.IsNaN(a) && math.IsNaN(b)
	case math.IsInf(a, 0) || math.IsInf(b, 0):
		return a == b
	}
	return math.Abs(a-b) <= tol*max(1, math.Abs(a), math.Abs(b))
}

func TestElementwiseAtTheEdges(t *testing.T) {
	for _, row := range operations.Elementwise() {
		count := len(row.Variants()[0])
		for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
			t.Run(fmt.Sprint(row.Name, " ", dtype), func(t *testing.T) {
				xs := edgeOperands(dtype, count, edgesOf(dtype))
				d := derive(row.F, xs)
				tol := 1e-11
				if dtype == autograd.Float32 {
					tol = 1e-5
				}
				at := func(i int) string {
					text := ""
					for _, x := range xs {
						text += fmt.Sprintf(" %g", x.At(i))
					}
					return text
				}
				for k := range xs {
					for i := range d.value {
						if !alike(d.plain[k][i], d.recorded[k][i], tol) {
							t.Errorf("operand %d at%s: gradient %g in a plain pass, %g in a recorded one", k, at(i), d.plain[k][i], d.recorded[k][i])
						}
						if d.second != nil && !alike(d.second[k][i], d.secondAgain[k][i], tol) {
							t.Errorf("operand %d at%s: second derivative %g in a plain pass, %g in a recorded one", k, at(i), d.second[k][i], d.secondAgain[k][i])
						}
					}
				}
				if dtype == autograd.Float32 {
					checkKinds(t, row.Name, xs, d, derive(row.F, widened(xs)), at)
				}
			})
		}
	}
}

func widened(xs []autograd.Variable) []autograd.Variable {
	wide := make([]autograd.Variable, len(xs))
	for i, x := range xs {
		wide[i] = x.AsType(autograd.Float64)
	}
	return wide
}

// beyondFloat32 are the operations whose derivatives, from this order on, have terms that
// are infinite in float32 next to poles or for the greatest numbers, where they themselves
// are not: aᵇ⁻¹ in b·aᵇ⁻¹, ψ(a) in ψ(a) − ψ(a+b), (a−1)/x in its product with a density.
var beyondFloat32 = map[string]int{"Pow": 1, "LogBeta": 1, "Beta": 1, "GammaInc": 2, "GammaIncC": 2}

// checkKinds compares float32 with float64 at the same places: NaN for NaN, an infinity for
// what is infinite or too large for float32, else about the same number.
func checkKinds(t *testing.T, name string, xs []autograd.Variable, narrow, wide derivatives, at func(i int) string) {
	t.Helper()
	several := len(xs) > 1
	tiny := func(i int) bool {
		for _, x := range xs {
			if math.Abs(x.At(i)) > 1e-38 {
				return false
			}
		}
		return true
	}
	someExtreme := func(i int) bool {
		for _, x := range xs {
			if a := math.Abs(x.At(i)); a < 1e-38 || a > 1e38 {
				return true
			}
		}
		return false
	}
	compare := func(what string, order int, got, want []float64) {
		for i := range got {
			w := want[i]
			switch {
			case order == 2 && (math.Abs(w) > math.MaxFloat32 && !isFinite(got[i]) || several && tiny(i)):
				// On the way to it a product or quotient is infinite in float32.
			case order >= beyondFloat32[name] && beyondFloat32[name] > 0 && someExtreme(i):
				// The derivative is made of terms that are infinite in float32.
			case math.Abs(w) > math.MaxFloat32/8 && math.Abs(w) < math.MaxFloat32*8 && got[i] != 0 && math.Signbit(got[i]) == math.Signbit(w):
				// On the border either is right.
			case math.Abs(w) > math.MaxFloat32:
				w = math.Copysign(math.Inf(1), w)
				fallthrough
			default:
				if !alike(got[i], w, 1e-4) {
					t.Errorf("%s at%s: %g in float32, %g in float64", what, at(i), got[i], want[i])
				}
			}
		}
	}
	compare("value", 0, narrow.value, wide.value)
	for k := range narrow.plain {
		compare(fmt.Sprintf("gradient of operand %d", k), 1, narrow.plain[k], wide.plain[k])
		if narrow.second != nil {
			compare(fmt.Sprintf("second derivative of operand %d", k), 2, narrow.second[k], wide.second[k])
		}
	}
}

// At an infinity a function, and its derivatives, have the limit that they approach on the
// way there.
func TestElementwiseLimits(t *testing.T) {
	way := []float64{1e2, 1e4, 1e8, 1e16, 1e32, 1e64, 1e128, 1e300}
	for _, row := range operations.Elementwise() {
		if len(row.Variants()[0]) > 1 || row.Name == "Variable.NanToNum" { // which is there to replace infinities
			continue
		}
		t.Run(row.Name, func(t *testing.T) {
			for _, sign := range []float64{1, -1} {
				data := make([]float64, len(way)+1)
				for i, x := range append(slices.Clone(way), math.Inf(1)) {
					data[i] = sign * x
				}
				d := derive(row.F, []autograd.Variable{autograd.New(data)})
				check := func(what string, values []float64) {
					n := len(values)
					want, ok := limitOf(values[:n-1])
					if got := values[n-1]; ok && !alike(got, want, 1e-12) {
						t.Errorf("%s at %g is %g, expected %g, the limit of %g", what, data[n-1], got, want, values[:n-1])
					}
				}
				check("value", d.value)
				check("derivative", d.plain[0])
				if d.second != nil {
					check("second derivative", d.second[0])
				}
			}
		})
	}
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// limitOf is what values tend to, as far as the last three show it.
func limitOf(values []float64) (limit float64, ok bool) {
	last := values[len(values)-3:]
	a, b, c := last[0], last[1], last[2]
	switch {
	case math.IsNaN(c):
		return 0, false // outside the domain
	case alike(a, b, 1e-13) && alike(b, c, 1e-13):
		return c, true
	case a < b && b < c && c > 1e20:
		return math.Inf(1), true
	case a > b && b > c && c < -1e20:
		return math.Inf(-1), true
	}
	return 0, false
}

// The derivatives of ψ at negative numbers, by ψ(x) = ψ(x+1) − 1/x, and at poles.
func TestPolygammaOfNegativeNumbers(t *testing.T) {
	for order := 2; order <= 5; order++ {
		for _, x := range []float64{-0.5, -1.25, -7.7, -40.3, -1e6 + 0.125} {
			at := autograd.Scalar(x)
			got := at.Polygamma(order).Item()
			// (1/x)⁽ⁿ⁾ = (−1)ⁿ·n!/xⁿ⁺¹
			want := at.AddScalar(1).Polygamma(order).Item() - math.Pow(-1, float64(order))*math.Gamma(float64(order+1))/math.Pow(x, float64(order+1))
			if !alike(got, want, 1e-9) {
				t.Errorf("ψ of order %d at %g is %g, want %g", order, x, got, want)
			}
		}
	}
	for _, test := range []struct {
		order   int
		x, want float64
	}{
		{2, 0, math.Inf(-1)}, {2, math.Copysign(0, -1), math.Inf(1)}, {2, -3, math.NaN()}, {3, 0, math.Inf(1)},
		{3, math.Copysign(0, -1), math.Inf(1)}, {3, -3, math.Inf(1)}, {4, math.Inf(1), 0}, {2, math.NaN(), math.NaN()},
	} {
		if got := autograd.Scalar(test.x).Polygamma(test.order).Item(); !alike(got, test.want, 0) {
			t.Errorf("ψ of order %d at %g is %g, want %g", test.order, test.x, got, test.want)
		}
	}
}

// High orders of ψ against lower ones, by its duplication formula ψ⁽ⁿ⁾(2x)·2ⁿ⁺¹ = ψ⁽ⁿ⁾(x) +
// ψ⁽ⁿ⁾(x+½), and where n! or the zeta function is beyond float64.
func TestPolygammaOfHighOrder(t *testing.T) {
	at := func(order int, x float64) float64 { return autograd.Scalar(x).Polygamma(order).Item() }
	for _, order := range []int{5, 19, 20, 21, 50, 101} {
		for _, x := range []float64{0.3, 1, 7.25, 80, 3e4, -0.2, -0.7, -12.1, -1000.3} {
			left := at(order, 2*x) * math.Pow(2, float64(order+1))
			right := at(order, x) + at(order, x+0.5)
			largest := max(math.Abs(at(order, x)), math.Abs(at(order, x+0.5)))
			if isFinite(left) && isFinite(right) && left != 0 && !(math.Abs(left-right) <= 1e-11*largest) {
				t.Errorf("order %d at %v: %v by the duplication formula, %v", order, x, left, right)
			}
		}
	}
	for _, test := range []struct {
		order   int
		x, want float64
	}{
		{171, 10, 1.241018164458e137}, {169, 100, 5.237721077977e-36}, {200, 100, -9.125424691096e-28}, {500, 1000, 0},
		{500, 10, math.Inf(-1)}, {200, -0.5, math.Inf(-1)}, {200, -3.25, math.Inf(1)}, {171, -100.25, math.Inf(1)}, {21, -100.25, 8.988013598979e32},
	} {
		got := at(test.order, test.x)
		if !alike(got, test.want, 0) && !(math.Abs(got-test.want) <= 1e-11*math.Abs(test.want)) {
			t.Errorf("ψ of order %d at %v is %v, want %v", test.order, test.x, got, test.want)
		}
	}
}

// An array whose other axes would have too many elements is refused, wherever its axis of size
// 0 is; one of size 0 beside a single long axis is not.
func TestTooManyElementsInAnyOrder(t *testing.T) {
	const long = 1 << 40
	for _, shape := range [][]int{{0, long, long}, {long, 0, long}, {long, long, 0}, {long, long}} {
		var shapeError *autograd.ShapeError
		if err := autograd.Try(func() { autograd.Zeros(autograd.Float32, shape...) }); !errors.As(err, &shapeError) {
			t.Errorf("%v: got %v, want a ShapeError", shape, err)
		}
	}
	for _, shape := range [][]int{{0, long}, {long, 0}} {
		if got := autograd.Zeros(autograd.Float32, shape...).Shape(); !slices.Equal(got, shape) {
			t.Errorf("%v: the shape is %v", shape, got)
		}
	}
}
