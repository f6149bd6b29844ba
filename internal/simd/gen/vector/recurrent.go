package main

import "github.com/mmcloughlin/avo/operand"

// The element-wise part of a step of recurrent layers. Rows of the matrices follow each
// other; a row of gates is several pieces as long as a row of the state.

// matrix is a pointer parameter of rows of so many pieces of n elements.
type matrix struct {
	name   string
	pieces int
}

// eachRow emits body, which computes a row of n elements, in a loop over the rows. It gets
// a stream for each piece of each matrix, in order. The parameters n and rows say how many
// there are; the pointers move on in the parameters' own memory, as there are too few
// registers for all.
func (f *function) eachRow(matrices []matrix, body func(s []stream)) {
	next := f.label("row")
	f.Label(next)
	size := f.load64("n")
	f.SHLQ(operand.U8(pick(f, 2, 3)), size)
	var s []stream
	for _, m := range matrices {
		p := f.load64(m.name)
		s = append(s, stream{pointer: p})
		for range m.pieces - 1 {
			q := f.GP64()
			f.LEAQ(operand.Mem{Base: p, Index: size, Scale: 1}, q)
			s = append(s, stream{pointer: q})
			p = q
		}
	}
	body(s)
	size = f.load64("n")
	f.SHLQ(operand.U8(pick(f, 2, 3)), size)
	for _, m := range matrices {
		for range m.pieces {
			f.ADDQ(size, f.param(m.name))
		}
	}
	f.SUBQ(operand.I32(1), f.param("rows"))
	f.JG(ref(next))
	f.finish()
}

// recurrent is a kernel on rows of matrices, the first of which has as many elements a row
// as the state.
func recurrent(name string, matrices []matrix, body func(f *function, s []stream) mapping) kernel {
	k := kernel{name: name, wideFrom: costly, internal: true}
	signature, call := "func(", ""
	for i, m := range matrices {
		k.params = append(k.params, param{m.name, "[]T"})
		if i > 0 {
			signature += ", "
		}
		signature += m.name
		call += ", unsafe.SliceData(" + m.name + ")"
	}
	k.params = append(k.params, param{"rows", "int"})
	k.asm = signature + " *T, n, rows int)"
	first := matrices[0].name
	k.bridge = "n := len(" + first + ") / rows\n" +
		"width := " + name + "Width[T](n)\n" +
		"if width == 0 {\n" + name + "Generic(" + k.names() + ")\nreturn\n}\n" +
		name + "Assembly(width" + call + ", n, rows)"
	k.emit = func(f *function) {
		f.eachRow(matrices, func(s []stream) {
			m := body(f, s)
			f.longLoop(f.load64("n"), m)
		})
	}
	return k
}

var recurrentKernels = []kernel{
	// lstm activates the gates i, f, g and o in place, and computes
	// c = f·prev + i·g and h = o·tanh(c).
	recurrent("lstm", []matrix{{"h", 1}, {"c", 1}, {"prev", 1}, {"gates", 4}}, func(f *function, s []stream) mapping {
		h, c, prev, gates := s[0], s[1], s[2], s[3:]
		return mapping{
			in:  []stream{gates[0], gates[1], gates[2], gates[3], prev},
			out: []stream{gates[0], gates[1], gates[2], gates[3], c, h},
			body: func(x []vec) []vec {
				in, forget, cell, out := f.sigmoid(x[0]), f.sigmoid(x[1]), f.tanh(x[2]), f.sigmoid(x[3])
				c := f.mul(forget, x[4])
				f.addMul(c, in, cell)
				return []vec{in, forget, cell, out, c, f.mul(f.tanh(c), out)}
			},
		}
	}),
	// lstmBackward writes the gradient of the gates before activation, and that of prev
	// over dc.
	recurrent("lstmBackward", []matrix{{"dc", 1}, {"dh", 1}, {"c", 1}, {"prev", 1}, {"gates", 4}, {"dgates", 4}}, func(f *function, s []stream) mapping {
		dc, dh, c, prev, gates, dgates := s[0], s[1], s[2], s[3], s[4:8], s[8:]
		return mapping{
			in:  []stream{c, gates[3], dh, dc, gates[0], gates[1], gates[2], prev},
			out: []stream{dgates[3], dgates[0], dgates[2], dgates[1], dc},
			body: func(x []vec) []vec {
				c, out, dh, dc, in, forget, cell, prev := x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]
				one := f.constant(1)
				t := f.tanh(c)
				seen := f.compare(notEqual, dh, f.zero())
				through := f.mul(dh, out)        // dh·o
				dout := f.mul(dh, t)             // dh·t
				dout = f.mul(dout, f.slope(out)) // dh·t·o(1−o)
				dout = f.keep(dout, seen)        //
				flat := f.mul(f.sub(one, t), f.add(t, one))
				through = f.keep(f.mul(through, flat), seen)
				d := f.add(dc, through) // of c
				seen = f.compare(notEqual, d, f.zero())
				din := f.keep(f.mul(f.mul(d, cell), f.slope(in)), seen)
				dcell := f.mul(f.mul(d, in), f.mul(f.sub(one, cell), f.add(cell, one)))
				dcell = f.keep(dcell, seen)
				dforget := f.keep(f.mul(f.mul(d, prev), f.slope(forget)), seen)
				return []vec{dout, din, dcell, dforget, f.keep(f.mul(d, forget), seen)}
			},
		}
	}),
	// gru activates n, r and z in place, where m is what n takes from the state, and
	// computes n = tanh(n + r·m) and h = n + z·(prev − n).
	recurrent("gru", []matrix{{"h", 1}, {"prev", 1}, {"gates", 4}}, func(f *function, s []stream) mapping {
		h, prev, gates := s[0], s[1], s[2:]
		return mapping{
			in:  []stream{gates[0], gates[1], gates[2], gates[3], prev},
			out: []stream{gates[0], gates[1], gates[2], h},
			body: func(x []vec) []vec {
				r, z := f.sigmoid(x[1]), f.sigmoid(x[2])
				n := f.tanh(f.addMul(x[0], r, x[3]))
				h := f.mul(f.sub(x[4], n), z)
				return []vec{n, r, z, f.add(h, n)}
			},
		}
	}),
	// gruBackward writes the gradient of n, r and z before activation and of m, and what
	// prev gets directly over dh.
	recurrent("gruBackward", []matrix{{"dh", 1}, {"prev", 1}, {"gates", 4}, {"dgates", 4}}, func(f *function, s []stream) mapping {
		dh, prev, gates, dgates := s[0], s[1], s[2:6], s[6:]
		return mapping{
			in:  []stream{dh, gates[0], gates[1], gates[2], gates[3], prev},
			out: []stream{dgates[0], dgates[1], dgates[2], dgates[3], dh},
			body: func(x []vec) []vec {
				dh, n, r, z, m, prev := x[0], x[1], x[2], x[3], x[4], x[5]
				one := f.constant(1)
				seen := f.compare(notEqual, dh, f.zero())
				dz := f.keep(f.mul(f.mul(dh, f.sub(prev, n)), f.slope(z)), seen)
				direct := f.keep(f.mul(dh, z), seen)
				dn := f.mul(f.mul(dh, f.sub(one, z)), f.mul(f.sub(one, n), f.add(n, one)))
				dn = f.keep(dn, seen)
				seen = f.compare(notEqual, dn, f.zero())
				dr := f.keep(f.mul(f.mul(dn, m), f.slope(r)), seen)
				return []vec{dn, dr, dz, f.keep(f.mul(dn, r), seen), direct}
			},
		}
	}),
}

// slope returns y(1 − y), the derivative of the logistic function where its value is y.
func (f *function) slope(y vec) vec { return f.mul(f.sub(f.constant(1), y), y) }
