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
	{Name: "Variable.Diagonal", F: of(func(x v) v { return x.Diagonal(1) }), Shapes: matrixes, Reference: "diagonal"},
	{Name: "Variable.Tril", F: of(func(x v) v { return x.Tril(0) }), Shapes: matrixes, Reference: "tril"},
	{Name: "Variable.Triu", F: of(func(x v) v { return x.Triu(1) }), Shapes: matrixes, Reference: "triu"},
}
