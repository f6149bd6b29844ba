package operations

import (
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// Square matrices and batches of them.
var squareBatches = [][][]int{{{1, 1}}, {{3, 3}}, {{4, 4}}, {{2, 3, 3}}, {{2, 1, 2, 2}}}

// Matrices of which some have more rows than columns and some less.
var rectangles = [][][]int{{{3, 3}}, {{4, 2}}, {{2, 4}}, {{2, 3, 2}}}

// Linear algebra.
var linearAlgebra = []Row{
	{Name: "Variable.Inv", F: of(v.Inv), Shapes: squareBatches, Low: -1, High: 1, Domain: dominant, Reference: "inv"},
	{Name: "Variable.Det", F: of(v.Det), Shapes: squareBatches, Low: -1, High: 1, Domain: dominant, Reference: "det"},
	{Name: "Variable.LogAbsDet", F: of(v.LogAbsDet), Shapes: squareBatches, Low: -1, High: 1, Domain: dominant, Reference: "logabsdet"},
	{Name: "Variable.SlogDet", F: of(func(x v) v {
		sign, logAbsDet := x.SlogDet()
		return sign.Mul(logAbsDet)
	}), Shapes: squareBatches, Low: -1, High: 1, Domain: dominant, Reference: "slogdet"},
	{Name: "Solve", F: of2(autograd.Solve),
		Shapes: [][][]int{{{3, 3}, {3}}, {{3, 3}, {3, 2}}, {{4, 4}, {4, 4}}, {{2, 1, 2, 2}, {3, 2, 1}}, {{2, 2, 2}, {2}}},
		Low:    -1, High: 1, Domain: dominant, Reference: "solve"},
	{Name: "SolveTriangular", F: of2(func(a, b v) v {
		return autograd.SolveTriangular(a, b, autograd.TriangularConfig{Upper: true}).
			Add(autograd.SolveTriangular(a, b.T(), autograd.TriangularConfig{Right: true, UnitDiagonal: true}).T())
	}), Shapes: [][][]int{{{3, 3}, {3, 2}}, {{2, 1, 2, 2}, {3, 2, 1}}}, Low: -1, High: 1, Domain: dominant, Reference: "solve_triangular"},
	{Name: "TensorSolve", F: of2(func(a, b v) v { return autograd.TensorSolve(a.Reshape(4, 2, 2), b, 0) }),
		Shapes: [][][]int{{{4, 4}, {2, 2}}, {{4, 4}, {1, 4}}}, Low: -1, High: 1, Domain: dominant, Reference: "tensorsolve"},
	{Name: "LstSq", F: of2(autograd.LstSq), Shapes: [][][]int{{{3, 3}, {3, 2}}, {{4, 2}, {4, 1}}, {{2, 4}, {2, 3}}, {{2, 3, 2}, {3, 2}}},
		Low: -1, High: 1, Domain: spread, Reference: "lstsq"},
	{Name: "Variable.Pinv", F: of(v.Pinv), Shapes: rectangles, Low: -1, High: 1, Domain: spread, Reference: "pinv"},
	{Name: "Variable.PinvWith", F: of(func(x v) v { // of rank 2
		return x.Slice(-1, 0, 2).MatMul(x.Slice(-2, 0, 2)).PinvWith(1e-6)
	}), Shapes: [][][]int{{{3, 3}}, {{2, 4, 4}}}, Low: -1, High: 1, Domain: spread, Reference: "pinv"},
	{Name: "Variable.Cholesky", F: of(func(x v) v { return half(x).Cholesky() }),
		Shapes: squareBatches, Low: -1, High: 1, Domain: dominant, Reference: "cholesky"},
	{Name: "CholeskySolve", F: of2(autograd.CholeskySolve), Shapes: [][][]int{{{3, 2}, {3, 3}}, {{3, 2, 1}, {2, 1, 2, 2}}},
		Low: -1, High: 1, Domain: dominant},
	{Name: "Variable.CholeskyInverse", F: of(v.CholeskyInverse), Shapes: squareBatches, Low: -1, High: 1, Domain: dominant},
	{Name: "Variable.QR", F: of(func(x v) v {
		q, r := x.QR()
		return q.Sin().MatMul(r.Sin())
	}), Shapes: rectangles, Low: -1, High: 1, Domain: spread},
	{Name: "Variable.Eigh", F: of(func(x v) v {
		values, vectors := half(x).Eigh()
		return vectors.Square().Mul(values.Sin().Unsqueeze(-2))
	}), Shapes: squareBatches, Low: -1, High: 1, Domain: spread},
	{Name: "Variable.EigvalsH", F: of(func(x v) v { return half(x).EigvalsH() }),
		Shapes: squareBatches, Low: -1, High: 1, Domain: spread, Reference: "eigvalsh"},
	{Name: "Variable.SVD", F: of(func(x v) v {
		u, s, vT := x.SVD()
		return u.Square().Mul(s.Unsqueeze(-2)).MatMul(vT.Square())
	}), Shapes: rectangles, Low: -1, High: 1, Domain: spread},
	{Name: "Variable.SVDVals", F: of(v.SVDVals), Shapes: rectangles, Low: -1, High: 1, Domain: spread, Reference: "svdvals"},
	{Name: "Variable.MatrixNorm", F: of(func(x v) v { return x.MatrixNorm(2).Add(x.MatrixNorm(1)).Mul(x.MatrixNorm(math.Inf(-1))) }),
		Shapes: rectangles, Low: 0.1, High: 1, Domain: spread, Reference: "matrix_norm"},
	{Name: "Variable.NuclearNorm", F: of(v.NuclearNorm), Shapes: rectangles, Low: -1, High: 1, Domain: spread},
	{Name: "Variable.MatrixExp", F: of(v.MatrixExp), Shapes: squareBatches, Low: -1, High: 1, Reference: "matrix_exp"},
	{Name: "Variable.MatrixPower", F: of(func(x v) v { return x.MatrixPower(5).Add(x.MatrixPower(-2)) }),
		Shapes: squareBatches, Low: -1, High: 1, Domain: dominant, Reference: "matrix_power"},
}

// half is the symmetric part of square matrices, and x itself if it is none.
func half(x v) v {
	if x.Dim(-1) != x.Dim(-2) {
		return x
	}
	return x.Add(x.T()).MulScalar(0.5)
}

// spread makes matrices whose eigenvalues, if they are square, singular values and sums of
// rows and columns are apart.
func spread(xs []v) []v {
	ys := make([]v, len(xs))
	for i, x := range xs {
		ys[i] = x
		if x.Rank() >= 2 {
			rows, cols := x.Dim(-2), x.Dim(-1)
			diagonal := autograd.Zeros(autograd.Float64, rows, cols)
			for k := range min(rows, cols) {
				diagonal.Float64s()[k*cols+k] = 1.5 * float64(k+1)
			}
			ys[i] = x.MulScalar(0.3).Add(diagonal.AsType(x.DType()))
		}
	}
	return ys
}
