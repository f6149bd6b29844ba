package autograd_test

import (
	"encoding/json"
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

// opinfoMatrices is products and linear algebra, by PyTorch's names.
var opinfoMatrices = map[string]reference.Func{
	"matmul": binary(v.MatMul), "mm": binary(v.MatMul), "mv": binary(v.MatMul), "outer": binary(autograd.Outer),
	"addmm": added(v.MatMul), "addmv": added(v.MatMul), "addr": added(autograd.Outer), "baddbmm": added(v.MatMul),

	"det": unary(v.Det), "inv": unary(v.Inv), "matrix_exp": unary(v.MatrixExp), "solve": binary(autograd.Solve), "svdvals": unary(v.SVDVals),
	"matrix_power": optional(func(x v, o options) v { return x.MatrixPower(*o.N) }),
	"tensorsolve": func(c *reference.Case, xs variables) variables {
		return one(autograd.TensorSolve(xs[0], xs[1], attributesOf[options](c).Dims...))
	},
	"lstsq": binary(autograd.LstSq),
	"slogdet": func(_ *reference.Case, xs variables) variables {
		sign, logAbsDet := xs[0].SlogDet()
		return variables{sign, logAbsDet}
	},
	"logdet": unary(func(x v) v { // NaN where the determinant is negative
		sign, logAbsDet := x.SlogDet()
		return logAbsDet.Add(sign.Log())
	}),
	"solve_triangular": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct{ Upper, Left, Unitriangular bool }](c)
		return one(autograd.SolveTriangular(xs[0], xs[1], autograd.TriangularConfig{Upper: a.Upper, UnitDiagonal: a.Unitriangular, Right: !a.Left}))
	},
	"cholesky_lower": optional(func(x v, o options) v {
		if o.Upper != nil && *o.Upper {
			return x.Cholesky().T()
		}
		return x.Cholesky()
	}),
	// PyTorch's gradient of these is that of a full matrix, although it reads a triangle.
	"cholesky_inverse": optional(func(x v, o options) v { return gram(x, o).Inv() }),
	"cholesky_solve": func(c *reference.Case, xs variables) variables {
		return one(autograd.Solve(gram(xs[1], attributesOf[options](c)), xs[0]))
	},
	"eigvalsh": func(c *reference.Case, xs variables) variables {
		if attributesOf[struct{ UPLO string }](c).UPLO == "U" {
			return one(xs[0].T().EigvalsH())
		}
		return one(xs[0].EigvalsH())
	},
	"pinv": func(c *reference.Case, xs variables) variables {
		x := xs[0]
		if attributesOf[struct{ Hermitian bool }](c).Hermitian {
			// Of a matrix that is not symmetric PyTorch's value is that of the lower triangle
			// and its gradient that of all: no function has both.
			c.GradOutputs = nil
			x = x.Tril(0).Add(x.Tril(-1).T())
		}
		if len(xs) == 2 {
			return one(x.PinvWith(xs[1].Item()))
		}
		return one(x.Pinv())
	},
	"matrix_norm": optional(func(x v, o options) v {
		axes := o.Dim.or(-2, -1)
		y := matrixNorm(x.Permute(axes...), o.Ord)
		if o.KeepDim {
			return kept(y, x, axes)
		}
		return y
	}),
}

// matrixNorm is the norm that PyTorch calls by a name or number.
func matrixNorm(x v, ord json.RawMessage) v {
	switch string(ord) {
	case `"fro"`:
		return x.Norm(-2, -1)
	case `"nuc"`:
		return x.NuclearNorm()
	}
	var p reference.Number
	if err := json.Unmarshal(ord, &p); err != nil {
		panic(fmt.Sprintf("the norm %s: %v", ord, err))
	}
	return x.MatrixNorm(float64(p))
}

// gram is L·Lᵀ, or Uᵀ·U with the option upper.
func gram(x v, o options) v {
	if o.Upper != nil && *o.Upper {
		return x.T().MatMul(x)
	}
	return x.MatMul(x.T())
}

// added is beta·x + alpha·f(a, b).
func added(f func(a, b v) v) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		o := attributesOf[options](c)
		return one(xs[0].MulScalar(floatOr(o.Beta, 1)).Add(f(xs[1], xs[2]).MulScalar(floatOr(o.Alpha, 1))))
	}
}
