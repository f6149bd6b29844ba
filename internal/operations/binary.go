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
	{Name: "Lerp", F: of3(autograd.Lerp), Shapes: broadcast3, Reference: "lerp", Empty: true},
	{Name: "Addcmul", F: of3(func(a, b, c v) v { return autograd.Addcmul(a, b, c, -0.7) }), Shapes: broadcast3, Reference: "addcmul", Empty: true},
	{Name: "Addcdiv", F: of3(func(a, b, c v) v { return autograd.Addcdiv(a, b, c, -0.7) }), Shapes: broadcast3, Low: 0.5, High: 2, Reference: "addcdiv", Empty: true},
	{Name: "Fmod", F: of2(autograd.Fmod), Shapes: broadcast, Low: 0, High: 1, Domain: betweenJumps, Reference: "fmod", Empty: true},
	{Name: "Remainder", F: of2(autograd.Remainder), Shapes: broadcast, Low: 0, High: 1, Domain: betweenJumps, Reference: "remainder", Empty: true},
	{Name: "CopySign", F: of(func(x v) v { return autograd.CopySign(x, alternating(x).SubScalar(0.5)) }), Kinks: []float64{0}, Reference: "copysign", Empty: true},
	{Name: "Heaviside", F: of(func(x v) v { return autograd.Heaviside(alternating(x).SubScalar(1), x) }), Reference: "heaviside", Empty: true},
	{Name: "FMax", F: of2(autograd.FMax), Shapes: broadcast, Apart: true, Reference: "fmax", Empty: true},
	{Name: "FMin", F: of2(autograd.FMin), Shapes: broadcast, Apart: true, Reference: "fmin", Empty: true},
	{Name: "Xlogy", F: of2(autograd.Xlogy), Shapes: broadcast, Low: 0.3, High: 2, Reference: "xlogy", Empty: true},
	{Name: "Xlog1py", F: of2(autograd.Xlog1py), Shapes: broadcast, Low: -0.7, High: 2, Reference: "xlog1py", Empty: true},
	{Name: "LogBeta", F: of2(autograd.LogBeta), Shapes: broadcast, Low: 0.5, High: 3, Empty: true},
	{Name: "Beta", F: of2(autograd.Beta), Shapes: broadcast, Low: 0.5, High: 3, Empty: true},
	{Name: "GammaInc", F: of(func(x v) v { return autograd.GammaInc(autograd.Full(x.DType(), 1.7), x) }), Low: 0.3, High: 4, Reference: "igamma", Empty: true},
	{Name: "GammaIncC", F: of(func(x v) v { return autograd.GammaIncC(autograd.Full(x.DType(), 1.7), x) }), Low: 0.3, High: 4, Reference: "igammac", Empty: true},
}

var broadcast3 = [][][]int{{{3, 4}, {3, 4}, {3, 4}}, {{2, 3}, {3}, {2, 1}}, {{}, {2, 2}, {2}}}

// betweenJumps are operands whose quotient is between 4 and 5.
func betweenJumps(xs []v) []v {
	return []v{xs[0].MulScalar(0.3).AddScalar(9.1), xs[1].MulScalar(0.15).AddScalar(2.05)}
}
