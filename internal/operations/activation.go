package operations

// Activation functions and operations with numbers as arguments.
var activations = []Row{
	{Name: "Variable.ReLU", F: of(v.ReLU), Kinks: []float64{0}, Reference: "relu", Empty: true},
	{Name: "Variable.LeakyReLU", F: of(func(x v) v { return x.LeakyReLU(0.1) }), Kinks: []float64{0}, Reference: "leaky_relu", Empty: true},
	{Name: "Variable.ELU", F: of(func(x v) v { return x.ELU(0.7) }), Kinks: []float64{0}, Reference: "elu", Empty: true},
	{Name: "Variable.SELU", F: of(v.SELU), Kinks: []float64{0}, Reference: "selu", Empty: true},
	{Name: "Variable.GELU", F: of(v.GELU), Low: -4, High: 4, Reference: "gelu", Empty: true},
	{Name: "Variable.GELUTanh", F: of(v.GELUTanh), Low: -4, High: 4, Reference: "gelu_tanh", Oracle: complexGELUTanh, Empty: true},
	{Name: "Variable.SiLU", F: of(v.SiLU), Low: -5, High: 5, Reference: "silu", Oracle: complexSiLU, Empty: true},
	{Name: "Variable.Mish", F: of(v.Mish), Low: -4, High: 4, Reference: "mish", Oracle: complexMish, Empty: true},
	{Name: "Variable.Sigmoid", F: of(v.Sigmoid), Low: -6, High: 6, Reference: "sigmoid", Oracle: complexSigmoid, Empty: true},
	{Name: "Variable.LogSigmoid", F: of(v.LogSigmoid), Low: -6, High: 6, Reference: "logsigmoid", Oracle: complexLogSigmoid, Empty: true},
	{Name: "Variable.Softplus", F: of(v.Softplus), Low: -6, High: 6, Reference: "softplus", Oracle: complexSoftplus, Empty: true},
	{Name: "Variable.SoftplusBeta", F: of(func(x v) v { return x.SoftplusBeta(2) }), Reference: "softplus", Empty: true},
	{Name: "Variable.Softsign", F: of(v.Softsign), Kinks: []float64{0}, Reference: "softsign", Empty: true},
	{Name: "Variable.Hardtanh", F: of(v.Hardtanh), Low: -3, High: 3, Kinks: []float64{-1, 1}, Reference: "hardtanh", Empty: true},
	{Name: "Variable.Hardsigmoid", F: of(v.Hardsigmoid), Low: -5, High: 5, Kinks: []float64{-3, 3}, Reference: "hardsigmoid", Empty: true},
	{Name: "Variable.Hardswish", F: of(v.Hardswish), Low: -5, High: 5, Kinks: []float64{-3, 3}, Empty: true},
	{Name: "Variable.PowScalar", F: of(func(x v) v { return x.PowScalar(2.5) }), Low: 0.2, High: 3, Reference: "pow_scalar", Oracle: complexPow, Empty: true},
	{Name: "Variable.Clamp", F: of(func(x v) v { return x.Clamp(-0.5, 0.8) }), Kinks: []float64{-0.5, 0.8}, Reference: "clamp", Empty: true},
	{Name: "Variable.AddScalar", F: of(func(x v) v { return x.AddScalar(3) }), Empty: true},
	{Name: "Variable.SubScalar", F: of(func(x v) v { return x.SubScalar(3) }), Empty: true},
	{Name: "Variable.MulScalar", F: of(func(x v) v { return x.MulScalar(-3) }), Empty: true},
	{Name: "Variable.DivScalar", F: of(func(x v) v { return x.DivScalar(3) }), Empty: true},
}
