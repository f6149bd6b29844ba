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
	{Name: "Variable.NanSum", F: over(v.NanSum), Reference: "nansum", Empty: true},
	{Name: "Variable.NanMean", F: over(v.NanMean), Reference: "nanmean"},
	{Name: "Variable.AMinMax", F: both(func(x v) (v, v) { return x.AMinMax(-1) }), Shapes: matrixes, Apart: true, Reference: "aminmax"},
	{Name: "Variable.VarMean", F: both(func(x v) (v, v) { return x.VarMean(1, -1) }), Shapes: matrixes, Reference: "var_mean"},
	{Name: "Variable.StdMean", F: both(func(x v) (v, v) { return x.StdMean(1, -1) }), Shapes: matrixes, Reference: "std_mean"},
	{Name: "Cov", F: func(xs []v) v {
		return autograd.Cov(xs[0], autograd.CovConfig{Counts: []int{1, 2, 1, 3}, Weights: xs[1]})
	}, Shapes: [][][]int{{{3, 4}, {4}}, {{4}, {4}}}, Low: 0.2, High: 2, Reference: "cov"},
	{Name: "CorrCoef", F: of(autograd.CorrCoef), Shapes: [][][]int{{{3, 5}}, {{2, 4}}}, Low: -1, High: 1, Domain: uneven, Reference: "corrcoef"},
	{Name: "CDist", F: of2(func(a, b v) v { return autograd.CDist(a, b, 2) }), Shapes: [][][]int{{{2, 3}, {4, 3}}, {{2, 2, 3}, {1, 3}}}, Reference: "cdist"},
	{Name: "Variable.PDist", F: of(func(x v) v { return x.PDist(3) }), Shapes: [][][]int{{{4, 3}}}, Reference: "pdist"},
	{Name: "Variable.Renorm", F: of(func(x v) v { return x.Renorm(2, 0, 1.2) }), Shapes: matrixes, Low: 0.5, High: 2, Reference: "renorm"},

	// Running sums, differences, integrals.
	{Name: "Variable.CumProd", F: of(func(x v) v { return x.CumProd(-1) }), Shapes: matrixes, Reference: "cumprod"},
	{Name: "Variable.LogCumSumExp", F: of(func(x v) v { return x.LogCumSumExp(0) }), Shapes: matrixes, Reference: "logcumsumexp"},
	{Name: "Variable.CumMax", F: values(func(x v) (v, []int) { return x.CumMax(-1) }), Shapes: matrixes, Apart: true, Reference: "cummax"},
	{Name: "Variable.CumMin", F: values(func(x v) (v, []int) { return x.CumMin(0) }), Shapes: matrixes, Apart: true, Reference: "cummin"},
	{Name: "Variable.Diff", F: of(func(x v) v { return x.Diff(2, -1) }), Shapes: matrixes, Reference: "diff"},
	{Name: "Trapezoid", F: of2(func(y, x v) v { return autograd.Trapezoid(y, x, -1) }), Shapes: [][][]int{{{3, 4}, {4}}, {{5}, {5}}}, Reference: "trapezoid"},
	{Name: "CumulativeTrapezoid", F: of2(func(y, x v) v { return autograd.CumulativeTrapezoid(y, x, 0) }), Shapes: [][][]int{{{4, 3}, {4}}, {{4, 2}, {4, 2}}}, Reference: "cumulative_trapezoid"},

	// Sorting and quantiles.
	{Name: "Variable.Sort", F: values(func(x v) (v, []int) { return x.Sort(-1, true) }), Shapes: matrixes, Apart: true, Reference: "sort"},
	{Name: "Variable.TopK", F: values(func(x v) (v, []int) { return x.TopK(2, 0, false) }), Shapes: matrixes, Apart: true, Reference: "topk"},
	{Name: "Variable.KthValue", F: values(func(x v) (v, []int) { return x.KthValue(2, -1) }), Shapes: matrixes, Apart: true, Reference: "kthvalue"},
	{Name: "Variable.Median", F: values(func(x v) (v, []int) { return x.Median(-1) }), Shapes: matrixes, Apart: true, Reference: "median"},
	{Name: "Variable.NanMedian", F: values(func(x v) (v, []int) { return x.NanMedian(0) }), Shapes: matrixes, Apart: true, Reference: "nanmedian"},
	{Name: "Variable.Mode", F: values(func(x v) (v, []int) { return x.Mode(-1) }), Shapes: matrixes, Apart: true, ByEquality: true, Reference: "mode"},
	{Name: "Quantile", F: of2(func(x, q v) v { return autograd.Quantile(x, q, -1, autograd.QuantileLinear) }),
		Shapes: [][][]int{{{5}, {}}, {{3, 5}, {2}}}, Apart: true, Domain: betweenElements, Reference: "quantile"},
	{Name: "NanQuantile", F: of2(func(x, q v) v { return autograd.NanQuantile(x, q, 0, autograd.QuantileLinear) }),
		Shapes: [][][]int{{{5}, {2}}, {{5, 2}, {}}}, Apart: true, Domain: betweenElements, Reference: "nanquantile"},
	{Name: "Variable.UniqueConsecutive", F: of(func(x v) v { y, _, _ := x.UniqueConsecutive(); return y }), Shapes: matrixes, Apart: true,
		ByEquality: true, Reference: "unique_consecutive"},
}

// labelsFor are labels for logits, one of them left out.
func labelsFor(logits v) []int {
	labels := make([]int, logits.Dim(0))
	for i := range labels {
		labels[i] = (2*i+1)%(logits.Dim(1)+1) - 1
	}
	return labels
}

// both makes the Func of a function with two results.
func both(f func(x v) (v, v)) autograd.Func {
	return of(func(x v) v { a, b := f(x); return a.Mul(b).Add(a) })
}

// values makes the Func of a function that has indices for a second result.
func values(f func(x v) (v, []int)) autograd.Func {
	return of(func(x v) v { y, _ := f(x); return y })
}

// betweenElements brings the second operand, probabilities, to where quantiles of five elements
// lie between two of them.
func betweenElements(xs []v) []v {
	return []v{xs[0], xs[1].Tanh().MulScalar(0.05).AddScalar(0.375)}
}

// uneven adds what no two elements next to each other have in common, for quotients of
// deviations.
func uneven(xs []v) []v {
	steps := autograd.Zeros(autograd.Float64, xs[0].Shape()...)
	for i := range steps.Float64s() {
		steps.Float64s()[i] = float64(5 * i * i % 7)
	}
	return []v{xs[0].MulScalar(0.4).Add(steps.AsType(xs[0].DType()))}
}
