package operations

import "github.com/chainrule-go/chainrule/autograd"

// Products, diagonals and triangles of matrices.
var matrices = []Row{
	{Name: "Variable.MatMul", F: of2(v.MatMul), Shapes: [][][]int{
		{{3, 4}, {4, 2}}, {{4, 4}, {4, 4}}, {{5}, {5}}, {{3, 4}, {4}}, {{4}, {4, 3}}, {{2, 3, 4}, {4, 2}}, {{3, 4}, {2, 4, 2}}, {{2, 1, 3, 4}, {3, 4, 2}},
	}, Reference: "matmul"},
	{Name: "Linear", F: of3(autograd.Linear),
		Shapes: [][][]int{{{3, 4}, {2, 4}, {2}}, {{2, 3, 4}, {5, 4}, {5}}, {{4}, {2, 4}, {2}}, {{0, 4}, {0, 4}, {0}}}, Reference: "linear"},
	{Name: "Outer", F: of2(autograd.Outer), Shapes: [][][]int{{{3}, {4}}, {{3}, {3}}}, Reference: "outer"},
	{Name: "Dot", F: of2(autograd.Dot), Shapes: [][][]int{{{4}, {4}}}, Reference: "dot"},
	{Name: "Einsum", F: func(xs []v) v { return autograd.Einsum("bij,bkj,i->bk", xs...) },
		Shapes: [][][]int{{{2, 3, 4}, {2, 5, 4}, {3}}}, Reference: "einsum"},
	{Name: "Variable.Trace", F: of(v.Trace), Shapes: squares, Reference: "trace"},
	{Name: "Variable.Diagonal", F: of(func(x v) v { return x.Diagonal(1) }), Shapes: [][][]int{{{3, 4}}, {{4, 4}}, {{2, 3, 3}}}, Reference: "diagonal"},
	{Name: "Variable.Tril", F: of(func(x v) v { return x.Tril(0) }), Shapes: matrixes, Reference: "tril"},
	{Name: "Variable.Triu", F: of(func(x v) v { return x.Triu(1) }), Shapes: matrixes, Reference: "triu"},
	{Name: "Variable.DiagEmbed", F: of(func(x v) v { return x.DiagEmbed(-1) }), Shapes: [][][]int{{{3}}, {{2, 3}}}, Reference: "diag_embed"},
	{Name: "BlockDiag", F: func(xs []v) v { return autograd.BlockDiag(xs...) }, Shapes: [][][]int{{{2, 3}, {2}, {}}, {{2, 2}, {2, 2}}}, Reference: "block_diag"},
	{Name: "VecDot", F: of2(func(x, y v) v { return autograd.VecDot(x, y, -1) }), Shapes: [][][]int{{{3, 4}, {3, 4}}, {{3}, {2, 3}}}, Reference: "vecdot"},
	{Name: "Cross", F: of2(func(x, y v) v { return autograd.Cross(x, y, 0) }), Shapes: [][][]int{{{3}, {3}}, {{3, 2}, {3, 1}}}, Reference: "cross"},
	{Name: "Kron", F: of2(autograd.Kron), Shapes: [][][]int{{{2, 2}, {2, 3}}, {{3}, {2, 2}}}},
	{Name: "Variable.Vander", F: of(func(x v) v { return x.Vander(4) }), Shapes: [][][]int{{{3}}, {{2, 2}}}, Reference: "vander"},
	{Name: "TensorDot", F: of2(func(x, y v) v { return autograd.TensorDot(x, y, []int{1, 0}, []int{0, 2}) }), Shapes: [][][]int{{{2, 3, 2}, {3, 2, 2}}}, Reference: "tensordot"},
	{Name: "MultiDot", F: func(xs []v) v { return autograd.MultiDot(xs...) }, Shapes: [][][]int{{{2, 3}, {3, 2}, {2, 4}}, {{3}, {3, 2}, {2}}}, Reference: "multi_dot"},
}
