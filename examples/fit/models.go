package main

import (
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

type v = autograd.Variable

// models has the models of the 27 problems, as the formulas of NIST's files say: b[1] is
// their b1, a scalar, and x[0] their x (or x1), a vector with an element for each observation.
var models = map[string]func(b, x []v) v{
	"Bennett5": func(b, x []v) v { // b1·(b2 + x)^(−1/b3)
		return b[1].Mul(autograd.Pow(b[2].Add(x[0]), b[3].Reciprocal().Neg()))
	},
	"BoxBOD":   saturation,
	"Chwirut1": chwirut,
	"Chwirut2": chwirut,
	"DanWood": func(b, x []v) v { // b1·x^b2
		return b[1].Mul(autograd.Pow(x[0], b[2]))
	},
	"ENSO": func(b, x []v) v { // b1 + b2·cos 2πx/12 + b3·sin 2πx/12 + the same of periods b4 and b7
		wave := func(period, cosine, sine v) v {
			angle := x[0].MulScalar(2 * math.Pi).Div(period)
			return cosine.Mul(angle.Cos()).Add(sine.Mul(angle.Sin()))
		}
		return b[1].Add(wave(autograd.Scalar(12.), b[2], b[3])).Add(wave(b[4], b[5], b[6])).Add(wave(b[7], b[8], b[9]))
	},
	"Eckerle4": func(b, x []v) v { // b1/b2·e^(−½((x−b3)/b2)²)
		return b[1].Div(b[2]).Mul(x[0].Sub(b[3]).Div(b[2]).Square().MulScalar(-0.5).Exp())
	},
	"Gauss1": gauss,
	"Gauss2": gauss,
	"Gauss3": gauss,
	"Hahn1":  cubics,
	"Kirby2": func(b, x []v) v { // (b1 + b2·x + b3·x²)/(1 + b4·x + b5·x²)
		return polynomial(x[0], b[1], b[2], b[3]).Div(polynomial(x[0], one, b[4], b[5]))
	},
	"Lanczos1": lanczos,
	"Lanczos2": lanczos,
	"Lanczos3": lanczos,
	"MGH09": func(b, x []v) v { // b1·(x² + b2·x)/(x² + b3·x + b4)
		return b[1].Mul(polynomial(x[0], zero, b[2], one)).Div(polynomial(x[0], b[4], b[3], one))
	},
	"MGH10": func(b, x []v) v { // b1·e^(b2/(x + b3))
		return b[1].Mul(b[2].Div(x[0].Add(b[3])).Exp())
	},
	"MGH17": func(b, x []v) v { // b1 + b2·e^(−b4·x) + b3·e^(−b5·x)
		return b[1].Add(decay(b[2], b[4], x[0])).Add(decay(b[3], b[5], x[0]))
	},
	"Misra1a": saturation,
	"Misra1b": func(b, x []v) v { // b1·(1 − (1 + b2·x/2)^−2)
		return b[1].Mul(one.Sub(b[2].Mul(x[0]).MulScalar(0.5).AddScalar(1).PowScalar(-2)))
	},
	"Misra1c": func(b, x []v) v { // b1·(1 − (1 + 2·b2·x)^−½)
		return b[1].Mul(one.Sub(b[2].Mul(x[0]).MulScalar(2).AddScalar(1).PowScalar(-0.5)))
	},
	"Misra1d": func(b, x []v) v { // b1·b2·x/(1 + b2·x)
		return b[1].Mul(b[2]).Mul(x[0]).Div(b[2].Mul(x[0]).AddScalar(1))
	},
	"Nelson": func(b, x []v) v { // b1 − b2·x1·e^(−b3·x2), of log y
		return b[1].Sub(decay(b[2].Mul(x[0]), b[3], x[1]))
	},
	"Rat42": func(b, x []v) v { // b1/(1 + e^(b2 − b3·x))
		return b[1].Div(decay(b[2].Exp(), b[3], x[0]).AddScalar(1))
	},
	"Rat43": func(b, x []v) v { // b1/(1 + e^(b2 − b3·x))^(1/b4)
		return b[1].Div(autograd.Pow(b[2].Sub(b[3].Mul(x[0])).Exp().AddScalar(1), b[4].Reciprocal()))
	},
	"Roszman1": func(b, x []v) v { // b1 − b2·x − arctan(b3/(x − b4))/π
		return b[1].Sub(b[2].Mul(x[0])).Sub(b[3].Div(x[0].Sub(b[4])).Atan().MulScalar(1 / math.Pi))
	},
	"Thurber": cubics,
}

var zero, one = autograd.Scalar(0.), autograd.Scalar(1.)

// saturation is b1·(1 − e^(−b2·x)).
func saturation(b, x []v) v { return b[1].Mul(one.Sub(decay(one, b[2], x[0]))) }

// chwirut is e^(−b1·x)/(b2 + b3·x).
func chwirut(b, x []v) v { return decay(one, b[1], x[0]).Div(polynomial(x[0], b[2], b[3])) }

// gauss is b1·e^(−b2·x) + b3·e^(−(x−b4)²/b5²) + b6·e^(−(x−b7)²/b8²).
func gauss(b, x []v) v {
	bell := func(height, center, width v) v {
		return height.Mul(x[0].Sub(center).Div(width).Square().Neg().Exp())
	}
	return decay(b[1], b[2], x[0]).Add(bell(b[3], b[4], b[5])).Add(bell(b[6], b[7], b[8]))
}

// cubics is (b1 + b2·x + b3·x² + b4·x³)/(1 + b5·x + b6·x² + b7·x³).
func cubics(b, x []v) v {
	return polynomial(x[0], b[1], b[2], b[3], b[4]).Div(polynomial(x[0], one, b[5], b[6], b[7]))
}

// lanczos is b1·e^(−b2·x) + b3·e^(−b4·x) + b5·e^(−b6·x).
func lanczos(b, x []v) v {
	return decay(b[1], b[2], x[0]).Add(decay(b[3], b[4], x[0])).Add(decay(b[5], b[6], x[0]))
}

// decay is a·e^(−rate·x).
func decay(a, rate, x v) v { return a.Mul(rate.Mul(x).Neg().Exp()) }

// polynomial is c₀ + c₁·x + c₂·x² + …, by Horner's rule.
func polynomial(x v, c ...v) v {
	y := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		y = y.Mul(x).Add(c[i])
	}
	return y
}
