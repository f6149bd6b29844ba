package main

import (
	"github.com/mmcloughlin/avo/operand"
)

// coefficients broadcasts the first k fields of the struct of elements that the
// parameter points to.
func (f *function) coefficients(name string, k int) []vec {
	pointer := f.load64(name)
	c := make([]vec, k)
	for i := range c {
		c[i] = f.broadcast(operand.Mem{Base: pointer, Disp: i * f.bytes()})
	}
	return c
}

var optimKernels = []kernel{
	{name: "adam", internal: true, wideFrom: costly, params: with(sliceParams("w", "m", "v", "grad"), param{"c", "*adamCoefficients[T]"}), emit: func(f *function) {
		n, s := f.load64("n"), f.streams("w", "m", "v", "grad")
		c := f.coefficients("c", 8)
		keep, decay, blend, beta2, blend2, rootScale, eps, step := c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
		f.longLoop(n, mapping{in: s, out: s[:3], body: func(x []vec) []vec {
			w, m, v, g := x[0], x[1], x[2], x[3]
			f.addMul(g, w, decay)
			f.addMul(m, f.sub(g, m), blend)
			v = f.mul(v, beta2)
			f.addMul(v, f.mul(g, blend2), g)
			denominator := f.mulAdd(f.sqrt(v), rootScale, eps)
			w = f.mul(w, keep)
			f.addMul(w, f.div(m, denominator), step)
			return []vec{w, m, v}
		}})
		f.finish()
	}},
	{name: "sgd", internal: true, params: with(sliceParams("w", "grad"), param{"keep", "T"}, param{"step", "T"}), emit: func(f *function) {
		n, s := f.load64("n"), f.streams("w", "grad")
		keep, step := f.scalar("keep"), f.scalar("step")
		f.shortLoop(n, s, s[:1], func(x []op) []vec {
			return []vec{f.addMul(f.mul(keep, x[0]), step, x[1])}
		})
		f.finish()
	}},
	{name: "sgdMomentum", internal: true, wideFrom: costly, params: with(sliceParams("w", "buf", "grad"), param{"c", "*momentumCoefficients[T]"}), emit: func(f *function) {
		n, s := f.load64("n"), f.streams("w", "buf", "grad")
		c := f.coefficients("c", 5)
		decay, momentum, blend, stepGrad, stepBuf := c[0], c[1], c[2], c[3], c[4]
		f.longLoop(n, mapping{in: s, out: s[:2], body: func(x []vec) []vec {
			w, buf, g := x[0], x[1], x[2]
			f.addMul(g, w, decay)
			buf = f.mul(buf, momentum)
			f.addMul(buf, g, blend)
			f.addMul(w, g, stepGrad)
			f.addMul(w, buf, stepBuf)
			return []vec{w, buf}
		}})
		f.finish()
	}},
}
