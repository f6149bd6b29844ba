package operations

import "github.com/chainrule-go/chainrule/autograd"

// Shape and movement.
var movements = []Row{
	{Name: "Variable.Reshape", F: of(func(x v) v { return x.Reshape(2, -1) }), Shapes: [][][]int{{{3, 4}}, {{8}}}, Reference: "reshape"},
	{Name: "Variable.Flatten", F: of(func(x v) v { return x.Flatten(1) }), Shapes: [][][]int{{{2, 3, 2}}}, Reference: "flatten"},
	{Name: "Variable.Squeeze", F: of(func(x v) v { return x.Squeeze(1) }), Shapes: [][][]int{{{3, 1, 2}}}, Reference: "squeeze"},
	{Name: "Variable.Unsqueeze", F: of(func(x v) v { return x.Unsqueeze(-1) }), Reference: "unsqueeze", Empty: true},
	{Name: "Variable.Permute", F: of(func(x v) v { return x.Permute(2, 0, 1) }), Shapes: [][][]int{{{2, 3, 4}}}, Reference: "permute"},
	{Name: "Variable.Transpose", F: of(func(x v) v { return x.Transpose(0, -1) }), Shapes: [][][]int{{{3, 4}}, {{2, 3, 4}}}},
	{Name: "Variable.MoveDim", F: of(func(x v) v { return x.MoveDim(0, -1) }), Shapes: [][][]int{{{3, 4}}, {{2, 3, 4}}}},
	{Name: "Variable.T", F: of(v.T), Shapes: [][][]int{{{3, 4}}, {{2, 3, 4}}}},
	{Name: "Variable.BroadcastTo", F: of(func(x v) v { return x.BroadcastTo(2, 3, 4) }), Shapes: [][][]int{{{3, 1}}, {{4}}, {{}}}, Reference: "broadcast_to"},
	{Name: "Variable.AsType", F: of(func(x v) v { return x.AsType(autograd.Float64).AsType(x.DType()) })},
	{Name: "Variable.Index", F: of(func(x v) v { return x.Index(-1, 1).Mul(x.Index(0, 0).Exp()) }), Shapes: [][][]int{{{3, 2}}, {{3, 2, 4}}}},
	{Name: "Variable.Slice", F: of(func(x v) v { return x.Slice(0, 1, 3) }), Shapes: [][][]int{{{4}}, {{3, 2}}}, Reference: "slice"},
	{Name: "Variable.SliceStep", F: of(func(x v) v { return x.SliceStep(-1, -1, -6, -2) }), Shapes: [][][]int{{{5}}, {{2, 5}}}, Reference: "slice"},
	{Name: "Variable.Split", F: of(func(x v) v {
		parts := x.Split(0, 1, 2)
		return parts[1].Mul(parts[0])
	}), Shapes: [][][]int{{{3}}, {{3, 2}}}, Reference: "split"},
	{Name: "Concat", F: func(xs []v) v { return autograd.Concat(-1, xs...) },
		Shapes: [][][]int{{{2}, {3}, {1}, {2}}, {{2, 3}, {2, 1}}, {{2, 2}, {2, 2}}}, Reference: "cat"},
	{Name: "Stack", F: func(xs []v) v { return autograd.Stack(1, xs...) }, Shapes: [][][]int{{{2, 3}, {2, 3}}}, Reference: "stack"},
	{Name: "Variable.Tile", F: of(func(x v) v { return x.Tile(2, 3) }), Shapes: [][][]int{{{2, 3}}, {{2}}}, Reference: "tile"},
	{Name: "Variable.Pad", F: of(func(x v) v { return x.Pad(1, [2]int{1, 0}, [2]int{0, 2}) }), Shapes: matrixes, Reference: "pad"},
	{Name: "Variable.Flip", F: of(func(x v) v { return x.Flip(0) }), Shapes: [][][]int{{{5}}, {{3, 2}}}, Reference: "flip"},
	{Name: "Variable.Roll", F: of(func(x v) v { return x.Roll(2, -1) }), Shapes: [][][]int{{{5}}, {{2, 3}}}, Reference: "roll"},
	{Name: "Variable.IndexSelect", F: of(func(x v) v { return x.IndexSelect(-1, []int{2, 0, 2, -1}) }), Shapes: [][][]int{{{3}}, {{2, 4}}}, Reference: "index_select"},
	{Name: "Variable.Gather", F: of(func(x v) v { return x.Gather(0, []int{2, 0, 1, 1, 2, 2}, 3, 2) }), Shapes: [][][]int{{{3, 2}}, {{4, 3}}}, Reference: "gather"},
	{Name: "Variable.ScatterAdd", F: func(xs []v) v {
		return xs[0].ScatterAdd(0, []int{2, 0, 1, 1}, xs[1])
	}, Shapes: [][][]int{{{3, 2}, {2, 2}}}, Reference: "scatter_add"},
	{Name: "Variable.Rot90", F: of(func(x v) v { return x.Rot90(1, 0, -1) }), Shapes: matrixes, Reference: "rot90"},
	{Name: "Variable.Unflatten", F: of(func(x v) v { return x.Unflatten(1, 2, -1) }), Shapes: matrixes, Reference: "unflatten"},
	{Name: "Variable.UnfoldDim", F: of(func(x v) v { return x.UnfoldDim(0, 2, 1) }), Shapes: [][][]int{{{4}}, {{3, 2}}}, Reference: "unfold_dim"},
	{Name: "Meshgrid", F: func(xs []v) v {
		grids := autograd.Meshgrid(true, xs...)
		return grids[0].Mul(grids[1])
	}, Shapes: [][][]int{{{3}, {2}}, {{3}, {3}}}, Reference: "meshgrid"},
	{Name: "Variable.PadReflection", F: of(func(x v) v { return x.PadReflection([2]int{1, 2}, [2]int{-1, 0}) }), Shapes: matrixes, Reference: "pad"},
	{Name: "Variable.PadReplication", F: of(func(x v) v { return x.PadReplication([2]int{2, 0}, [2]int{0, 1}) }), Shapes: matrixes, Reference: "pad"},
	{Name: "Variable.PadCircular", F: of(func(x v) v { return x.PadCircular([2]int{1, 1}, [2]int{0, 2}) }), Shapes: matrixes, Reference: "pad"},

	// Picking and placing by indices.
	{Name: "Variable.Take", F: of(func(x v) v { return x.Take([]int{3, 0, -1, 3}, 2, 2) }), Shapes: [][][]int{{{4}}, {{2, 3}}}, Reference: "take"},
	{Name: "Variable.TakeAlongDim", F: of(func(x v) v { return x.TakeAlongDim(0, []int{2, 0}, 2, 1) }), Shapes: [][][]int{{{3, 4}}, {{4, 1}}}, Reference: "take_along_dim"},
	{Name: "Variable.IndexArrays", F: of(func(x v) v { return x.IndexArrays([]int{2, 0, 2}, []int{1, 1, -1}) }), Shapes: [][][]int{{{3, 4}}, {{3, 2, 2}}}},
	{Name: "Variable.MaskedSelect", F: of(func(x v) v { return x.MaskedSelect(alternating(x)) }), Shapes: matrixes, Reference: "masked_select"},
	{Name: "Variable.RepeatInterleave", F: of(func(x v) v { return x.RepeatInterleave([]int{2, 0, 1}, 0) }), Shapes: [][][]int{{{3}}, {{3, 2}}}, Reference: "repeat_interleave"},
	{Name: "Variable.Scatter", F: of2(func(x, src v) v { return x.Scatter(0, []int{2, 0, 2, 1}, src) }), Shapes: [][][]int{{{3, 2}, {2, 2}}, {{4}, {4}}}, Reference: "scatter"},
	{Name: "Variable.ScatterReduce", F: of2(func(x, src v) v { return x.ScatterReduce(0, []int{2, 0, 2, 1}, src, autograd.ReduceProd, false) }),
		Shapes: [][][]int{{{3, 2}, {2, 2}}, {{4}, {4}}}, Reference: "scatter_reduce"},
	{Name: "Variable.IndexAdd", F: of2(func(x, src v) v { return x.IndexAdd(-1, []int{1, 1, 0}, src) }), Shapes: [][][]int{{{2}, {3}}, {{2, 3}, {2, 3}}}, Reference: "index_add"},
	{Name: "Variable.IndexCopy", F: of2(func(x, src v) v { return x.IndexCopy(0, []int{1, 1, 0}, src) }), Shapes: [][][]int{{{3}, {3}}, {{4, 2}, {3, 2}}}, Reference: "index_copy"},
	{Name: "Variable.IndexFill", F: of(func(x v) v { return x.IndexFill(-1, []int{1, 0}, 2) }), Shapes: matrixes, Reference: "index_fill"},
	{Name: "Variable.IndexPut", F: of2(func(x, values v) v { return x.IndexPut(values, true, []int{0, 2, 0}, []int{1, 1, 1}) }), Shapes: [][][]int{{{3, 2}, {3}}, {{3, 2, 2}, {3, 2}}}},
}
