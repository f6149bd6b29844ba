package main

// The element-wise part of a step of recurrent layers. Rows of the matrices follow each
// other; a row of gates is several pieces as long as a row of the state.

// recurrent is a kernel that maps rows of matrices, the first of which has as many elements
// a row as the state.
func recurrent(name string, matrices []matrix, body func(f *function, s []stream) mapping) kernel {
	return ofRows(name, matrices, func(f *function, s []stream) {
		m := body(f, s)
		f.longLoop(f.load64("n"), m)
	})
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
