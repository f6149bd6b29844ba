package onnx

import (
	"sync"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// TestVersions has operators whose meaning changed, in versions that the standard's tests do not have.
func TestVersions(t *testing.T) {
	two := []int{2, 3}
	tests := []struct {
		name    string
		version int
		node    *onnxpb.NodeProto
		want    []float64
	}{
		{"Add along an axis", 6, nodeOf("y = Add(x, rows)", attribute("broadcast", 1), attribute("axis", 0)), []float64{11, 12, 13, 24, 25, 26}},
		{"Add of the last axes", 6, nodeOf("y = Add(x, columns)", attribute("broadcast", 1)), []float64{2, 4, 6, 5, 7, 9}},
		{"Add of the last axes", 7, nodeOf("y = Add(x, columns)"), []float64{2, 4, 6, 5, 7, 9}},
		{"Clip by attributes", 6, nodeOf("y = Clip(x)", attribute("min", 2.0), attribute("max", 4.0)), []float64{2, 2, 3, 4, 4, 4}},
		{"Clip by inputs", 11, nodeOf("y = Clip(x, low, high)"), []float64{2, 2, 3, 4, 4, 4}},
		{"Reshape by attribute", 1, nodeOf("y = Reshape(x)", attribute("shape", []int{-1, 2})), []float64{1, 2, 3, 4, 5, 6}},
		{"Hardmax over all further axes", 11, nodeOf("y = Hardmax(x)", attribute("axis", 0)), []float64{0, 0, 0, 0, 0, 1}},
		{"Hardmax along an axis", 13, nodeOf("y = Hardmax(x)", attribute("axis", 0)), []float64{0, 0, 0, 1, 1, 1}},
		{"Slice by attributes", 1, nodeOf("y = Slice(x)", attribute("starts", []int{-1, 1}), attribute("ends", []int{9, 3}), attribute("axes", []int{0, 1})), []float64{5, 6}},
		{"Pad by attributes", 2, nodeOf("y = Pad(x)", attribute("pads", []int{0, 1, 0, -1}), attribute("value", 9.0)), []float64{9, 1, 2, 9, 4, 5}},
		{"Squeeze by attribute", 11, nodeOf("y = Squeeze(x)"), []float64{1, 2, 3, 4, 5, 6}},
		{"ReduceMean by attribute", 13, nodeOf("y = ReduceMean(x)", attribute("axes", []int{1})), []float64{2, 5}},
		{"ReduceMean by input", 18, nodeOf("y = ReduceMean(x, axis)"), []float64{2, 5}},
		{"ReduceMean along none", 18, nodeOf("y = ReduceMean(x)", attribute("noop_with_empty_axes", 1)), []float64{1, 2, 3, 4, 5, 6}},
		{"ReduceSum along none", 13, nodeOf("y = ReduceSumSquare(x)"), []float64{91}},
		{"Split into unequal parts", 18, nodeOf("z y = Split(x)", attribute("axis", 1), attribute("num_outputs", 2)), []float64{3, 6}},
		{"TopK by attribute", 1, nodeOf("y i = TopK(x)", attribute("k", 2)), []float64{3, 2, 6, 5}},
		{"Cast by name", 1, nodeOf("y = Cast(x)", attribute("to", "FLOAT16")), []float64{1, 2, 3, 4, 5, 6}},
		{"Pad of some axes", 18, nodeOf("y = Pad(x, widths, , axis)"), []float64{0, 1, 2, 3, 0, 4, 5, 6}},
		{"Pad around", 19, nodeOf("y = Pad(x, widths, , axis)", attribute("mode", "wrap")), []float64{3, 1, 2, 3, 6, 4, 5, 6}},
		{"ScatterElements of the greatest", 18, nodeOf("y = ScatterElements(x, place, seven)", attribute("reduction", "max")), []float64{7, 2, 3, 4, 5, 6}},
		{"Gelu", 20, nodeOf("y = Gelu(zeros)"), []float64{0, 0}},
		{"GroupNormalization by groups", 18, nodeOf("y = GroupNormalization(flat, rows, rows)", attribute("num_groups", 2), attribute("epsilon", 0.0)), []float64{0, 20, 0, 40}},
		{"GroupNormalization by channels", 21, nodeOf("y = GroupNormalization(flat, four, four)", attribute("num_groups", 2), attribute("epsilon", 0.0)), []float64{0, 4, 0, 8}},
		{"RMSNormalization", 23, nodeOf("y = RMSNormalization(rows, rows)", attribute("epsilon", 0.0)), []float64{100 / 15.811388300841896, 400 / 15.811388300841896}},
	}
	for _, test := range tests {
		f := file{version: test.version, inputs: "x float 2 3", outputs: "y", nodes: []*onnxpb.NodeProto{test.node}, initializers: []*onnxpb.TensorProto{
			floatTensor("rows", []int{2}, 10, 20), floatTensor("columns", []int{3}, 1, 2, 3), floatTensor("low", nil, 2), floatTensor("high", nil, 4),
			floatTensor("zeros", []int{2}, 0, 0), floatTensor("four", []int{4}, 1, 2, 3, 4), floatTensor("flat", []int{1, 4, 1}, 1, 3, 5, 9),
			floatTensor("seven", []int{1, 1}, 7), intTensor("axis", 1), intTensor("widths", 1, 0),
			{Name: ref("place"), DataType: ref(int32(Int64)), Dims: []int64{1, 1}, Int64Data: []int64{0}},
		}}
		m, err := f.read(Config{})
		if err != nil {
			t.Errorf("%s, %d: %v", test.name, test.version, err)
			continue
		}
		x := map[string]Value{"x": Tensor(autograd.New([]float32{1, 2, 3, 4, 5, 6}, two...))}
		var other sync.WaitGroup
		for range 4 { // runs may be at once, which the race detector looks at
			other.Go(func() {
				if _, err := m.Run(nil, x); err != nil {
					t.Errorf("%s, %d, beside other runs: %v", test.name, test.version, err)
				}
			})
		}
		y, err := m.Run(nil, x)
		other.Wait()
		if err != nil {
			t.Errorf("%s, %d: %v", test.name, test.version, err)
			continue
		}
		got := y["y"].Variable()
		if got.Size() != len(test.want) {
			t.Errorf("%s, %d: is %v, expected %v", test.name, test.version, got, test.want)
			continue
		}
		closeTo(t, test.name, got, autograd.New(test.want, len(test.want)))
	}
}
