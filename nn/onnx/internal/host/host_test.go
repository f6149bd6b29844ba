package host

import (
	"math"
	"slices"
	"testing"
)

// ints8 is small integers whose results leave the type.
func ints8(data ...int8) *Array { return New(data, len(data)) }

func TestArithmetic(t *testing.T) {
	tests := []struct {
		op   Op
		x, y *Array
		want []int64
	}{
		{Add, ints8(127, -128, 3), ints8(1, -1, 4), []int64{-128, 127, 7}},
		{Sub, ints8(-128, 5, 0), ints8(1, 7, -128), []int64{127, -2, -128}},
		{Mul, ints8(100, -3, 16), ints8(3, 5, 16), []int64{44, -15, 0}},
		{Div, ints8(7, -7, -128), ints8(2, 2, -1), []int64{3, -3, -128}},
		{Mod, ints8(7, -7, 7, -7, 6), ints8(3, 3, -3, -3, 3), []int64{1, 2, -2, -1, 0}},
		{Fmod, ints8(7, -7, 7, -7, 6), ints8(3, 3, -3, -3, 3), []int64{1, -1, 1, -1, 0}},
		{Max, ints8(1, -2), ints8(-1, 3), []int64{1, 3}},
		{Min, ints8(1, -2), ints8(-1, 3), []int64{-1, -2}},
		{And, ints8(6, -1), ints8(3, 5), []int64{2, 5}},
		{Or, ints8(6, 0), ints8(3, 5), []int64{7, 5}},
		{Xor, ints8(6, -1), ints8(3, 5), []int64{5, -6}},
		{Pow, ints8(3, 2, -1, 2, -1, 0, 1), ints8(4, 8, 3, -1, -2, 0, -5), []int64{81, 0, -1, 0, 1, 1, 1}},
		{Div, New([]uint64{math.MaxUint64}, 1), New([]uint64{2}, 1), []int64{math.MaxInt64}},
		{Max, New([]uint64{math.MaxUint64}, 1), New([]uint64{2}, 1), []int64{-1}},
		{ShiftLeft, New([]uint8{1, 255, 1}, 3), New([]uint8{7, 1, 9}, 3), []int64{128, 254, 0}},
		{ShiftRight, New([]uint8{128, 255, 1}, 3), New([]uint8{7, 1, 9}, 3), []int64{1, 127, 0}},
	}
	for i, test := range tests {
		z := test.x.Combine(test.op, test.y)
		if got := elements(z); !slices.Equal(got, test.want) || z.Kind() != test.x.Kind() {
			t.Errorf("%d: operation %d gives %v, expected %v", i, test.op, got, test.want)
		}
	}
	x := New([]uint64{1, math.MaxUint64}, 2).Compare(Less, New([]uint64{2}, 1))
	if got := elements(x); !slices.Equal(got, []int64{1, 0}) || x.Kind() != Bool {
		t.Errorf("the comparison gives %v", got)
	}
}

func elements(a *Array) []int64 {
	var y []int64
	for i := range a.Len() {
		y = append(y, a.At(i))
	}
	return y
}

func TestBroadcasting(t *testing.T) {
	x, y := New([]int64{1, 2}, 2, 1), New([]int64{10, 20, 30}, 3)
	z := x.Combine(Add, y)
	if got := elements(z); !slices.Equal(z.Shape(), []int{2, 3}) || !slices.Equal(got, []int64{11, 21, 31, 12, 22, 32}) {
		t.Errorf("the sum is %v of shape %v", got, z.Shape())
	}
	if _, ok := Broadcast([]int{2, 3}, []int{2}); ok {
		t.Error("[2 3] and [2] broadcast")
	}
	if s, ok := Broadcast([]int{0, 1}, []int{1, 3}); !ok || !slices.Equal(s, []int{0, 3}) {
		t.Errorf("[0 1] and [1 3] broadcast to %v", s)
	}
	for _, axes := range [][]int{{0}, {1}, {0, 1}} {
		got := elements(z.Reduce(Add, axes))
		want := map[int][]int64{0: {23, 43, 63}, 1: {63, 66}}[axes[0]]
		if len(axes) == 2 {
			want = []int64{129}
		}
		if !slices.Equal(got, want) {
			t.Errorf("the sum along %v is %v, expected %v", axes, got, want)
		}
	}
}

func TestConversions(t *testing.T) {
	x := New([]int64{-1, 256, 300, 0}, 4)
	for kind, want := range map[Kind][]int64{Uint8: {255, 0, 44, 0}, Int8: {-1, 0, 44, 0}, Bool: {1, 1, 1, 0}, Uint64: {-1, 256, 300, 0}} {
		if got := elements(x.Convert(kind)); !slices.Equal(got, want) {
			t.Errorf("as kind %d the elements are %v, expected %v", kind, got, want)
		}
	}
	f := FromFloats(Int64, []float64{-1.9, 1.9, math.NaN(), math.Inf(1), math.Inf(-1)}, 5)
	if got := elements(f); !slices.Equal(got, []int64{-1, 1, 0, math.MaxInt64, math.MinInt64}) {
		t.Errorf("the numbers are %v", got)
	}
	u := FromFloats(Uint64, []float64{1 << 63, math.Inf(1)}, 2)
	if u.Float(0) != 1<<63 || u.Float(1) != 1<<64 {
		t.Errorf("the numbers are %v", u.Floats())
	}
	if _, ok := u.Ints(); ok {
		t.Error("2⁶³ is an int")
	}
}
