package autograd_test

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

// opinfoReductions is reductions, statistics, running sums and sorting, by PyTorch's names.
var opinfoReductions = map[string]reference.Func{
	"sum": reduced(v.Sum), "mean": reduced(v.Mean), "amax": reduced(v.Max), "amin": reduced(v.Min), "prod": reduced(v.Prod),
	"logsumexp": reduced(v.LogSumExp), "nansum": reduced(v.NanSum), "nanmean": reduced(v.NanMean), "count_nonzero": reduced(v.CountNonZero),
	"all": reduced(func(x v, axes ...int) v { return x.NotEqual(autograd.Scalar(0.)).Min(axes...) }),
	"any": reduced(func(x v, axes ...int) v { return x.NotEqual(autograd.Scalar(0.)).Max(axes...) }),
	"std": optional(func(x v, o options) v { return o.keep(x.StdWith(o.correction(), o.Dim...), x) }),
	"var": optional(func(x v, o options) v { return o.keep(x.VarWith(o.correction(), o.Dim...), x) }),
	"std_mean": func(c *reference.Case, xs variables) variables {
		o := attributesOf[options](c)
		std, mean := xs[0].StdMean(o.correction(), o.Dim...)
		return variables{o.keep(std, xs[0]), o.keep(mean, xs[0])}
	},
	"var_mean": func(c *reference.Case, xs variables) variables {
		o := attributesOf[options](c)
		variance, mean := xs[0].VarMean(o.correction(), o.Dim...)
		return variables{o.keep(variance, xs[0]), o.keep(mean, xs[0])}
	},
	"aminmax": func(c *reference.Case, xs variables) variables {
		o := attributesOf[options](c)
		least, greatest := xs[0].AMinMax(o.Dim...)
		return variables{o.keep(least, xs[0]), o.keep(greatest, xs[0])}
	},
	"norm":        optional(func(x v, o options) v { return o.keep(x.NormP(float64(*o.P), o.Dim...), x) }),
	"vector_norm": optional(func(x v, o options) v { return o.keep(x.NormP(o.ord(), o.Dim...), x) }),
	"dist": func(c *reference.Case, xs variables) variables {
		return one(xs[0].Sub(xs[1]).NormP(float64(*attributesOf[options](c).P)))
	},
	"argmax":  optional(func(x v, o options) v { return o.position(x, v.ArgMax) }),
	"argmin":  optional(func(x v, o options) v { return o.position(x, v.ArgMin) }),
	"max_dim": picked(func(x v, axis int) (v, []int) { return x.TopK(1, axis, false) }),
	"min_dim": picked(func(x v, axis int) (v, []int) { return x.TopK(1, axis, true) }),

	"softmax":     optional(func(x v, o options) v { return x.Softmax(o.Dim[0]) }),
	"log_softmax": optional(func(x v, o options) v { return x.LogSoftmax(o.Dim[0]) }),
	"softmin":     optional(func(x v, o options) v { return x.Neg().Softmax(o.Dim[0]) }),

	"cumsum":       optional(func(x v, o options) v { return x.CumSum(o.Dim[0]) }),
	"cumprod":      optional(func(x v, o options) v { return x.CumProd(o.Dim[0]) }),
	"logcumsumexp": optional(func(x v, o options) v { return x.LogCumSumExp(o.Dim[0]) }),
	"cummax":       sorted(func(x v, o options) (v, []int) { return x.CumMax(o.Dim[0]) }),
	"cummin":       sorted(func(x v, o options) (v, []int) { return x.CumMin(o.Dim[0]) }),
	"diff": func(c *reference.Case, xs variables) variables {
		o := attributesOf[options](c)
		axis, n, x := o.Dim.or(-1)[0], 1, xs[0]
		if o.N != nil {
			n = *o.N
		}
		if len(xs) == 3 { // to put in front and behind
			x = autograd.Concat(axis, xs[1], x, xs[2])
		}
		return one(x.Diff(n, axis))
	},
	"trapezoid":            integral(autograd.Trapezoid),
	"cumulative_trapezoid": integral(autograd.CumulativeTrapezoid),

	"sort":    sorted(func(x v, o options) (v, []int) { return x.Sort(o.Dim.or(-1)[0], o.Descending) }),
	"msort":   unary(func(x v) v { y, _ := x.Sort(0, false); return y }),
	"argsort": optional(func(x v, o options) v { return ofInts(x.ArgSort(o.Dim.or(-1)[0], o.Descending), x.Shape()...) }),
	"topk": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			K       int
			Dim     *int
			Largest *bool
		}](c)
		axis := -1
		if a.Dim != nil {
			axis = *a.Dim
		}
		values, index := xs[0].TopK(a.K, axis, a.Largest != nil && !*a.Largest)
		return variables{values, ofInts(index, values.Shape()...)}
	},
	"kthvalue":    picked(nil),
	"median":      picked(v.Median),
	"nanmedian":   picked(v.NanMedian),
	"mode":        picked(v.Mode),
	"quantile":    quantiles(autograd.Quantile),
	"nanquantile": quantiles(autograd.NanQuantile),
	"unique_consecutive": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Dim     numbers
			Inverse bool `json:"return_inverse"`
			Counts  bool `json:"return_counts"`
		}](c)
		values, inverse, counts := xs[0].UniqueConsecutive(a.Dim...)
		outputs := one(values)
		if a.Inverse {
			shape := xs[0].Shape()
			if len(a.Dim) > 0 {
				shape = []int{len(inverse)}
			}
			outputs = append(outputs, ofInts(inverse, shape...))
		}
		if a.Counts {
			outputs = append(outputs, ofInts(counts, len(counts)))
		}
		return outputs
	},

	"cov": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct{ Correction *float64 }](c)
		config := autograd.CovConfig{Biased: a.Correction != nil && *a.Correction == 0, Counts: c.Ints["fweights"].Data}
		if len(xs) > 1 {
			config.Weights = xs[1]
		}
		return one(autograd.Cov(xs[0], config))
	},
	"corrcoef": unary(autograd.CorrCoef),
	"cdist": func(c *reference.Case, xs variables) variables {
		return one(autograd.CDist(xs[0], xs[1], attributesOf[options](c).p(2)))
	},
	"pdist": optional(func(x v, o options) v { return x.PDist(o.p(2)) }),
	"renorm": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			P       reference.Number
			Dim     int
			MaxNorm float64 `json:"maxnorm"`
		}](c)
		return one(xs[0].Renorm(float64(a.P), a.Dim, a.MaxNorm))
	},
	"cosine_similarity": func(c *reference.Case, xs variables) variables {
		axis := attributesOf[options](c).Dim.or(1)[0]
		small := autograd.Scalar(1e-8)
		zero := xs[0].Sub(xs[1]).Detach().MulScalar(0)
		xs[0], xs[1] = xs[0].Add(zero), xs[1].Add(zero) // of equal shapes
		return one(xs[0].Mul(xs[1]).Sum(axis).Div(xs[0].Norm(axis).Maximum(small)).Div(xs[1].Norm(axis).Maximum(small)))
	},
	"normalize": optional(func(x v, o options) v {
		axis := o.Dim.or(1)[0]
		return x.Div(above(x.NormP(o.p(2), axis).Unsqueeze(axis), autograd.Scalar(floatOr(o.Eps, 1e-12))))
	}),
	"pairwise_distance": func(c *reference.Case, xs variables) variables {
		o := attributesOf[options](c)
		d := xs[0].Sub(xs[1]).AddScalar(floatOr(o.Eps, 1e-6))
		o.Dim = numbers{-1}
		return one(o.keep(d.NormP(o.p(2), -1), d))
	},
}

// correction is that of a variance.
func (o options) correction() float64 {
	if o.Unbiased != nil && !*o.Unbiased || o.Dim != nil && len(o.Dim) == 0 { // std(False)
		return 0
	}
	return floatOr(o.Correction, 1)
}

func (o options) p(otherwise float64) float64 {
	if o.P == nil {
		return otherwise
	}
	return float64(*o.P)
}

// ord is the order of a norm.
func (o options) ord() float64 {
	switch text := strings.Trim(string(o.Ord), `"`); text {
	case "":
		return 2
	case "inf":
		return math.Inf(1)
	case "-inf":
		return math.Inf(-1)
	default:
		var order float64
		if err := json.Unmarshal([]byte(text), &order); err != nil {
			panic(err)
		}
		return order
	}
}

// keep gives y the axes of x that were reduced, if that is wanted.
func (o options) keep(y, x v) v {
	if !o.KeepDim {
		return y
	}
	return kept(y, x, o.Dim)
}

// position is the result of argmax or argmin.
func (o options) position(x v, f func(x v, axis int) []int) v {
	if o.Dim == nil {
		return ofInts(f(x.Reshape(-1), 0))
	}
	return ofInts(f(x, o.Dim[0]), o.keep(x.Detach().Sum(o.Dim[0]), x).Shape()...)
}

// sorted is a case with values and indices of one shape.
func sorted(f func(x v, o options) (v, []int)) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		values, index := f(xs[0], attributesOf[options](c))
		return variables{values, ofInts(index, values.Shape()...)}
	}
}

// picked is a case with values and indices that lack an axis; without an axis, of all elements
// and without indices. nil stands for the kth value.
func picked(f func(x v, axis int) (v, []int)) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		o, x := attributesOf[options](c), xs[0]
		if x.Rank() == 0 {
			x, o.Dim = x.Reshape(1), nil
		}
		if o.Dim == nil && c.Op == "mode" {
			y, index := f(x, -1)
			return variables{y, ofInts(index, y.Shape()...)}
		}
		if f == nil {
			f := func(x v, axis int) (v, []int) { return x.KthValue(o.K[0], axis) }
			return pickedOf(f, o, x, o.Dim.or(-1)[0])
		}
		if o.Dim == nil {
			y, _ := f(x.Reshape(-1), 0)
			return one(y)
		}
		return pickedOf(f, o, x, o.Dim[0])
	}
}

func pickedOf(f func(x v, axis int) (v, []int), o options, x v, axis int) variables {
	y, index := f(x, axis)
	if o.KeepDim {
		y = kept(y, x, []int{axis})
	} else if y.Rank() == x.Rank() {
		y = y.Squeeze(axis)
	}
	return variables{y, ofInts(index, y.Shape()...)}
}

func integral(f func(y, x v, axis int) v) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Dim numbers
			Dx  *float64
		}](c)
		var places v
		if len(xs) > 1 {
			places = xs[1]
		}
		return one(f(xs[0], places, a.Dim.or(-1)[0]).MulScalar(floatOr(a.Dx, 1)))
	}
}

func quantiles(f func(x, q v, axis int, between autograd.QuantileMethod) v) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Q             *float64
			Dim           numbers
			KeepDim       bool
			Interpolation string
		}](c)
		x, axis := xs[0], 0
		var q v
		if len(xs) > 1 {
			q = xs[1]
		} else {
			q = autograd.Scalar(*a.Q)
		}
		if a.Dim == nil {
			x = x.Reshape(-1)
		} else {
			axis = a.Dim[0]
		}
		between := map[string]autograd.QuantileMethod{
			"": autograd.QuantileLinear, "linear": autograd.QuantileLinear, "lower": autograd.QuantileLower,
			"higher": autograd.QuantileHigher, "nearest": autograd.QuantileNearest, "midpoint": autograd.QuantileMidpoint,
		}[a.Interpolation]
		y := f(x, q, axis, between)
		if a.KeepDim {
			shape := append(q.Shape(), xs[0].Detach().SumKeepDims(a.Dim...).Shape()...)
			y = y.Reshape(shape...)
		}
		return one(y)
	}
}
