package main

import "math"

// The polynomials below are minimax fits (Remez exchange in 45-digit arithmetic,
// coefficients rounded to the element type one after the other, each fit taking
// up the rounding of the ones before). "Error" is the largest relative error of
// the function so computed, the rounding of the evaluation aside. Those of pieces are
// fitted by this program.

// expCoefficients: e^r − 1 = r + r²·Σ cᵢrⁱ on |r| ≤ ln2/2, relative to e^r − 1.
// Error 2^-26.1 in single, 2^-61.6 in double.
func (f *function) expCoefficients() []float64 {
	return pick(f, []float64{
		0.4999999701976776, 0.16666539013385773, 0.04166775196790695,
		0.008367106318473816, 0.001383678987622261,
	}, []float64{
		0.5, 0.16666666666666677, 0.041666666666666685, 0.008333333333321754,
		0.0013888888888891223, 0.00019841269885508545, 2.4801587288338297e-05,
		2.7557244943879994e-06, 2.7557318224469006e-07, 2.5108770089931923e-08,
		2.0898301344563094e-09,
	})
}

// logCoefficients, single: ln(1+x) = x − x²/2 + x³·Σ cᵢxⁱ on √½ ≤ 1+x ≤ √2,
// error 2^-30.1. Double: ln((1+s)/(1−s)) = 2s + s³·Σ cᵢs²ⁱ for the s = x/(2+x) of
// the same interval, error 2^-59.4.
func (f *function) logCoefficients() []float64 {
	return pick(f, []float64{
		0.3333330750465393, -0.2499997615814209, 0.20002393424510956,
		-0.16669902205467224, 0.14216576516628265, -0.12374620884656906,
		0.11876180768013, -0.11830633133649826, 0.06947691738605499,
	}, []float64{
		0.6666666666666735, 0.39999999999408764, 0.28571428743831634,
		0.22222198415225683, 0.181835729666359, 0.15313819237966603,
		0.14798365029983274,
	})
}

// log1pCoefficients, single: ln(1+z) = z·Σ cᵢ(z−log1pCenter)ⁱ on [0, 1], error
// 2^-28.4. Double: ln((1+s)/(1−s)) = 2s + s³·Σ cᵢs²ⁱ on [0, ⅓], that is s = z/(2+z) for
// z in [0, 1], error 2^-59.3.
func (f *function) log1pCoefficients() []float64 {
	return pick(f, []float64{
		0.7987721562385559, -0.2774945795536041, 0.1242745965719223,
		-0.0617583692073822, 0.032490529119968414, -0.01773424819111824,
		0.010137690231204033, -0.005743156187236309, 0.0022810655646026134,
		-0.0020147275645285845, 0.003098628018051386,
	}, []float64{
		0.6666666666666631, 0.40000000000156216, 0.2857142854795645,
		0.22222223964431667, 0.1818174408551051, 0.15386556903623602,
		0.13301009257098265, 0.12105829198946577, 0.08341130469840305,
		0.17016828663365638,
	})
}

// log1pCenter is a point near ½ where the function's value is all but exact in
// single.
const log1pCenter = 0.54296875

// sinCoefficients: sin r = r + r³·Σ cᵢr²ⁱ on |r| ≤ π/4. Error 2^-27.9, 2^-57.9.
func (f *function) sinCoefficients() []float64 {
	return pick(f, []float64{
		-0.16666655242443085, 0.008332188241183758, -0.00019518101180437952,
	}, []float64{
		-0.1666666666666663, 0.00833333333332184, -0.00019841269829358165,
		2.7557313538172477e-06, -2.5050734290335235e-08, 1.5895424543161048e-10,
	})
}

// cosCoefficients: cos r = 1 − r²/2 + r⁴·Σ cᵢr²ⁱ on |r| ≤ π/4. Error 2^-33.0, 2^-63.9.
func (f *function) cosCoefficients() []float64 {
	return pick(f, []float64{
		0.04166664555668831, -0.0013887309469282627, 2.4432307327515446e-05,
	}, []float64{
		0.041666666666666595, -0.0013888888888873325, 2.4801587288983705e-05,
		-2.755731421009024e-07, 2.0875704273906907e-09, -1.1358683509995673e-11,
	})
}

// erfCoefficients: erf x = x + x·Σ cᵢx²ⁱ on |x| ≤ 1. Error 2^-29.4, 2^-56.0.
func (f *function) erfCoefficients() []float64 {
	return pick(f, []float64{
		0.12837916612625122, -0.3761262595653534, 0.11283578723669052,
		-0.026853347197175026, 0.005187162198126316, -0.0007997853099368513,
		7.806905341567472e-05,
	}, []float64{
		0.12837916709551256, -0.37612638903183343, 0.1128379167093695,
		-0.02686617064195924, 0.0052239775967378365, -0.0008548325485150557,
		0.0001205528050277086, -1.4924465785720296e-05, 1.6444152604056944e-06,
		-1.6184007497742483e-07, 1.3616767727982656e-08, -7.607924491239236e-10,
	})
}

// tailCoefficients: with w = 1/(t+a), q = 1 − 2aw and a = tailCenter,
// e^(t²)·erfc t = w·Σ cᵢqⁱ, or e^(t²/2)·Φ(−t) = w·Σ cᵢqⁱ for the normal distribution,
// for t from 0 to where the tail underflows. Error 2^-27.6 in single, 2^-55.4 and 2^-55.5
// in double; single precision has no normal distribution here, but in pieces. The centers
// have few bits, so that t + a and its rounding error can be had exactly, and are chosen
// such that the value there, c₀, is all but exact.
func (f *function) tailCoefficients(normal bool) []float64 {
	if normal {
		return []float64{
			0.7688659478876867, -0.6639847417776089, 0.4925217674524801,
			-0.3099590723273718, 0.16166382327951864, -0.06672455205793544,
			0.01951488277549788, -0.002521479057628538, -0.0008793759837698768,
			0.0005211046436144868, -4.0747781616017516e-05, -5.1915053215126574e-05,
			1.4539455861643504e-05, 4.720737716475673e-06, -2.5493949381764308e-06,
			-4.817048339710738e-07, 4.070387394224159e-07, 6.796142410805287e-08,
			-6.096615766493007e-08, -1.3237062772102326e-08, 6.4468807532920546e-09,
			2.083084894327897e-09,
		}
	}
	return pick(f, []float64{
		1.072487711906433, -0.8772181868553162, 0.5789464116096497,
		-0.29787570238113403, 0.11001050472259521, -0.022034743800759315,
		-0.002549574011936784, 0.002944129751995206, -0.0002493293141014874,
		-0.00029476702911779284,
	}, []float64{
		1.0867204610260617, -0.9363711348017941, 0.6912802595102991,
		-0.43164234209793323, 0.22237803758125935, -0.08995622352129522,
		0.025283698772397088, -0.002740910763425699, -0.0013693995939184865,
		0.0006867653515277719, -2.445553346010758e-05, -7.589537679817856e-05,
		1.6365308883049604e-05, 7.837783959244945e-06, -3.1203115511411903e-06,
		-9.215849597954415e-07, 5.149521161948844e-07, 1.3804593951826993e-07,
		-7.841607667656766e-08, -2.4741269904490656e-08, 8.49632732073257e-09,
		3.4983869856300077e-09,
	})
}

func (f *function) tailCenter(normal bool) float64 {
	if normal {
		return 4.96875
	}
	return pick(f, 2.953125, 3.484375)
}

// ln 2 in two parts, the first with so few bits that its product with any
// exponent is exact.
func (f *function) ln2High() float64 {
	return pick(f, 0.693145751953125, 0.6931471803691238)
}
func (f *function) ln2Low() float64 {
	return pick(f, 1.42860677e-06, 1.9082149292705877e-10)
}

// π/2 in three parts, each the rest cut off to the element type: all positive, so
// that the angle −0 comes through as it is.
func (f *function) halfPi() [3]float64 {
	return pick(f,
		[3]float64{1.570796251296997, 7.549789415861596e-08, 5.390302529957765e-15},
		[3]float64{1.5707963267948966, 6.123233995736765e-17, 1.0828566739219139e-32})
}

// mantissa is how many bits of an element stand below the exponent, bias is the
// exponent of 1.
func (f *function) mantissa() int { return pick(f, 23, 52) }
func (f *function) bias() float64 { return pick(f, 127.0, 1023.0) }

// roundingShift is 1.5·2^mantissa: a small number added to it comes out rounded
// to an integer, which then is the low bits of the sum.
func (f *function) roundingShift() float64 { return 1.5 * math.Ldexp(1, f.mantissa()) }

// horner returns Σ cᵢxⁱ.
func (f *function) horner(x vec, c []float64) vec {
	n := len(c)
	if n == 1 {
		return f.copy(f.constant(c[0]))
	}
	p := f.copy(f.constant(c[n-2]))
	f.addMul(p, x, f.constant(c[n-1]))
	for i := n - 3; i >= 0; i-- {
		f.mulAdd(p, x, f.constant(c[i]))
	}
	return p
}

// polynomial returns Σ cᵢxⁱ, the even and the odd powers summed side by side so
// that the chain of dependent instructions is half as long; x2 is x².
func (f *function) polynomial(x, x2 vec, c []float64) vec {
	var even, odd []float64
	for i, v := range c {
		if i%2 == 0 {
			even = append(even, v)
		} else {
			odd = append(odd, v)
		}
	}
	e := f.horner(x2, even)
	if len(odd) == 1 {
		return f.addMul(e, x, f.constant(odd[0]))
	}
	return f.mulAdd(f.horner(x2, odd), x, e)
}
