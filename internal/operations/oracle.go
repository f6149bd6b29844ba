package operations

import (
	"math"
	"math/cmplx"
)

// Functions in complex numbers, independent of this module: f(x+ih) of a small h
// gives f′(x) = Im f/h to the last bits, without a difference.

func square(z complex128) complex128            { return z * z }
func complexSqrt(z complex128) complex128       { return cmplx.Sqrt(z) }
func complexRsqrt(z complex128) complex128      { return 1 / cmplx.Sqrt(z) }
func complexReciprocal(z complex128) complex128 { return 1 / z }
func complexExp(z complex128) complex128        { return cmplx.Exp(z) }
func complexExpm1(z complex128) complex128      { return cmplx.Exp(z) - 1 }
func complexLog(z complex128) complex128        { return cmplx.Log(z) }
func complexLog1p(z complex128) complex128      { return cmplx.Log(1 + z) }
func complexLog2(z complex128) complex128       { return cmplx.Log(z) / math.Ln2 }
func complexSin(z complex128) complex128        { return cmplx.Sin(z) }
func complexCos(z complex128) complex128        { return cmplx.Cos(z) }
func complexTan(z complex128) complex128        { return cmplx.Sin(z) / cmplx.Cos(z) }
func complexSinh(z complex128) complex128       { return cmplx.Sinh(z) }
func complexCosh(z complex128) complex128       { return cmplx.Cosh(z) }
func complexTanh(z complex128) complex128       { return cmplx.Sinh(z) / cmplx.Cosh(z) }
func complexAsinh(z complex128) complex128      { return cmplx.Log(z + cmplx.Sqrt(z*z+1)) }
func complexAtanh(z complex128) complex128      { return 0.5 * cmplx.Log((1+z)/(1-z)) }
func complexSigmoid(z complex128) complex128    { return 1 / (1 + cmplx.Exp(-z)) }
func complexLogSigmoid(z complex128) complex128 { return -cmplx.Log(1 + cmplx.Exp(-z)) }
func complexSoftplus(z complex128) complex128   { return cmplx.Log(1 + cmplx.Exp(z)) }
func complexSiLU(z complex128) complex128       { return z / (1 + cmplx.Exp(-z)) }
func complexMish(z complex128) complex128       { return z * complexTanh(complexSoftplus(z)) }
func complexPow(z complex128) complex128        { return cmplx.Exp(2.5 * cmplx.Log(z)) }

func complexGELUTanh(z complex128) complex128 {
	u := complex(math.Sqrt(2/math.Pi), 0) * (z + 0.044715*z*z*z)
	return 0.5 * z * (1 + complexTanh(u))
}

func complexLog10(z complex128) complex128 { return cmplx.Log(z) / math.Ln10 }
func complexExp2(z complex128) complex128  { return cmplx.Exp(z * math.Ln2) }
func complexLogit(z complex128) complex128 { return cmplx.Log(z / (1 - z)) }
func complexEntr(z complex128) complex128  { return -z * cmplx.Log(z) }
