package simd

import (
	"flag"
	"math"
	"slices"
	"testing"
)

var exhaustive = flag.String("exhaustive", "", "kernel of one operand, or of a gradient and one operand, for TestExhaustive to try all float32 with")

// TestExhaustive compares what a kernel makes of each float32, the gradient being 1 where
// there is one: instruction sets among each other, to the bit, and with the reference in
// float64, as closely as the kernel's row says. It takes some minutes, and runs if asked
// for only.
func TestExhaustive(t *testing.T) {
	if *exhaustive == "" {
		t.Skip("run with -exhaustive and a kernel's name")
	}
	named := func(kernel string) bool { return kernel == *exhaustive }
	i := slices.IndexFunc(rows[float32](), func(r row[float32]) bool { return named(r.kernel) })
	if i < 0 {
		t.Fatalf("no kernel %s", *exhaustive)
	}
	narrow, wide := rows[float32]()[i], rows[float64]()[i]
	operands := len(narrow.names())
	if operands > 3 || narrow.names()[0] != "dst" {
		t.Fatalf("kernel %s has operands %s", narrow.kernel, narrow.operands)
	}
	const block = 1 << 16
	x32, y32 := operandsOf[float32](operands, block), map[instructionSet][]float32{}
	x64 := operandsOf[float64](operands, block)
	worst, largest := 0., 0.
	var worstAt, largestAt float32
	for from := uint64(0); from < 1<<32; from += block {
		x := x32[operands-1]
		for k := range x {
			x[k] = math.Float32frombits(uint32(from) + uint32(k))
			x64[operands-1][k] = float64(x[k])
		}
		for _, set := range instructionSets()[1:] {
			set.with(func() { narrow.run(x32) })
			y32[set] = append(y32[set][:0], x32[0]...)
		}
		wide.ref(x64)
		for k, want := range x64[0] {
			y := y32[avx2][k]
			for set, other := range y32 {
				if !sameValue32(other[k], y) {
					t.Fatalf("f(%g) is %g with %v, %g with %v", x[k], y, avx2, other[k], set)
				}
			}
			if want != want && y != y || float64(y) == want {
				continue
			}
			off := math.Abs(float64(y) - want)
			ulps := off / ulp(float32(want))
			if math.IsInf(float64(float32(want)), 0) {
				ulps = 0
			}
			if !within(y, float32(want), max(narrow.ulps, 4)+0.5, narrow.slack*epsilon[float32]()) {
				t.Fatalf("f(%g) = %g, want %g", x[k], y, want)
			}
			if ulps > worst {
				worst, worstAt = ulps, x[k]
			}
			if off > largest {
				largest, largestAt = off, x[k]
			}
		}
	}
	t.Logf("%s: at worst %.2f ulp, at %g, and %.2g, at %g", narrow.kernel, worst, worstAt, largest, largestAt)
}

func sameValue32(a, b float32) bool { return sameBits(a, b) || a != a && b != b }

// operandsOf are slices of ones.
func operandsOf[T Float](operands, n int) [][]T {
	s := make([][]T, operands)
	for i := range s {
		s[i] = make([]T, n)
		for k := range s[i] {
			s[i][k] = 1
		}
	}
	return s
}
