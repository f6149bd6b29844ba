package autograd_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

// TestReferenceOpInfo runs two thirds of the samples with which PyTorch tests its own
// operators. Those without a method of their own are composed, as a user would.
func TestReferenceOpInfo(t *testing.T) {
	reference.Run(t, "opinfo.jsonl.gz", referenceOpInfo())
}

// A value that is off by 1e-6 is found, be it in an output, a gradient or a second-order
// product.
func TestReferenceFindsSmallErrors(t *testing.T) {
	functions := referenceOpInfo()
	rng := rand.New(rand.NewPCG(5, 6))
	seen := map[string]bool{}
	for _, c := range reference.Cases(t, "opinfo.jsonl.gz") {
		f := functions[c.Op]
		if f == nil || seen[c.Op] {
			continue
		}
		seen[c.Op] = true
		lists := [][]*reference.Tensor{c.Outputs, c.Grads}
		if c.Second != nil {
			lists = append(lists, c.Second.HV)
		}
		for k, list := range lists {
			for _, tensor := range list {
				if tensor == nil || len(tensor.Data) == 0 {
					continue
				}
				at := rng.IntN(len(tensor.Data))
				before := tensor.Data[at]
				tensor.Data[at] += reference.Number(1e-6 * max(1, max(before, -before)))
				if isFinite(float64(before)) && len(c.Check(f)) == 0 {
					t.Errorf("%s: an error of 1e-6 in list %d passes", c.Name, k)
				}
				tensor.Data[at] = before
			}
		}
	}
	t.Logf("%d functions", len(seen))
}

// referenceOpInfo is the functions of opinfo.jsonl.gz.
func referenceOpInfo() map[string]reference.Func {
	all := map[string]reference.Func{}
	for _, table := range []map[string]reference.Func{
		opinfoElementwise, opinfoReductions, opinfoMatrices, opinfoProducts, opinfoFourier, opinfoMovements, opinfoNN, opinfoPooling, opinfoLayers,
	} {
		for name, f := range table {
			if all[name] != nil {
				panic(name + " is in two tables")
			}
			all[name] = f
		}
	}
	return all
}

// numbers is a list of whole numbers that may be given in JSON as one, null or a truth
// value: true is none, false is empty.
type numbers []int

func (n *numbers) UnmarshalJSON(text []byte) error {
	switch {
	case string(text) == "false":
		*n = numbers{}
		return nil
	case string(text) == "null", string(text) == "true":
		return nil
	case text[0] != '[':
		*n = make(numbers, 1)
		return json.Unmarshal(text, &(*n)[0])
	}
	return json.Unmarshal(text, (*[]int)(n))
}

// or is the list, or what stands for none.
func (n numbers) or(otherwise ...int) numbers {
	if n == nil {
		return otherwise
	}
	return n
}

// options are attributes of PyTorch's functions. Pointers are for those with a default that
// is not zero.
type options struct {
	Dim         numbers `json:"dim"`
	Dims        numbers `json:"dims"`
	KeepDim     bool    `json:"keepdim"`
	Descending  bool    `json:"descending"`
	K           numbers `json:"k"`
	N           *int    `json:"n"`
	Correction  *float64
	Unbiased    *bool
	Alpha, Beta *float64
	Value       *float64
	P           *reference.Number
	Ord         json.RawMessage
	Decimals    int
	Shape       numbers
	Sizes       numbers
	Repeats     numbers
	Offset      int
	Diagonal    int
	Upper       *bool
	Dim0, Dim1  int
	Dim2        *int
	Eps         *float64
	Norm        string
	S           numbers
}

func floatOr(p *float64, otherwise float64) float64 {
	if p == nil {
		return otherwise
	}
	return *p
}

// optional is a case of one Variable and options.
func optional(f func(x autograd.Variable, o options) autograd.Variable) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		return one(f(xs[0], reference.Attributes[options](c)))
	}
}

// reduced is a reduction over the axes of an option, kept or not.
func reduced(f func(x autograd.Variable, axes ...int) autograd.Variable) reference.Func {
	return optional(func(x autograd.Variable, o options) autograd.Variable {
		y := f(x, o.Dim...)
		if !o.KeepDim {
			return y
		}
		return kept(y, x, o.Dim)
	})
}

// kept is y with the axes of x that were reduced, all without any, kept at size 1.
func kept(y, x autograd.Variable, axes []int) autograd.Variable {
	return y.Reshape(x.SumKeepDims(axes...).Shape()...)
}

// ofInts is a list of whole numbers as a Variable.
func ofInts(list []int, shape ...int) autograd.Variable {
	data := make([]float64, len(list))
	for i, n := range list {
		data[i] = float64(n)
	}
	return autograd.New(data).Reshape(shape...)
}

// attributesOf decodes the attributes of a case.
func attributesOf[T any](c *reference.Case) T { return reference.Attributes[T](c) }
