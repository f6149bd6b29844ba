package float16_test

import (
	"math"
	"testing"

	"github.com/chainrule-go/chainrule/internal/float16"
)

// Every float16 comes back as it was, NaN as NaN, and numbers between two go to the nearest, or to
// the even one.
func TestFloat16(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		x := float16.Float32(h)
		back := float16.Bits(x)
		if x != x {
			if y := float16.Float32(back); y == y {
				t.Fatalf("%#x is NaN, and comes back as %v", h, y)
			}
			continue
		}
		if back != h {
			t.Fatalf("%#x is %v, and comes back as %#x", h, x, back)
		}
		if exponent := h >> 10 & 0x1f; exponent == 0x1f || h&0x7fff == 0x7bff {
			continue
		}
		next := float16.Float32(h + 1)
		middle := (float64(x) + float64(next)) / 2
		even := h + h&1
		for _, c := range []struct {
			x    float64
			want uint16
		}{{middle, even}, {middle + (float64(next)-middle)/512, h + 1}, {middle - (middle-float64(x))/512, h}} {
			if got := float16.Bits(float32(c.x)); got != c.want {
				t.Fatalf("%v, between %v and %v, is %#x, expected %#x", c.x, x, next, got, c.want)
			}
		}
	}
	for x, want := range map[float32]uint16{65504: 0x7bff, 65519: 0x7bff, 65520: 0x7c00, 1e30: 0x7c00, -1e30: 0xfc00, 1: 0x3c00, float32(math.Inf(-1)): 0xfc00} {
		if got := float16.Bits(x); got != want {
			t.Errorf("%v is %#x, expected %#x", x, got, want)
		}
	}
}
