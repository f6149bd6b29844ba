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
// largest set that the processor has, and so it is if the processor lacks the one
// asked for. InstructionSet tells.
//
// The vector functions by form; all have a reference in Go:
//
//	assembly	Add Sub Mul Div Max Min StrongMul
//	assembly	Greater GreaterEqual Less LessEqual Equal NotEqual Where
//	assembly	AddScaled Scale AddScalar Fill Clamp
//	assembly	Neg Abs Sign Square Sqrt Rsqrt Reciprocal Floor Ceil Round
//	assembly	Exp Expm1 Log Log1p Sin Cos Erf Erfc
//	assembly	ReLU Sigmoid Tanh LogSigmoid Softplus SiLU GELU GELUTanh Mish Softsign
//	assembly	ReLUBackward SigmoidBackward TanhBackward SoftplusBackward GELUBackward
//	assembly	GELUTanhBackward SiLUBackward SqrtBackward LogBackward SquareBackward AbsBackward
//	assembly	Sum SumAbs SumSquares SumExp Dot MaxOf MinOf ArgMax SumRows
//	assembly	Softmax LogSoftmax LogSumExp CrossEntropyRow SoftmaxBackward LogSoftmaxBackward
//	assembly	Adam SGD SGDMomentum
//	assembly	BytesToFloats Float32To64 Float64To32 Transpose TransposeStrided
//	both	Pow
//	Go	Log2 LogAddExp Tan Asin Acos Atan Atan2 Hypot Sinh Cosh Asinh Acosh Atanh
//	Go	Lgamma Digamma Trigamma Gather
//
// In every form these are within 4 units in the last place of the exact value, over
// their whole range, subnormal numbers included; a test measures them against
// arithmetic of 128 bits:
//
//	4 ulp	Exp Expm1 Log Log1p Sin Cos Tanh Sigmoid LogSigmoid Softplus SiLU
//	4 ulp	GELU GELUTanh Mish Erf Erfc
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
