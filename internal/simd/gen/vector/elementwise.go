package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
)

// smallArithmetic is the length below which a loop in Go beats the call.
const smallArithmetic = 4

// short is a kernel of one operand with a cheap body.
func short(name string, body func(f *function, x op) vec) kernel {
	return kernel{name: name, params: sliceParams("dst", "x"), small: smallArithmetic, emit: func(f *function) {
		n, s := f.load64("n"), f.streams("dst", "x")
		f.shortLoop(n, s[1:], s[:1], func(x []op) []vec { return []vec{body(f, x[0])} })
		f.finish()
	}}
}

// long is a kernel of one operand with a costly body.
func long(name string, body func(f *function, x vec) vec) kernel {
	return longOf(name, []string{"x"}, func(f *function, x []vec) vec { return body(f, x[0]) })
}

// longOf is a kernel of operands, none of them broadcast, with a costly body.
func longOf(name string, operands []string, body func(f *function, x []vec) vec) kernel {
	return kernel{name: name, wideFrom: costly, params: with(sliceParams("dst"), sliceParams(operands...)...), emit: func(f *function) {
		n, s := f.load64("n"), f.streams(append([]string{"dst"}, operands...)...)
		f.longLoop(n, mapping{in: s[1:], out: s[:1], body: func(x []vec) []vec { return []vec{body(f, x)} }})
		f.finish()
	}}
}

var exactKernels = []kernel{
	short("neg", (*function).neg),
	short("abs", (*function).abs),
	short("sign", func(f *function, x op) vec {
		x = f.reg(x)
		one := f.or(f.sign(x), f.constant(1))
		return f.blend(x, one, f.compare(lessOrGreater, x, f.zero()))
	}),
	short("square", func(f *function, x op) vec {
		x = f.reg(x)
		return f.mul(x, x)
	}),
	short("sqrt", (*function).sqrt),
	short("rsqrt", func(f *function, x op) vec { return f.div(f.constant(1), f.sqrt(x)) }),
	short("reciprocal", func(f *function, x op) vec { return f.div(f.constant(1), x) }),
	short("floor", func(f *function, x op) vec { return f.round(x, toFloor) }),
	short("ceil", func(f *function, x op) vec { return f.round(x, toCeil) }),
	short("round", func(f *function, x op) vec { return f.round(x, toNearest) }),
	short("relu", func(f *function, x op) vec { return f.max(f.zero(), x) }),
	short("softsign", func(f *function, x op) vec {
		x = f.reg(x)
		largest := pick(f, float64(math.MaxFloat32), math.MaxFloat64)
		t := f.min(f.constant(largest), f.abs(x))
		return f.or(f.div(t, f.add(t, f.constant(1))), f.sign(x))
	}),
}

var transcendentalKernels = []kernel{
	long("exp", (*function).exp),
	long("expm1", (*function).expm1),
	long("log", (*function).log),
	long("log1p", (*function).log1p),
	circular("sin", 0),
	circular("cos", 1),
	long("tanh", (*function).tanh),
	long("sigmoid", (*function).sigmoid),
	long("logSigmoid", (*function).logSigmoid),
	long("softplus", (*function).softplus),
	long("silu", (*function).silu),
	long("geluTanh", (*function).geluTanh),
	long("mish", (*function).mish),
	long("erf", (*function).erf),
	long("erfc", (*function).erfc),
	geluKernel(),
	internally(longOf("logAddExp", []string{"a", "b"}, func(f *function, x []vec) vec { return f.logAddExp(x[0], x[1]) })),
	longOf("logAddExp3", []string{"a", "b", "c", "mask"}, func(f *function, x []vec) vec {
		return f.logAddExp3(x[0], x[1], f.add(x[2], x[3]))
	}),
}

// pair is a kernel of a gradient and the value it is taken at, none of them
// broadcast; where the gradient is 0 the result is 0.
func pair(name, value string, body func(f *function, g, x vec) vec) kernel {
	return kernel{name: name, params: sliceParams("dst", "grad", value), small: smallArithmetic, emit: func(f *function) {
		n, s := f.load64("n"), f.streams("dst", "grad", value)
		f.shortLoop(n, s[1:], s[:1], func(x []op) []vec {
			g := f.reg(x[0])
			return []vec{f.strong(g, body(f, g, f.reg(x[1])))}
		})
		f.finish()
	}}
}

// longPair is a pair with a costly derivative of the value alone.
func longPair(name, value string, derivative func(f *function, x vec) vec) kernel {
	return kernel{name: name, wideFrom: costly, params: sliceParams("dst", "grad", value), emit: func(f *function) {
		n, s := f.load64("n"), f.streams("dst", "grad", value)
		f.longLoop(n, mapping{in: s[1:], out: s[:1], body: func(x []vec) []vec {
			d := derivative(f, x[1])
			return []vec{f.strong(x[0], f.mul(d, x[0]))}
		}})
		f.finish()
	}}
}

// strong returns y, but 0 where g is 0.
func (f *function) strong(g, y vec) vec {
	return f.keep(y, f.compare(notEqual, g, f.constant(0)))
}

var backwardKernels = []kernel{
	{name: "reluBackward", params: sliceParams("dst", "grad", "y"), small: smallArithmetic, emit: func(f *function) {
		n, s := f.load64("n"), f.streams("dst", "grad", "y")
		f.shortLoop(n, s[1:], s[:1], func(x []op) []vec {
			return []vec{f.keep(x[0], f.compare(less, f.zero(), x[1]))}
		})
		f.finish()
	}},
	pair("sigmoidBackward", "y", func(f *function, g, y vec) vec {
		return f.mul(g, f.mul(y, f.sub(f.constant(1), y)))
	}),
	pair("tanhBackward", "y", func(f *function, g, y vec) vec {
		one := f.constant(1)
		return f.mul(g, f.mul(f.sub(one, y), f.add(y, one)))
	}),
	pair("sqrtBackward", "y", func(f *function, g, y vec) vec { return f.div(g, f.add(y, y)) }),
	pair("logBackward", "x", func(f *function, g, x vec) vec { return f.div(g, x) }),
	pair("squareBackward", "x", func(f *function, g, x vec) vec { return f.mul(g, f.add(x, x)) }),
	pair("absBackward", "x", func(f *function, g, x vec) vec {
		one := f.or(f.sign(x), f.constant(1))
		return f.mul(g, f.blend(x, one, f.compare(lessOrGreater, x, f.zero())))
	}),
	longPair("softplusBackward", "x", (*function).sigmoid),
	geluBackwardKernel(),
	longPair("geluTanhBackward", "x", (*function).geluTanhDerivative),
	longPair("siluBackward", "x", (*function).siluDerivative),
}

// broadcasting is a kernel of dst and operands that may be of length 1. An
// operand of length 1 is spread over a buffer on the stack that the loop reads
// again and again, so one loop serves every case.
func broadcasting(name string, operands []string, body func(f *function, x []op) vec) kernel {
	k := kernel{name: name, params: sliceParams("dst"), small: smallArithmetic}
	for _, o := range operands {
		k.params = append(k.params, param{o, "broadcast"})
	}
	k.emit = func(f *function) {
		n, dst := f.load64("n"), f.streams("dst")
		in := f.streams(operands...)
		for i, o := range operands {
			step := f.load64(o + "Step")
			whole := f.label("whole")
			f.SHLQ(operand.U8(turnShift), step)
			f.JNE(ref(whole))
			buffer := f.AllocLocal(turnBytes)
			value := f.broadcast(operand.Mem{Base: in[i].pointer})
			for at := 0; at < turnBytes; at += f.vectorBytes() {
				f.store(value, buffer.Offset(at))
			}
			f.LEAQ(buffer, in[i].pointer)
			f.Label(whole)
			in[i].step = &step
		}
		f.shortLoop(n, in, dst, func(x []op) []vec { return []vec{body(f, x)} })
		f.finish()
	}
	return k
}

func binary(name string, body func(f *function, a, b op) vec) kernel {
	return broadcasting(name, []string{"a", "b"}, func(f *function, x []op) vec { return body(f, x[0], x[1]) })
}

func comparison(name string, predicate int) kernel {
	return binary(name, func(f *function, a, b op) vec {
		return f.keep(f.constant(1), f.compare(predicate, a, b))
	})
}

var binaryKernels = []kernel{
	binary("add", (*function).add),
	binary("sub", (*function).sub),
	binary("mul", (*function).mul),
	binary("div", (*function).div),
	binary("max", func(f *function, a, b op) vec { return f.extreme("VMAX", a, b) }),
	binary("min", func(f *function, a, b op) vec { return f.extreme("VMIN", a, b) }),
	broadcasting("strongMul", []string{"grad", "d"}, func(f *function, x []op) vec {
		g := f.reg(x[0])
		return f.strong(g, f.mul(g, x[1]))
	}),
	comparison("greater", greater),
	comparison("greaterEqual", greaterEqual),
	comparison("less", less),
	comparison("lessEqual", lessEqual),
	comparison("equal", equal),
	comparison("notEqual", notEqual),
	broadcasting("where", []string{"cond", "a", "b"}, func(f *function, x []op) vec {
		mask := f.compare(notEqual, x[0], f.zero())
		return f.blend(x[2], x[1], mask)
	}),
}

// extreme is VMAX or VMIN, with a where a is NaN; the instruction itself takes b
// where either is.
func (f *function) extreme(name string, a, b op) vec {
	a = f.reg(a)
	y := f.binary(name, a, b)
	return f.blend(y, a, f.compare(unordered, a, a))
}

// scaled is a kernel of a slice and scalars.
func scaled(name string, scalars []string, body func(f *function, x op, s []vec) vec) kernel {
	k := kernel{name: name, params: sliceParams("dst", "x"), small: smallArithmetic}
	for _, s := range scalars {
		k.params = append(k.params, param{s, "T"})
	}
	k.emit = func(f *function) {
		n, streams := f.load64("n"), f.streams("dst", "x")
		var s []vec
		for _, name := range scalars {
			s = append(s, f.scalar(name))
		}
		f.shortLoop(n, streams[1:], streams[:1], func(x []op) []vec { return []vec{body(f, x[0], s)} })
		f.finish()
	}
	return k
}

func scaledInternal(name string, scalars []string, body func(f *function, x op, s []vec) vec) kernel {
	return internally(scaled(name, scalars, body))
}

// internally marks a kernel as internal.
func internally(k kernel) kernel {
	k.internal = true
	return k
}

var linearKernels = []kernel{
	{name: "addScaled", params: with(sliceParams("dst", "x"), param{"s", "T"}), emit: func(f *function) {
		n, streams, s := f.load64("n"), f.streams("dst", "x"), f.scalar("s")
		f.shortLoop(n, streams, streams[:1], func(x []op) []vec {
			return []vec{f.addMul(f.copy(x[0]), s, x[1])}
		})
		f.finish()
	}},
	scaled("scale", []string{"s"}, func(f *function, x op, s []vec) vec { return f.mul(s[0], x) }),
	scaled("addScalar", []string{"s"}, func(f *function, x op, s []vec) vec { return f.add(s[0], x) }),
	scaled("clamp", []string{"lo", "hi"}, func(f *function, x op, s []vec) vec {
		return f.min(s[1], f.max(s[0], x))
	}),
	{name: "fill", upTo: avx2, params: with(sliceParams("dst"), param{"v", "T"}), small: smallArithmetic, emit: func(f *function) {
		n, s, v := f.load64("n"), f.streams("dst"), f.scalar("v")
		f.shortLoop(n, nil, s, func([]op) []vec { return []vec{v} })
		f.finish()
	}},
}
