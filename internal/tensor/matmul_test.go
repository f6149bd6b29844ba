package tensor

import (
	"slices"
	"testing"
)

// transposedShape swaps the last two sizes.
func transposedShape(shape []int, swap bool) []int {
	s := slices.Clone(shape)
	if n := len(s); swap && n > 1 {
		s[n-2], s[n-1] = s[n-1], s[n-2]
	}
	return s
}

func TestMatMul(t *testing.T) {
	var cases []testCase
	for _, s := range []struct{ dst, a, b []int }{
		{[]int{3, 5}, []int{3, 4}, []int{4, 5}}, {[]int{1, 1}, []int{1, 7}, []int{7, 1}}, {[]int{2, 0}, []int{2, 3}, []int{3, 0}},
		{[]int{2, 3}, []int{2, 0}, []int{0, 3}}, {[]int{40, 50}, []int{40, 60}, []int{60, 50}}, {[]int{130, 70}, []int{130, 200}, []int{200, 70}},
		{[]int{2, 3, 5}, []int{2, 3, 4}, []int{4, 5}}, {[]int{2, 3, 5}, []int{3, 4}, []int{2, 4, 5}}, {[]int{2, 3, 5}, []int{2, 3, 4}, []int{2, 4, 5}},
		{[]int{2, 6, 3, 5}, []int{2, 1, 3, 4}, []int{6, 4, 5}}, {[]int{3, 2, 3, 5}, []int{2, 3, 4}, []int{3, 1, 4, 5}}, {[]int{0, 3, 5}, []int{0, 3, 4}, []int{4, 5}},
		{[]int{64, 20, 30}, []int{64, 20, 25}, []int{64, 25, 30}},
		// Sums over the batch, as gradients of operands that were broadcast.
		{[]int{3, 5}, []int{4, 3, 6}, []int{4, 6, 5}}, {[]int{1, 3, 5}, []int{4, 3, 6}, []int{4, 6, 5}}, {[]int{2, 1, 3, 5}, []int{2, 4, 3, 6}, []int{2, 4, 6, 5}},
		{[]int{1, 6, 3, 5}, []int{2, 6, 3, 4}, []int{2, 6, 4, 5}}, {[]int{3, 1, 2, 4}, []int{2, 3, 3, 2, 5}, []int{2, 3, 3, 5, 4}}, {[]int{3, 5}, []int{0, 3, 6}, []int{0, 6, 5}},
	} {
		for flags := range 16 {
			transA, transB, accumulate, withBias := flags&1 != 0, flags&2 != 0, flags&4 != 0, flags&8 != 0
			summed := slices.Max([]int{SizeOf(s.a[:len(s.a)-2]), SizeOf(s.b[:len(s.b)-2])}) > SizeOf(s.dst[:len(s.dst)-2]) || len(s.dst) < len(s.a)
			large := SizeOf(s.dst)*s.a[len(s.a)-1] > 100_000
			if withBias && summed || large && flags%5 != 1 { // the plain loops take their time
				continue
			}
			cases = append(cases, testCase{name(s, transA, transB, accumulate, withBias), func(r *random) (*Array, []float64) {
				a, b, dst := r.array(transposedShape(s.a, transA)...), r.array(transposedShape(s.b, transB)...), r.garbage(s.dst...)
				want := make([]float64, dst.Len())
				if accumulate {
					dst = r.array(s.dst...)
					want = valuesOf(dst)
				}
				n, k := s.b[len(s.b)-1], s.b[len(s.b)-2]
				var bias *Array
				if withBias {
					bias = r.array(n)
					for i := range want {
						want[i] += bias.At(i % n)
					}
				}
				batch, _ := BroadcastShape(nil, s.a[:len(s.a)-2], s.b[:len(s.b)-2])
				product := append(slices.Clone(batch), s.dst[len(s.dst)-2:]...)
				for _, index := range indices(product) {
					rank := len(index)
					ia, ib := slices.Clone(index), slices.Clone(index)
					sum := 0.0
					for p := range k {
						ia[rank-1], ib[rank-2] = p, p
						sum += at(a, transposedShape(ia, transA)) * at(b, transposedShape(ib, transB))
					}
					flat := 0
					for axis, size := range s.dst {
						i := index[rank-len(s.dst)+axis]
						if size == 1 {
							i = 0
						}
						flat = flat*size + i
					}
					want[flat] += sum
				}
				if summed {
					MatMulReduce(dst, a, b, transA, transB, accumulate)
				} else {
					MatMul(dst, a, b, transA, transB, accumulate, bias)
				}
				return dst, want
			}})
		}
	}
	// A vector is a row.
	cases = append(cases, testCase{"vector", func(r *random) (*Array, []float64) {
		a, b, dst := r.array(4), r.array(4, 3), r.garbage(3)
		MatMul(dst, a, b, false, false, false, nil)
		want := make([]float64, 3)
		for i := range 12 {
			want[i%3] += a.At(i/3) * b.At(i)
		}
		return dst, want
	}})
	runCases(t, cases)
}
