package onnx

import (
	"math"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// lpNorm is the p-norm of the elements of a window of a signal, as LpPool's definition says.
func lpNorm(signal []float64, from, count int, p float64) float64 {
	sum := 0.0
	for i := from; i < from+count; i++ {
		if i >= 0 && i < len(signal) {
			sum += math.Pow(math.Abs(signal[i]), p)
		}
	}
	return math.Pow(sum, 1/p)
}

// TestLpPool compares LpPool and GlobalLpPool with their definition.
func TestLpPool(t *testing.T) {
	signal := []float64{1, -2, 3, 0.5, -4, 2, 7}
	x := Tensor(autograd.New([]float32{1, -2, 3, 0.5, -4, 2, 7}, 1, 1, 7))
	tests := map[string]struct {
		operator             string
		attributes           []*onnxpb.AttributeProto
		p                    float64
		count, stride, first int
		results              int
	}{
		"of two":             {"LpPool", []*onnxpb.AttributeProto{attribute("kernel_shape", []int{3})}, 2, 3, 1, 0, 5},
		"of one":             {"LpPool", []*onnxpb.AttributeProto{attribute("kernel_shape", []int{2}), attribute("p", 1), attribute("strides", []int{2})}, 1, 2, 2, 0, 3},
		"of three padded":    {"LpPool", []*onnxpb.AttributeProto{attribute("kernel_shape", []int{3}), attribute("p", 3), attribute("pads", []int{1, 1})}, 3, 3, 1, -1, 7},
		"padded more behind": {"LpPool", []*onnxpb.AttributeProto{attribute("kernel_shape", []int{3}), attribute("pads", []int{0, 2})}, 2, 3, 1, 0, 7},
		"global":             {"GlobalLpPool", nil, 2, 7, 1, 0, 1},
		"global of one":      {"GlobalLpPool", []*onnxpb.AttributeProto{attribute("p", 1)}, 1, 7, 1, 0, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := file{inputs: "x float n 1 7", outputs: "y float n 1 ?", nodes: []*onnxpb.NodeProto{nodeOf("y = "+test.operator+"(x)", test.attributes...)}}.mustRead(t, Config{})
			outputs, err := m.Run(nil, map[string]Value{"x": x})
			if err != nil {
				t.Fatal(err)
			}
			got := outputs["y"].Variable().Floats()
			if len(got) != test.results {
				t.Fatalf("there are %d results, expected %d", len(got), test.results)
			}
			for i, y := range got {
				if want := lpNorm(signal, test.first+i*test.stride, test.count, test.p); math.Abs(y-want) > 1e-5 {
					t.Errorf("result %d is %v, expected %v", i, y, want)
				}
			}
		})
	}
}

// TestBitwise compares operators on the bits of integers with Go's, where shapes broadcast.
func TestBitwise(t *testing.T) {
	x, y := []uint8{0, 1, 0x5a, 0xff}, []int16{-1, 0x5a}
	a, b := Ints(x, 4, 1), Ints([]uint8{0x0f, 0xf0}, 2)
	tests := map[string]func(x, y uint8) uint8{
		"BitwiseAnd": func(x, y uint8) uint8 { return x & y },
		"BitwiseOr":  func(x, y uint8) uint8 { return x | y },
		"BitwiseXor": func(x, y uint8) uint8 { return x ^ y },
	}
	for name, want := range tests {
		m := file{version: 18, inputs: "x uint8 4 1, y uint8 2", outputs: "z uint8 4 2", nodes: []*onnxpb.NodeProto{nodeOf("z = " + name + "(x, y)")}}.mustRead(t, Config{})
		got, err := m.Run(nil, map[string]Value{"x": a, "y": b})
		if err != nil {
			t.Fatal(err)
		}
		for i, z := range got["z"].Int64s() {
			if w := want(x[i/2], []uint8{0x0f, 0xf0}[i%2]); int64(w) != z {
				t.Errorf("%s: result %d is %d, expected %d", name, i, z, w)
			}
		}
	}
	m := file{version: 18, inputs: "x int16 2", outputs: "z int16 2", nodes: []*onnxpb.NodeProto{nodeOf("z = BitwiseNot(x)")}}.mustRead(t, Config{})
	got, err := m.Run(nil, map[string]Value{"x": Ints(y)})
	if err != nil {
		t.Fatal(err)
	}
	for i, z := range got["z"].Int64s() {
		if int64(^y[i]) != z {
			t.Errorf("BitwiseNot: result %d is %d, expected %d", i, z, ^y[i])
		}
	}
	for _, name := range []string{"BitwiseAnd(x, x)", "BitwiseNot(x)"} {
		m := file{version: 18, inputs: "x float 2", outputs: "z", nodes: []*onnxpb.NodeProto{nodeOf("z = " + name)}}.mustRead(t, Config{})
		if _, err := m.Run(nil, map[string]Value{"x": vector(1, 2)}); !typedError(err) {
			t.Errorf("%s of floating-point numbers gives the error %v", name, err)
		}
	}
}
