package autograd_test

import (
	"encoding/json"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

// opinfoProducts is products of vectors and arrays, by PyTorch's names.
var opinfoProducts = map[string]reference.Func{
	"inner": binary(func(x, y v) v {
		if x.Rank() == 0 || y.Rank() == 0 {
			return x.Mul(y)
		}
		return autograd.TensorDot(x, y, []int{-1}, []int{-1})
	}),
	"vecdot": func(c *reference.Case, xs variables) variables {
		return one(autograd.VecDot(xs[0], xs[1], attributesOf[options](c).Dim.or(-1)[0]))
	},
	"cross": func(c *reference.Case, xs variables) variables {
		return one(autograd.Cross(xs[0], xs[1], attributesOf[options](c).Dim.or(-1)[0]))
	},
	"multi_dot": func(_ *reference.Case, xs variables) variables { return one(autograd.MultiDot(xs...)) },
	"vander": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct{ N *int }](c)
		return one(xs[0].Vander(intOr(a.N, xs[0].Dim(-1))))
	},
	"tensordot": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct{ Dims json.RawMessage }](c)
		var lists [2][]int
		if a.Dims[0] == '[' {
			if err := json.Unmarshal(a.Dims, &lists); err != nil {
				panic(err)
			}
		} else {
			var count int
			if err := json.Unmarshal(a.Dims, &count); err != nil {
				panic(err)
			}
			for i := range count {
				lists[0], lists[1] = append(lists[0], xs[0].Rank()-count+i), append(lists[1], i)
			}
		}
		return one(autograd.TensorDot(xs[0], xs[1], lists[0], lists[1]))
	},
	"einsum": func(c *reference.Case, xs variables) variables {
		return one(autograd.Einsum(attributesOf[struct{ Equation string }](c).Equation, xs...))
	},
	"bilinear": func(_ *reference.Case, xs variables) variables {
		y := autograd.Einsum("...i,oij,...j->...o", xs[0], xs[2], xs[1])
		if len(xs) > 3 {
			y = y.Add(xs[3])
		}
		return one(y)
	},
}
