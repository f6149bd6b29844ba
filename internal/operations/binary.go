package operations

import "github.com/chainrule-go/chainrule/autograd"

// Element-wise operations of several operands.
var binaries = []Row{
	{Name: "Variable.Add", F: of2(v.Add), Shapes: broadcast, Reference: "add", Empty: true},
	{Name: "Variable.Sub", F: of2(v.Sub), Shapes: broadcast, Reference: "sub", Empty: true},
	{Name: "Variable.Mul", F: of2(v.Mul), Shapes: broadcast, Reference: "mul", Empty: true},
	{Name: "Variable.Div", F: of2(v.Div), Shapes: broadcast, Low: 0.5, High: 2.5, Reference: "div", Empty: true},
	{Name: "Variable.Maximum", F: of2(v.Maximum), Shapes: broadcast, Apart: true, Reference: "maximum", Empty: true},
	{Name: "Variable.Minimum", F: of2(v.Minimum), Shapes: broadcast, Apart: true, Reference: "minimum", Empty: true},
	{Name: "Pow", F: of2(autograd.Pow), Shapes: broadcast, Low: 0.4, High: 2, Reference: "pow", Empty: true},
	{Name: "Atan2", F: of2(autograd.Atan2), Shapes: broadcast, Low: 0.3, High: 2, Reference: "atan2", Empty: true},
	{Name: "Hypot", F: of2(autograd.Hypot), Shapes: broadcast, Low: 0.3, High: 2, Reference: "hypot", Empty: true},
	{Name: "LogAddExp", F: of2(autograd.LogAddExp), Shapes: broadcast, Reference: "logaddexp", Empty: true},
	{Name: "Where", F: func(xs []v) v {
		return autograd.Where(alternating(xs[0]), xs[0], xs[1])
	}, Shapes: broadcast, Reference: "where", Empty: true},
	{Name: "Variable.MaskedFill", F: of(func(x v) v { return x.MaskedFill(alternating(x), 2) }), Reference: "masked_fill", Empty: true},
}
