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
}
