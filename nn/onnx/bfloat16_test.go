package onnx

import (
	"math"
	"testing"
)

// Every bfloat16 comes back as it was, NaN as NaN.
func TestBFloat16(t *testing.T) {
	for b := range 1 << 16 {
		x := fromBFloat(uint16(b))
		if back := toBFloat(x); x == x && back != uint16(b) {
			t.Fatalf("%#x is %v, and comes back as %#x", b, x, back)
		}
	}
	if x := fromBFloat(toBFloat(math.Float32frombits(0x7f800001))); x == x {
		t.Errorf("NaN becomes %v", x)
	}
}
