package tensor

import "testing"

func TestDropout(t *testing.T) {
	var cases []testCase
	for _, n := range []int{0, 1, 31, 32, 33, 2047, 2049, 70_001} {
		for _, p := range []float64{0, 0.25, 1} {
			// drop is the elements of x that a second call, of float64, keeps.
			drop := func(x *Array, seed uint64) []float64 {
				ones, kept := New(Float64, []int{n}), New(Float64, []int{n})
				Fill(&ones, 1)
				Dropout(&kept, &ones, nil, p, seed)
				want := make([]float64, n)
				for i := range want {
					if kept.At(i) != 0 {
						want[i] = x.At(i) / (1 - p)
					}
				}
				return want
			}
			cases = append(cases, testCase{name("Dropout ", n, " p=", p), func(r *random) (*Array, []float64) {
				x, y := r.array(n), r.garbage(n)
				Dropout(y, x, r.garbage(BitsSize(r.dtype, n)), p, 7)
				return y, drop(x, 7)
			}})
			for _, accumulate := range []bool{false, true} {
				cases = append(cases, testCase{name("DropoutBackward ", n, " p=", p, " accumulate=", accumulate), func(r *random) (*Array, []float64) {
					x, g, dst, bits := r.array(n), r.array(n), r.garbage(n), r.garbage(BitsSize(r.dtype, n))
					if accumulate {
						dst = r.array(n)
					}
					Dropout(x, x, bits, p, 7)
					want := drop(g, 7)
					for i := range want {
						if accumulate {
							want[i] += dst.At(i)
						}
					}
					DropoutBackward(dst, g, bits, p, accumulate)
					return dst, want
				}})
			}
		}
	}
	runCases(t, cases)
}
