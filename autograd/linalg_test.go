package autograd_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/mat"

	"github.com/chainrule-go/chainrule/autograd"
)

// gradientAt is the gradient of f, a number, at x.
func gradientAt(f func(v) v, x v) v {
	_, grads := autograd.ValueAndGrad(func(xs []v) v { return f(xs[0]) }, x)
	return grads[0]
}

func TestHessianOfDecompositions(t *testing.T) {
	symmetric := func(x v) v { return x.Add(x.T()).MulScalar(0.5) }
	for _, test := range []struct {
		name  string
		f     func(x v) v
		shape []int
	}{
		{"eigenvalues", func(x v) v { return symmetric(x).EigvalsH().Sin().Sum() }, []int{4, 4}},
		{"eigenvectors", func(x v) v {
			values, vectors := symmetric(x).Eigh()
			return vectors.Square().Mul(values.Unsqueeze(-2)).Sin().Sum()
		}, []int{3, 3}},
		{"singular values", func(x v) v { return x.SVDVals().Sin().Sum() }, []int{3, 4}},
		{"singular vectors", func(x v) v {
			u, s, vT := x.SVD()
			return u.Square().Mul(s.Unsqueeze(-2)).MatMul(vT.Square()).Sin().Sum()
		}, []int{4, 3}},
		{"determinant", func(x v) v { return x.Det().Sin() }, []int{4, 4}},
		{"determinants", func(x v) v { return x.Det().Sin().Sum() }, []int{2, 2, 2}},
		{"inverse", func(x v) v { return x.Inv().Sin().Sum() }, []int{3, 3}},
		{"pseudoinverse", func(x v) v { return x.Pinv().Sin().Sum() }, []int{3, 2}},
		{"QR", func(x v) v {
			q, r := x.QR()
			return q.Sin().MatMul(r.Sin()).Sum()
		}, []int{3, 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := autograd.Normal(rand.New(rand.NewPCG(3, 5)), autograd.Float64, 0, 1, test.shape...)
			n := x.Size()
			got := autograd.Hessian(test.f, x).Reshape(n, n)
			want := mat.NewDense(n, n, nil)
			fd.Jacobian(want, func(y, at []float64) {
				copy(y, gradientAt(test.f, autograd.New(at).Reshape(test.shape...)).Float64s())
			}, x.Float64s(), &fd.JacobianSettings{Formula: fd.Central, Step: 1e-5})
			for i, w := range want.RawMatrix().Data {
				if !(math.Abs(got.Float64s()[i]-w) <= 1e-6*max(1, math.Abs(w))) {
					t.Errorf("entry %d is %v, differences of the gradient give %v", i, got.Float64s()[i], w)
				}
			}
		})
	}
}

// The gradient of det is the matrix of cofactors, and the second derivative is that of a
// polynomial, at singular matrices too.
func TestDetOfSingularMatrices(t *testing.T) {
	for _, test := range []struct {
		name string
		x    []float64
		want []float64
	}{
		{"rank 1 of 2", []float64{1, 2, 2, 4}, []float64{4, -2, -2, 1}},
		{"rank 0 of 2", []float64{0, 0, 0, 0}, []float64{0, 0, 0, 0}},
		{"rank 0 of 1", []float64{0}, []float64{1}},
		{"rank 2 of 3", []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, []float64{-3, 6, -3, 6, -12, 6, -3, 6, -3}},
		{"rank 1 of 3", []float64{1, 2, 3, 2, 4, 6, 3, 6, 9}, make([]float64, 9)},
		{"nearly singular", []float64{1, 1, 1, 1 + 1e-13}, []float64{1 + 1e-13, -1, -1, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			size := int(math.Sqrt(float64(len(test.x))))
			x := autograd.New(test.x).Reshape(size, size)
			if diff := cmp.Diff(test.want, gradientAt(v.Det, x).Float64s(), approximately(1e-13)); diff != "" {
				t.Errorf("gradient: %s", diff)
			}
			n := size * size
			hessian := autograd.Hessian(v.Det, x).Reshape(n, n)
			for i := range n {
				for j := range n {
					// ∂² det/∂xᵢ∂xⱼ exactly: det is linear in each element.
					sum := 0.0
					for _, corner := range [][2]float64{{1, 1}, {0, 1}, {1, 0}, {0, 0}} {
						at := append([]float64{}, test.x...)
						at[i], at[j] = corner[0], corner[1]
						sign := 1 - 2*math.Mod(corner[0]+corner[1], 2)
						sum += sign * mat.Det(mat.NewDense(size, size, at))
					}
					if i == j {
						sum = 0
					}
					if got := hessian.Float64s()[i*n+j]; !(math.Abs(got-sum) <= 1e-12*max(1, math.Abs(sum))) {
						t.Errorf("second derivative by elements %d and %d is %v, want %v", i, j, got, sum)
					}
				}
			}
		})
	}
}

// Each matrix of a batch is treated as it would be alone, whatever the others are.
func TestBatchesOfMatrices(t *testing.T) {
	x := autograd.New([]float64{1, 2, 2, 4, 3, 1, 0, 2, 5, 4, 1, -2}).Reshape(3, 2, 2)
	together := gradientAt(func(x v) v { return x.Det().Square().Sum() }, x)
	for i := range 3 {
		alone := gradientAt(func(x v) v { return x.Det().Square() }, x.Index(i))
		if diff := cmp.Diff(alone.Float64s(), together.Index(i).Float64s(), approximately(1e-13)); diff != "" {
			t.Errorf("matrix %d: %s", i, diff)
		}
	}
	b := autograd.New([]float64{1, 2, 3, 4}).Reshape(2, 1, 2, 1)
	y := autograd.Solve(x.Slice(0, 1, 3), b) // [2, 2, 2]·[2, 1, 2, 1]
	if diff := cmp.Diff([]int{2, 2, 2, 1}, y.Shape()); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff(b.BroadcastTo(2, 2, 2, 1).Float64s(), x.Slice(0, 1, 3).MatMul(y).Float64s(), approximately(1e-13)); diff != "" {
		t.Error(diff)
	}
}

func TestMatricesWithoutElements(t *testing.T) {
	pair := func(f func(v) (v, v)) func(v) v {
		return func(x v) v {
			a, b := f(x)
			return a.Sum().Add(b.Sum())
		}
	}
	for _, test := range []struct {
		name  string
		f     func(x v) v
		shape []int
		want  []float64
		to    []int
	}{
		{"Det", v.Det, []int{0, 0}, []float64{1}, []int{}},
		{"Det of a batch", v.Det, []int{2, 0, 0}, []float64{1, 1}, []int{2}},
		{"Det of an empty batch", v.Det, []int{0, 2, 2}, []float64{}, []int{0}},
		{"LogAbsDet", v.LogAbsDet, []int{0, 0}, []float64{0}, []int{}},
		{"SlogDet", pair(v.SlogDet), []int{0, 0}, []float64{1}, []int{}},
		{"Inv", v.Inv, []int{0, 0}, []float64{}, []int{0, 0}},
		{"Inv of an empty batch", v.Inv, []int{0, 3, 3}, []float64{}, []int{0, 3, 3}},
		{"Cholesky", v.Cholesky, []int{2, 0, 0}, []float64{}, []int{2, 0, 0}},
		{"CholeskyInverse", v.CholeskyInverse, []int{0, 0}, []float64{}, []int{0, 0}},
		{"Solve", func(x v) v { return autograd.Solve(x, autograd.Zeros(autograd.Float64, 0, 2)) }, []int{0, 0}, []float64{}, []int{0, 2}},
		{"Solve for nothing", func(x v) v { return autograd.Solve(x, autograd.Zeros(autograd.Float64, 2, 0)) }, []int{2, 2}, []float64{}, []int{2, 0}},
		{"SolveTriangular", func(x v) v {
			return autograd.SolveTriangular(x, autograd.Zeros(autograd.Float64, 2, 0), autograd.TriangularConfig{})
		}, []int{2, 2}, []float64{}, []int{2, 0}},
		{"QR", pair(v.QR), []int{3, 0}, []float64{0}, []int{}},
		{"Eigh", pair(v.Eigh), []int{0, 0}, []float64{0}, []int{}},
		{"SVDVals", v.SVDVals, []int{3, 0}, []float64{}, []int{0}},
		{"Pinv", v.Pinv, []int{3, 0}, []float64{}, []int{0, 3}},
		{"MatrixExp", v.MatrixExp, []int{0, 0}, []float64{}, []int{0, 0}},
		{"MatrixPower", func(x v) v { return x.MatrixPower(3) }, []int{0, 0}, []float64{}, []int{0, 0}},
		{"MatrixPower 0", func(x v) v { return x.MatrixPower(0) }, []int{0, 0}, []float64{}, []int{0, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.Zeros(autograd.Float64, test.shape...))
			y := test.f(x)
			if diff := cmp.Diff(test.to, y.Shape()); diff != "" {
				t.Errorf("shape: %s", diff)
			}
			if diff := cmp.Diff(test.want, y.Floats()); diff != "" {
				t.Error(diff)
			}
			grad := (autograd.GradConfig{AllowUnused: true}).Grad(y.Sum(), x)[0]
			if diff := cmp.Diff(test.shape, grad.Shape()); diff != "" {
				t.Errorf("gradient: %s", diff)
			}
		})
	}
}

// Derivatives of values that coincide: right for the values, never a wrong number for the
// vectors.
func TestCoincidingValues(t *testing.T) {
	x := autograd.Eye(autograd.Float64, 3).MulScalar(2)
	for name, f := range map[string]func(v) v{
		"the sum of eigenvalues":           func(x v) v { return x.EigvalsH().Sum() },
		"the sum of singular values":       func(x v) v { return x.SVDVals().Sum() },
		"the sum of values by the vectors": v.NuclearNorm,
	} {
		if diff := cmp.Diff(autograd.Eye(autograd.Float64, 3).Float64s(), gradientAt(f, x).Float64s(), approximately(1e-14)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	throughVectors := gradientAt(func(x v) v {
		_, vectors := x.Eigh()
		return vectors.Mul(autograd.Arange(autograd.Float64, 0, 9, 1).Reshape(3, 3)).Sum()
	}, x)
	if isFinite(throughVectors.At(0, 1)) {
		t.Errorf("the gradient of eigenvectors that are not determined is finite: %v", throughVectors)
	}
	second := autograd.Hessian(func(x v) v { return x.EigvalsH().Square().Sum() }, x)
	if isFinite(second.At(0, 1, 0, 1)) {
		t.Errorf("the second derivative of coinciding eigenvalues is finite: %v", second)
	}
}

func TestMatricesThatAreNotFinite(t *testing.T) {
	x := autograd.New([]float64{1, math.NaN(), 0, 1, 2, 0, 0, math.Inf(1), 4, 1, 1, 3}).Reshape(3, 2, 2)
	for name, f := range map[string]func(v) v{
		"Inv": v.Inv, "Det": v.Det, "LogAbsDet": v.LogAbsDet, "EigvalsH": func(x v) v { return x.T().EigvalsH() },
		"Cholesky": func(x v) v { return x.T().Cholesky().Tril(0).Sum(-2) },
		"SVDVals":  v.SVDVals, "Pinv": v.Pinv, "MatrixExp": v.MatrixExp,
		"QR":    func(x v) v { q, r := x.QR(); return q.MatMul(r) },
		"Solve": func(x v) v { return autograd.Solve(x, autograd.New([]float64{1, 2})) },
	} {
		t.Run(name, func(t *testing.T) {
			y := f(x)
			for i := range 3 {
				for _, value := range y.Index(i).Floats() {
					if (i == 2) != isFinite(value) {
						t.Errorf("matrix %d gives %v", i, y.Index(i))
					}
				}
			}
		})
	}
}

// What is said to read the lower triangle does not read the rest.
func TestOnlyTheLowerTriangleIsRead(t *testing.T) {
	x := autograd.New([]float64{4, math.NaN(), 2, 5}).Reshape(2, 2)
	symmetric := autograd.New([]float64{4, 2, 2, 5}).Reshape(2, 2)
	for name, f := range map[string]func(v) v{"Cholesky": v.Cholesky, "EigvalsH": v.EigvalsH} {
		if diff := cmp.Diff(f(symmetric).Float64s(), f(x).Float64s()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(gradientAt(func(x v) v { return f(x).Sum() }, symmetric).Float64s(), gradientAt(func(x v) v { return f(x).Sum() }, x).Float64s()); diff != "" {
			t.Errorf("%s, gradient: %s", name, diff)
		}
	}
}

func TestErrorsOfLinearAlgebra(t *testing.T) {
	singular := autograd.New([]float64{1, 2, 2, 4}).Reshape(2, 2)
	batch := autograd.Stack(0, autograd.Eye(autograd.Float64, 2), singular)
	wide := autograd.Zeros(autograd.Float64, 2, 3)
	for _, test := range []struct {
		name string
		f    func()
		want string
	}{
		{"Inv", func() { singular.Inv() }, "inv: the matrix is singular"},
		{"Inv of a batch", func() { batch.Inv() }, "inv: matrix 1 of 2 is singular"},
		{"LogAbsDet", func() { gradientAt(v.LogAbsDet, singular) }, "logabsdet: the matrix is singular"},
		{"MatrixPower", func() { singular.MatrixPower(-1) }, "matrix power: the matrix is singular"},
		{"Solve", func() { autograd.Solve(singular, autograd.New([]float64{1, 2})) }, "solve: the matrix is singular"},
		{"Solve shapes", func() { autograd.Solve(singular, autograd.New([]float64{1, 2, 3})) }, "solve of [2 2] and [3 1]: expected a [..., n, n]"},
		{"Det shape", func() { wide.Det() }, "expected a square matrix"},
		{"Cholesky", func() { singular.Sub(autograd.Eye(autograd.Float64, 2)).Cholesky() }, "not positive definite"},
		{"SVD shape", func() { autograd.New([]float64{1}).SVD() }, "expected a matrix"},
		{"MatrixNorm", func() { wide.MatrixNorm(3) }, "p is 3"},
		{"TensorSolve", func() { autograd.TensorSolve(wide, autograd.New([]float64{1, 2})) }, "of equal size"},
		{"third derivative of Det", func() {
			autograd.Hessian(func(x v) v { return gradientOfNorm(x) }, singular)
		}, "third derivative"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := autograd.Try(test.f)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if unwrapped := errors.Unwrap(err); unwrapped != nil {
				t.Errorf("wraps %v", unwrapped)
			}
		})
	}
}

// gradientOfNorm is Σ (∂ det x/∂x)³.
func gradientOfNorm(x v) v {
	grad := autograd.Grad(x.Det(), x)[0]
	return grad.Mul(grad.Square()).Sum()
}

func TestDecompositionsAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 13))
	for _, shape := range [][]int{{5, 5}, {6, 3}, {3, 6}, {2, 4, 3}} {
		t.Run(fmt.Sprint(shape), func(t *testing.T) {
			x := autograd.Normal(rng, autograd.Float64, 0, 1, shape...)
			q, r := x.QR()
			u, s, vT := x.SVD()
			for name, got := range map[string]v{"QR": q.MatMul(r), "SVD": u.Mul(s.Unsqueeze(-2)).MatMul(vT), "pinv": x.MatMul(x.Pinv()).MatMul(x)} {
				if diff := cmp.Diff(x.Float64s(), got.Float64s(), approximately(1e-13)); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		})
	}
}
