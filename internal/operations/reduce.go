package operations

import "github.com/chainrule-go/chainrule/autograd"

// Reductions, running sums and softmax.
var reductions = []Row{
	{Name: "Variable.Sum", F: over(v.Sum), Reference: "sum", Empty: true},
	{Name: "Variable.SumKeepDims", F: over(v.SumKeepDims), Reference: "sum", Empty: true},
	{Name: "Variable.Mean", F: over(v.Mean), Reference: "mean"},
	{Name: "Variable.MeanKeepDims", F: over(v.MeanKeepDims), Reference: "mean"},
	{Name: "Variable.Max", F: over(v.Max), Apart: true, Reference: "amax"},
	{Name: "Variable.MaxKeepDims", F: over(v.MaxKeepDims), Apart: true, Reference: "amax"},
	{Name: "Variable.Min", F: over(v.Min), Apart: true, Reference: "amin"},
	{Name: "Variable.MinKeepDims", F: over(v.MinKeepDims), Apart: true, Reference: "amin"},
	{Name: "Variable.LogSumExp", F: over(v.LogSumExp), Reference: "logsumexp"},
	{Name: "Variable.LogSumExpKeepDims", F: over(v.LogSumExpKeepDims), Reference: "logsumexp"},
	{Name: "Variable.Var", F: over(v.Var), Shapes: matrixes, Reference: "var"},
	{Name: "Variable.VarWith", F: of(func(x v) v { return x.VarWith(0, 0) }), Shapes: matrixes},
	{Name: "Variable.Std", F: over(v.Std), Shapes: matrixes, Reference: "std"},
	{Name: "Variable.StdWith", F: of(func(x v) v { return x.StdWith(0, 0) }), Shapes: matrixes},
	{Name: "Variable.Norm", F: over(v.Norm), Low: 0.3, High: 2, Reference: "norm"},
	{Name: "Variable.NormP", F: of(func(x v) v { return x.NormP(3) }), Low: 0.3, High: 2, Reference: "norm_p"},
	{Name: "Variable.Prod", F: over(v.Prod), Reference: "prod"},
	{Name: "Variable.CumSum", F: of(func(x v) v { return x.CumSum(0) }), Shapes: matrixes, Reference: "cumsum"},
	{Name: "Variable.Softmax", F: of(func(x v) v { return x.Softmax(-1) }), Shapes: matrixes, Reference: "softmax"},
	{Name: "Variable.LogSoftmax", F: of(func(x v) v { return x.LogSoftmax(0) }), Shapes: matrixes, Reference: "log_softmax"},
	{Name: "SoftmaxCrossEntropy", F: of(func(x v) v {
		return autograd.SoftmaxCrossEntropy(x, labelsFor(x))
	}), Shapes: [][][]int{{{3, 4}}, {{4, 4}}, {{0, 3}}}, Reference: "cross_entropy"},
}

// labelsFor are labels for logits, one of them left out.
func labelsFor(logits v) []int {
	labels := make([]int, logits.Dim(0))
	for i := range labels {
		labels[i] = (2*i+1)%(logits.Dim(1)+1) - 1
	}
	return labels
}
