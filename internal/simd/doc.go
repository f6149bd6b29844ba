// Package simd holds kernels on slices of float32 and float64: element-wise
// functions, reductions, rows, optimizer steps, conversions and matrix products.
// It knows no shapes, starts no goroutines and allocates nothing.
//
// Every kernel has a reference in Go, which states what it computes. On amd64 the
// hot ones run in assembly instead, with AVX2 and FMA or with AVX-512, whichever is
// quicker for the kernel and the length; for vector functions both give the same
// bits, sums included. The build tag noasm leaves the assembly out.
//
// The environment variable CHAINRULE_SIMD, read at start, chooses the instruction
// set: none (the references run), avx2 or avx512. Unset or any other word, it is the
// largest of these that the processor has, and so it is if the processor lacks the one
// asked for. InstructionSet tells.
//
// The word amx adds matrix products on AMX tiles (gemm_split.go), on Linux. They have run in an
// emulator only, which gave the bits of their reference, and never come into use unasked.
// Where the processor has no tiles for bfloat16, or the kernel does not allow them, the
// word means avx512.
//
// The vector functions by file and form; all have a reference in Go:
//
//	activation.go	assembly	ReLU Sigmoid Tanh LogSigmoid Softplus SiLU GELU GELUTanh Mish Softsign
//	arith.go	assembly	Add Sub Mul Div Max Min StrongMul
//	backward.go	assembly	ReLUBackward SigmoidBackward TanhBackward SoftplusBackward GELUBackward
//	backward.go	assembly	GELUTanhBackward SiLUBackward SqrtBackward LogBackward SquareBackward
//	backward.go	assembly	AbsBackward
//	columns.go	assembly	LayerNormColumns SoftmaxColumns
//	compare.go	assembly	Greater GreaterEqual Less LessEqual Equal NotEqual Where
//	convert.go	assembly	BytesToFloats Float32To64 Float64To32 Transpose TransposeStrided
//	convert.go	Go	Gather
//	exp.go	assembly	Exp Expm1 Log Log1p LogAddExp LogAddExp3
//	exp.go	Go	Log2
//	exp.go	both	Pow
//	linear.go	assembly	AddScaled Scale AddScalar Fill Clamp
//	normalize.go	assembly	Moments GradientSums WeightedSums Normalize NormalizeRow NormalizeGradient
//	normalize.go	assembly	NormalizeRowGradient
//	normalize_columns.go	assembly	ColumnSums ColumnSquares ColumnGradientSums NormalizeColumns
//	normalize_columns.go	assembly	NormalizeColumnsGradient
//	optim.go	assembly	Adam SGD SGDMomentum
//	pool.go	assembly	MaxPool2x2 MaxPool2x2Backward AvgPool2x2 AvgPool2x2Backward TakeGreater
//	random.go	assembly	RandomBits KeepBits
//	recurrent.go	assembly	LSTM LSTMBackward GRU GRUBackward
//	reduce.go	assembly	Sum SumAbs SumSquares SumExp Dot MaxOf MinOf ArgMax SumRows
//	rotary.go	assembly	RotatePairs RotateHalves
//	softmax.go	assembly	Softmax CrossEntropyRow LogSoftmax LogSumExp SoftmaxBackward
//	softmax.go	assembly	LogSoftmaxBackward ExpSum SoftmaxGradient SoftmaxRows SoftmaxRowsBackward
//	special.go	assembly	Erf Erfc
//	special.go	Go	Lgamma Digamma Trigamma
//	trig.go	assembly	Sin Cos
//	trig.go	Go	Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Atan2 Hypot
//	unary.go	assembly	Neg Abs Sign Square Sqrt Rsqrt Reciprocal Floor Ceil Round
//
// In every form these are within 4 units in the last place of the exact value, over
// their whole range, subnormal numbers included; a test measures them against
// arithmetic of 128 bits:
//
//	4 ulp	Sigmoid Tanh LogSigmoid Softplus SiLU GELU GELUTanh Mish Exp Expm1 Log Log1p
//	4 ulp	Erf Erfc Sin Cos
//
// But GELUTanh, whose exponent is a cubic, and Mish lose relative precision below −1,
// derivatives where they cross zero. Sums are pairwise over blocks, in an order that
// depends on the length alone.
//
// Lengths that do not fit are programmer's errors and panic with a message that
// names the function and the lengths. Slices may be of any length,
// zero included, and need no alignment. A destination may be the same slice as
// an operand of equal length; slices that overlap otherwise give unspecified
// results. All functions may be called from several goroutines at once on
// destinations that do not overlap.
package simd

//go:generate go run -C gen ./vector -dir ..
