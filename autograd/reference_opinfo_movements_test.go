package autograd_test

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

// opinfoMovements is shapes, pieces and places, by PyTorch's names.
var opinfoMovements = map[string]reference.Func{
	"reshape":      optional(func(x v, o options) v { return x.Reshape(o.Shape...) }),
	"broadcast_to": optional(func(x v, o options) v { return x.BroadcastTo(o.Shape...) }),
	"permute":      optional(func(x v, o options) v { return x.Permute(o.Dims...) }),
	"transpose":    optional(func(x v, o options) v { return x.Transpose(o.Dim0, o.Dim1) }),
	"squeeze":      optional(func(x v, o options) v { return x.Squeeze(o.Dim...) }),
	"unsqueeze":    optional(func(x v, o options) v { return x.Unsqueeze(o.Dim[0]) }),
	"flip":         optional(func(x v, o options) v { return x.Flip(o.Dims...) }),
	"tile":         optional(func(x v, o options) v { return x.Tile(o.Repeats...) }),
	"repeat":       optional(func(x v, o options) v { return x.Tile(o.Repeats...) }),
	"tril":         optional(func(x v, o options) v { return x.Tril(o.Diagonal) }),
	"triu":         optional(func(x v, o options) v { return x.Triu(o.Diagonal) }),
	"trace":        unary(v.Trace),
	"unflatten":    optional(func(x v, o options) v { return x.Unflatten(o.Dim[0], o.Sizes...) }),
	"diag_embed":   optional(func(x v, o options) v { return x.DiagEmbed(o.Offset) }),
	"diag": optional(func(x v, o options) v {
		if x.Rank() == 1 {
			return x.DiagEmbed(o.Diagonal)
		}
		return x.Diagonal(o.Diagonal)
	}),
	"diagonal": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct{ Offset, Dim1, Dim2 *int }](c)
		return one(xs[0].Diagonal(intOr(a.Offset, 0), intOr(a.Dim1, 0), intOr(a.Dim2, 1)))
	},
	"flatten": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Start int `json:"start_dim"`
		}](c)
		return one(xs[0].Flatten(a.Start))
	},
	"movedim": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			From numbers `json:"source_dims"`
			To   numbers `json:"destination_dims"`
		}](c)
		rank := xs[0].Rank()
		perm := make([]int, rank)
		for i := range a.From { // the case names all axes
			perm[(a.To[i]+rank)%rank] = (a.From[i] + rank) % rank
		}
		return one(xs[0].Permute(perm...))
	},
	"roll": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct{ Shift, Dim numbers }](c)
		x := xs[0]
		if a.Dim == nil {
			return one(x.Reshape(-1).Roll(a.Shift[0], 0).Reshape(x.Shape()...))
		}
		for i, axis := range a.Dim {
			x = x.Roll(a.Shift[i], axis)
		}
		return one(x)
	},
	"rot90": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			K    *int
			Dims numbers
		}](c)
		dims := a.Dims.or(0, 1)
		return one(xs[0].Rot90(intOr(a.K, 1), dims[0], dims[1]))
	},
	"cat": func(c *reference.Case, xs variables) variables {
		return one(autograd.Concat(attributesOf[options](c).Dim.or(0)[0], xs...))
	},
	"stack": func(c *reference.Case, xs variables) variables {
		return one(autograd.Stack(attributesOf[options](c).Dim.or(0)[0], xs...))
	},
	"hstack": func(_ *reference.Case, xs variables) variables {
		return one(autograd.Concat(min(1, xs[0].Rank()-1), xs...))
	},
	"vstack": func(_ *reference.Case, xs variables) variables {
		for i, x := range xs {
			if x.Rank() == 1 {
				xs[i] = x.Unsqueeze(0)
			}
		}
		return one(autograd.Concat(0, xs...))
	},
	"split": func(c *reference.Case, xs variables) variables {
		o := attributesOf[options](c)
		return xs[0].Split(o.Dim.or(0)[0], o.Sizes...)
	},
	"chunk": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Chunks int
			Dim    numbers
		}](c)
		axis := a.Dim.or(0)[0]
		size := xs[0].Dim(axis)
		most := (size + a.Chunks - 1) / a.Chunks
		var sizes []int
		for ; size > 0; size -= most {
			sizes = append(sizes, min(most, size))
		}
		return xs[0].Split(axis, sizes...)
	},
	"unbind": func(c *reference.Case, xs variables) variables {
		axis := attributesOf[options](c).Dim.or(0)[0]
		parts := xs[0].Split(axis, slices.Repeat([]int{1}, xs[0].Dim(axis))...)
		for i, part := range parts {
			parts[i] = part.Squeeze(axis)
		}
		return parts
	},
	"select": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct{ Dim, Index int }](c)
		return one(xs[0].IndexSelect(a.Dim, []int{a.Index}).Squeeze(a.Dim))
	},
	"narrow": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct{ Dim, Start, Length int }](c)
		return one(xs[0].Slice(a.Dim, a.Start, a.Start+a.Length))
	},
	"unfold_dim": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct{ Dim, Size, Step int }](c)
		return one(xs[0].UnfoldDim(a.Dim, a.Size, a.Step))
	},
	"pad": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Pad   []int
			Mode  string
			Value float64
		}](c)
		// PyTorch lists pairs from the last axis on.
		x := xs[0]
		widths := make([][2]int, x.Rank())
		for i := 0; i < len(a.Pad); i += 2 {
			widths[x.Rank()-1-i/2] = [2]int{a.Pad[i], a.Pad[i+1]}
		}
		switch a.Mode {
		case "reflect":
			return one(x.PadReflection(widths...))
		case "replicate":
			return one(x.PadReplication(widths...))
		case "circular":
			return one(x.PadCircular(widths...))
		}
		return one(x.Pad(a.Value, widths...))
	},
	"meshgrid": func(c *reference.Case, xs variables) variables {
		return autograd.Meshgrid(attributesOf[struct{ Indexing string }](c).Indexing == "xy", xs...)
	},
	"block_diag": func(_ *reference.Case, xs variables) variables { return one(autograd.BlockDiag(xs...)) },
	"pixel_shuffle": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			R int `json:"upscale_factor"`
		}](c)
		s := xs[0].Shape()
		y := xs[0].Reshape(s[0], s[1]/(a.R*a.R), a.R, a.R, s[2], s[3]).Permute(0, 1, 4, 2, 5, 3)
		return one(y.Reshape(s[0], s[1]/(a.R*a.R), s[2]*a.R, s[3]*a.R))
	},
	"pixel_unshuffle": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			R int `json:"downscale_factor"`
		}](c)
		s := xs[0].Shape()
		y := xs[0].Reshape(s[0], s[1], s[2]/a.R, a.R, s[3]/a.R, a.R).Permute(0, 1, 3, 5, 2, 4)
		return one(y.Reshape(s[0], s[1]*a.R*a.R, s[2]/a.R, s[3]/a.R))
	},

	"gather":       indexed("index", func(x v, o options, index reference.Ints) v { return x.Gather(o.Dim[0], index.Data, index.Shape...) }),
	"index_select": indexed("index", func(x v, o options, index reference.Ints) v { return x.IndexSelect(o.Dim[0], index.Data) }),
	"index_fill":   indexed("index", func(x v, o options, index reference.Ints) v { return x.IndexFill(o.Dim[0], index.Data, *o.Value) }),
	"take":         indexed("index", func(x v, _ options, index reference.Ints) v { return x.Take(index.Data).Reshape(index.Shape...) }),
	"take_along_dim": indexed("indices", func(x v, o options, index reference.Ints) v {
		if o.Dim == nil {
			return x.Reshape(-1).Take(index.Data, len(index.Data))
		}
		return x.TakeAlongDim(o.Dim[0], index.Data, index.Shape...)
	}),
	"scatter":     placed(func(x, src v, o options, index []int) v { return x.Scatter(o.Dim[0], index, src) }),
	"scatter_add": placed(func(x, src v, o options, index []int) v { return x.ScatterAdd(o.Dim[0], index, src) }),
	"index_add": placed(func(x, src v, o options, index []int) v {
		return x.IndexAdd(o.Dim[0], index, src.MulScalar(floatOr(o.Alpha, 1)))
	}),
	"index_copy": placed(func(x, src v, o options, index []int) v { return x.IndexCopy(o.Dim[0], index, src) }),
	"scatter_reduce": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Dim     int
			Reduce  string
			Include *bool `json:"include_self"`
		}](c)
		how := map[string]autograd.Reduction{
			"sum": autograd.ReduceSum, "mean": autograd.ReduceMean, "prod": autograd.ReduceProd, "amax": autograd.ReduceMax, "amin": autograd.ReduceMin,
		}[a.Reduce]
		index := c.Ints["index"]
		src := within(xs[1], index.Shape)
		return one(xs[0].ScatterReduce(a.Dim, index.Data, src, how, a.Include != nil && !*a.Include))
	},
	"masked_select": func(c *reference.Case, xs variables) variables { return one(xs[0].MaskedSelect(ints(c, "mask"))) },
	"nonzero": func(c *reference.Case, xs variables) variables {
		lists := xs[0].NonZero()
		if xs[0].Rank() == 0 {
			lists = xs[0].Reshape(1).NonZero()
		}
		if attributesOf[struct {
			Tuple bool `json:"as_tuple"`
		}](c).Tuple {
			var outputs variables
			for _, list := range lists {
				outputs = append(outputs, ofInts(list, len(list)))
			}
			return outputs
		}
		return one(table(xs[0]))
	},
	"argwhere": func(_ *reference.Case, xs variables) variables { return one(table(xs[0])) },
	"one_hot": func(c *reference.Case, _ variables) variables {
		labels := c.Ints["input"]
		classes := attributesOf[struct {
			N int `json:"num_classes"`
		}](c).N
		if classes < 0 {
			classes = slices.Max(labels.Data) + 1
		}
		return one(autograd.OneHot(autograd.Float64, labels.Data, classes).Reshape(append(labels.Shape, classes)...))
	},
	"repeat_interleave": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct{ Repeats, Dim numbers }](c)
		repeats, x := a.Repeats, xs[0]
		if list, ok := c.Ints["repeats"]; ok {
			repeats = list.Data
		}
		if a.Dim == nil {
			return one(x.Reshape(-1).RepeatInterleave(repeats, 0))
		}
		return one(x.RepeatInterleave(repeats, a.Dim[0]))
	},
}

// table is the indices of elements that are not 0 as the rows of a matrix.
func table(x v) v {
	if x.Rank() == 0 {
		return autograd.Zeros(autograd.Float64, len(x.Reshape(1).NonZero()[0]), 0)
	}
	lists := x.NonZero()
	columns := autograd.Zeros(autograd.Float64, len(lists[0]), len(lists))
	for k, list := range lists {
		for i, n := range list {
			columns.Float64s()[i*len(lists)+k] = float64(n)
		}
	}
	return columns
}

func intOr(p *int, otherwise int) int {
	if p == nil {
		return otherwise
	}
	return *p
}

// indexed is a case of one Variable and a list of indices.
func indexed(name string, f func(x v, o options, index reference.Ints) v) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		return one(f(xs[0], attributesOf[options](c), c.Ints[name]))
	}
}

// placed is a case of two Variables and a list of indices, whose shape the second is cut to.
func placed(f func(x, src v, o options, index []int) v) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		o, index := attributesOf[options](c), c.Ints["index"]
		src := xs[1]
		if c.Op == "scatter" || c.Op == "scatter_add" {
			src = within(src, index.Shape)
		}
		return one(f(xs[0], src, o, index.Data))
	}
}

// within is the part of x with indices below those of shape.
func within(x v, shape []int) v {
	for axis, d := range shape {
		x = x.Slice(axis, 0, d)
	}
	return x
}
