package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// TestDamagedFiles has files that are wrong, and what the error says.
func TestDamagedFiles(t *testing.T) {
	relu := []*onnxpb.NodeProto{nodeOf("y = Relu(x)")}
	leaf := &onnxpb.GraphProto{Output: infos("x")}
	deep := leaf
	for range maxDepth + 1 {
		deep = &onnxpb.GraphProto{Output: infos("z"), Node: []*onnxpb.NodeProto{
			nodeOf("z = If(c)", attribute("then_branch", deep), attribute("else_branch", leaf)),
		}}
	}
	function := func(name string, nodes ...*onnxpb.NodeProto) *onnxpb.FunctionProto {
		return &onnxpb.FunctionProto{Name: &name, Domain: proto.String("own"), Input: []string{"a"}, Output: []string{"b"}, Node: nodes,
			OpsetImport: []*onnxpb.OperatorSetIdProto{set("", 17), set("own", 1)}}
	}
	var doubling []*onnxpb.FunctionProto
	for i := range 40 {
		next := fmt.Sprintf("own.f%d", i+1)
		doubling = append(doubling, function(fmt.Sprintf("f%d", i), nodeOf("c = "+next+"(a)"), nodeOf("b = "+next+"(c)")))
	}
	doubling = append(doubling, function("f40", nodeOf("b = Relu(a)")))
	tests := map[string]struct {
		file file
		want string
	}{
		"a later operator set":     {file{version: 99, inputs: "x", outputs: "y", nodes: relu}, "unsupported: operator set 99"},
		"an unknown operator":      {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = Fancy(x)")}}, `node "#0": Fancy (operator set 17): unsupported: there is no such operator`},
		"an unknown domain":        {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = com.own.Fancy(x)")}}, `does not say which version of the operator set "com.own"`},
		"an early operator set":    {file{version: 5, inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = Where(x, x, x)")}}, "known from operator set 9 on"},
		"an unknown attribute":     {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = Relu(x)", attribute("slope", 0.5))}}, `unsupported: attribute "slope"`},
		"an attribute twice":       {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = Elu(x)", attribute("alpha", 0.5), attribute("alpha", 0.6))}}, `attribute "alpha" is there twice`},
		"an attribute's type":      {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = Elu(x)", attribute("alpha", 1))}}, `attribute "alpha" is of type INT, expected FLOAT`},
		"an attribute's value":     {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = Pad(x, x)", attribute("mode", "fancy"))}}, `attribute "mode" is "fancy", expected one of constant, reflect`},
		"too many inputs":          {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = Relu(x, x)")}}, "there are 2 inputs, expected 1"},
		"too few inputs":           {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = Conv(x)")}}, "there are 1 inputs, expected 2 to 3"},
		"an output too many":       {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y z = Relu(x)")}}, "there are 2 outputs, expected 1"},
		"nodes out of order":       {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = Relu(z)"), nodeOf("z = Relu(x)")}}, `input 0, "z", is computed by a later node`},
		"a cycle":                  {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = Add(y, x)")}}, `input 0, "y", is computed by a later node`},
		"an unknown input":         {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = Relu(z)")}}, `input 0, "z", is nothing that the graph has`},
		"a name twice":             {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = Relu(x)"), nodeOf("y = Relu(x)")}}, `"y" is defined twice`},
		"a missing output":         {file{inputs: "x", outputs: "z", nodes: relu}, `no node makes output "z"`},
		"too few bytes":            {file{inputs: "x", outputs: "y", nodes: relu, initializers: []*onnxpb.TensorProto{floatTensor("w", []int{1 << 20, 1 << 10}, 1)}}, "has 4 bytes, expected 4294967296"},
		"a negative dimension":     {file{inputs: "x", outputs: "y", nodes: relu, initializers: []*onnxpb.TensorProto{floatTensor("w", []int{-1}, 1)}}, "has dimensions [-1]"},
		"more than can be counted": {file{inputs: "x", outputs: "y", nodes: relu, initializers: []*onnxpb.TensorProto{floatTensor("w", []int{1 << 40, 1 << 40}, 1)}}, "has dimensions"},
		"graphs too deep":          {file{inputs: "c,x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = If(c)", attribute("then_branch", deep), attribute("else_branch", leaf))}}, "more than 64 deep"},
		"a function in itself": {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = own.f(x)")}, sets: []*onnxpb.OperatorSetIdProto{set("own", 1)},
			functions: []*onnxpb.FunctionProto{function("f", nodeOf("b = own.f(a)"))}}, "more than 64 deep"},
		"functions that double": {file{inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = own.f0(x)")}, sets: []*onnxpb.OperatorSetIdProto{set("own", 1)},
			functions: doubling}, "there are more than 262144 nodes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if name == "functions that double" && testing.Short() {
				t.Skip("makes many nodes")
			}
			_, err := test.file.read(Config{})
			if err == nil || !strings.Contains(err.Error(), test.want) || !typedError(err) {
				t.Errorf("the error is %v, expected %q", err, test.want)
			}
		})
	}
	for _, data := range [][]byte{nil, []byte("no model"), file{inputs: "x", outputs: "y", nodes: relu}.bytes()[5:]} {
		if _, err := Read(bytes.NewReader(data), Config{}); !typedError(err) {
			t.Errorf("reading %q gives %v", data, err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.onnx"), Config{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opening a file that is not there gives %v", err)
	}
}

// TestUnsupportedError says which operator it is about.
func TestUnsupportedError(t *testing.T) {
	_, err := file{version: 12, inputs: "x", outputs: "y", nodes: []*onnxpb.NodeProto{nodeOf("y = com.own.Fancy(x)")}, sets: []*onnxpb.OperatorSetIdProto{set("com.own", 3)}}.read(Config{})
	var u *UnsupportedError
	if !errors.As(err, &u) || u.Operator != "com.own.Fancy" || u.Version != 3 || u.Graph != "g" || u.Node != "#0" {
		t.Errorf("the error is %#v", err)
	}
}

// TestInputErrors has inputs that do not fit, and what the error says.
func TestInputErrors(t *testing.T) {
	m := file{inputs: "x float n 2, y float n ?, k int64 1", outputs: "z float n 2", nodes: []*onnxpb.NodeProto{nodeOf("s = Add(x, y)"), nodeOf("z = Identity(s)")}}.mustRead(t, Config{})
	x, y, k := Tensor(autograd.Ones(autograd.Float32, 3, 2)), Tensor(autograd.Ones(autograd.Float32, 3, 2)), Ints([]int64{1})
	tests := map[string]struct {
		inputs map[string]Value
		want   string
	}{
		"missing":        {map[string]Value{"x": x, "y": y}, `there is no input "k"`},
		"unknown":        {map[string]Value{"x": x, "y": y, "k": k, "q": k}, `no input "q"`},
		"another type":   {map[string]Value{"x": x, "y": y, "k": Ints([]int32{1})}, `input "k" is int32[1]: the file declares int64[1]`},
		"another dtype":  {map[string]Value{"x": Tensor(autograd.Ones(autograd.Float64, 3, 2)), "y": y, "k": k}, `input "x" is double[3 2]: the file declares float[n 2]`},
		"another rank":   {map[string]Value{"x": vector(1, 2), "y": y, "k": k}, `input "x" is float[2]: the file declares float[n 2]`},
		"another size":   {map[string]Value{"x": Tensor(autograd.Ones(autograd.Float32, 3, 3)), "y": y, "k": k}, `input "x" is float[3 3]`},
		"two sizes of n": {map[string]Value{"x": x, "y": Tensor(autograd.Ones(autograd.Float32, 1, 2)), "k": k}, `float[n ?], where n is 3 by other axes`},
		"in a node":      {map[string]Value{"x": x, "y": Tensor(autograd.Ones(autograd.Float32, 3, 5)), "k": k}, `node "#0": Add: shapes [3 2] and [3 5] do not broadcast`},
	}
	for name, test := range tests {
		_, err := m.Run(nil, test.inputs)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, expected %q", name, err, test.want)
		}
	}
	if _, err := m.Run(nil, map[string]Value{"x": x, "y": y, "k": k}); err != nil {
		t.Error(err)
	}
	err := autograd.Try(func() { m.Forward(x.Variable()) })
	if err == nil || !strings.Contains(err.Error(), "3 inputs and 1 outputs") {
		t.Errorf("Forward of a model with three inputs gives %v", err)
	}
	want := []Info{{Name: "x", Type: Float, Shape: []Dim{{-1, "n"}, {2, ""}}, HasShape: true}, {Name: "y", Type: Float, Shape: []Dim{{-1, "n"}, {-1, ""}}, HasShape: true}, {Name: "k", Type: Int64, Shape: []Dim{{1, ""}}, HasShape: true}}
	for i, in := range m.Inputs() {
		if in.describe() != want[i].describe() || in.Name != want[i].Name {
			t.Errorf("input %d is %v, expected %v", i, in, want[i])
		}
	}
	if out := m.Outputs(); len(out) != 1 || out[0].Name != "z" {
		t.Errorf("the outputs are %v", out)
	}
}

// TestDeclaredOutput fails where the result has not the shape that the file declares.
func TestDeclaredOutput(t *testing.T) {
	m := file{inputs: "x float n", outputs: "y float 2", nodes: []*onnxpb.NodeProto{nodeOf("y = Relu(x)")}}.mustRead(t, Config{})
	if _, err := m.Run(nil, map[string]Value{"x": vector(1, 2)}); err != nil {
		t.Error(err)
	}
	_, err := m.Run(nil, map[string]Value{"x": vector(1, 2, 3)})
	if err == nil || !strings.Contains(err.Error(), `output "y" is float[3]: the file declares float[2]`) {
		t.Errorf("the error is %v", err)
	}
}

// TestHostileSizes has small files that ask for much memory.
func TestHostileSizes(t *testing.T) {
	const big = 1 << 30
	shape := intTensor("shape", big, 1000)
	tests := map[string]file{
		"ConstantOfShape":  {nodes: []*onnxpb.NodeProto{nodeOf("y = ConstantOfShape(shape)")}},
		"Expand":           {nodes: []*onnxpb.NodeProto{nodeOf("y = Expand(x, shape)")}},
		"Tile":             {nodes: []*onnxpb.NodeProto{nodeOf("m = Reshape(x, two)"), nodeOf("y = Tile(m, shape)")}},
		"Range":            {nodes: []*onnxpb.NodeProto{nodeOf("y = Range(zero, many, step)")}},
		"EyeLike":          {nodes: []*onnxpb.NodeProto{nodeOf("m = Expand(x, shape)"), nodeOf("y = EyeLike(m)")}},
		"OneHot":           {nodes: []*onnxpb.NodeProto{nodeOf("y = OneHot(two, many, pair)")}},
		"Pad":              {nodes: []*onnxpb.NodeProto{nodeOf("y = Pad(x, shape)")}},
		"Pad of integers":  {nodes: []*onnxpb.NodeProto{nodeOf("y = Pad(step, shape)")}},
		"Add":              {nodes: []*onnxpb.NodeProto{nodeOf("a = ConstantOfShape(thousands)"), nodeOf("b = Transpose(a)"), nodeOf("y = Add(a, b)")}},
		"Add of integers":  {nodes: []*onnxpb.NodeProto{nodeOf("a = ConstantOfShape(thousands)"), nodeOf("i = Cast(a)", attribute("to", 7)), nodeOf("b = Transpose(i)"), nodeOf("y = Add(i, b)")}},
		"MatMul":           {nodes: []*onnxpb.NodeProto{nodeOf("a = ConstantOfShape(thousands)"), nodeOf("b = Transpose(a)"), nodeOf("y = MatMul(a, b)")}},
		"Gemm":             {nodes: []*onnxpb.NodeProto{nodeOf("a = ConstantOfShape(thousands)"), nodeOf("y = Gemm(a, a)", attribute("transB", 1))}},
		"Einsum":           {nodes: []*onnxpb.NodeProto{nodeOf("a = ConstantOfShape(thousands)"), nodeOf("y = Einsum(a, a)", attribute("equation", "ij,kj->ik"))}},
		"Conv":             {nodes: []*onnxpb.NodeProto{nodeOf("m = Reshape(x, ones)"), nodeOf("y = Conv(m, w)", attribute("pads", []int{big, 1000, 1000, 1000}))}},
		"ConvTranspose":    {nodes: []*onnxpb.NodeProto{nodeOf("m = Expand(x, squares)"), nodeOf("y = ConvTranspose(m, w)", attribute("strides", []int{100000, 100000}))}},
		"MaxPool":          {nodes: []*onnxpb.NodeProto{nodeOf("m = Reshape(x, ones)"), nodeOf("y = MaxPool(m)", attribute("kernel_shape", []int{1, 1}), attribute("pads", []int{big, 1000, 1000, 1000}))}},
		"AveragePool":      {nodes: []*onnxpb.NodeProto{nodeOf("m = Reshape(x, ones)"), nodeOf("y = AveragePool(m)", attribute("kernel_shape", []int{1, 1}), attribute("pads", []int{big, 1000, 1000, 1000}), attribute("strides", []int{big, big}), attribute("count_include_pad", 1))}},
		"LpPool":           {nodes: []*onnxpb.NodeProto{nodeOf("m = Reshape(x, ones)"), nodeOf("y = LpPool(m)", attribute("kernel_shape", []int{1, 1}), attribute("pads", []int{big, 1000, 1000, 1000}), attribute("strides", []int{big, big}))}},
		"MaxPool, strides": {nodes: []*onnxpb.NodeProto{nodeOf("m = Reshape(x, ones)"), nodeOf("y = MaxPool(m)", attribute("kernel_shape", []int{1, 1}), attribute("pads", []int{big, 0, 0, 0}), attribute("strides", []int{big, big}))}},
		"Conv, strides":    {nodes: []*onnxpb.NodeProto{nodeOf("m = Reshape(x, ones)"), nodeOf("y = Conv(m, w)", attribute("pads", []int{big, big, big, big}), attribute("strides", []int{big, big}))}},
		"ConvInteger":      {nodes: []*onnxpb.NodeProto{nodeOf("m = Reshape(x, ones)"), nodeOf("i = Cast(m)", attribute("to", 2)), nodeOf("v = Cast(w)", attribute("to", 2)), nodeOf("y = ConvInteger(i, v)", attribute("pads", []int{big, big, big, big}), attribute("strides", []int{big, big}))}},
		"pads cut off":     {nodes: []*onnxpb.NodeProto{nodeOf("m = Reshape(x, ones)"), nodeOf("y = ConvTranspose(m, w)", attribute("output_padding", []int{big, big}))}},
		"HannWindow":       {nodes: []*onnxpb.NodeProto{nodeOf("y = HannWindow(many)")}},
		"Split":            {nodes: []*onnxpb.NodeProto{nodeOf("y = Split(x)", attribute("num_outputs", big))}, version: 18},
		"DepthToSpace":     {nodes: []*onnxpb.NodeProto{nodeOf("m = Reshape(x, ones)"), nodeOf("y = DepthToSpace(m)", attribute("blocksize", big))}},
		"many results": {nodes: func() (nodes []*onnxpb.NodeProto) {
			sum := "x"
			for i := range 200 {
				next := fmt.Sprintf("s%d", i)
				nodes = append(nodes, nodeOf(fmt.Sprintf("a%d = Expand(x, thousands)", i)), nodeOf(fmt.Sprintf("%s = Add(%s, a%d)", next, sum, i)))
				sum = next
			}
			return append(nodes, nodeOf("y = Identity("+sum+")"))
		}()},
	}
	x := vector(1)
	for name, f := range tests {
		t.Run(name, func(t *testing.T) {
			f.inputs, f.outputs = "x float 1", "y"
			f.initializers = []*onnxpb.TensorProto{
				shape, intTensor("two", 1, 1), intTensor("ones", 1, 1, 1, 1), intTensor("squares", 1, 1, 30, 30), intTensor("zero", 0), intTensor("step", 1), intTensor("many", 1<<40),
				intTensor("thousands", 100000, 1), floatTensor("pair", []int{2}, 0, 1), floatTensor("w", []int{1, 1, 1, 1}, 1),
			}
			data := f.bytes()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			m, err := Read(bytes.NewReader(data), Config{MaxBytes: 16 << 20})
			if err == nil {
				_, err = m.Run(nil, map[string]Value{"x": x})
			}
			runtime.ReadMemStats(&after)
			if err == nil || !typedError(err) {
				t.Errorf("the error is %v", err)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 100<<20 {
				t.Errorf("%d bytes were allocated; %v", used, err)
			}
			t.Log(err)
		})
	}
}

// TestFunctions expands functions that the file has, with attributes of the caller.
func TestFunctions(t *testing.T) {
	f := file{
		inputs: "x float n", outputs: "y float n", sets: []*onnxpb.OperatorSetIdProto{set("own", 1)},
		nodes: []*onnxpb.NodeProto{nodeOf("h = own.Twice(x)", attribute("slope", 0.5)), nodeOf("y = own.Twice(h)")},
	}
	slope := &onnxpb.AttributeProto{Name: proto.String("alpha"), RefAttrName: proto.String("slope"), Type: onnxpb.AttributeProto_FLOAT.Enum()}
	f.functions = []*onnxpb.FunctionProto{
		{Name: proto.String("Twice"), Domain: proto.String("own"), Input: []string{"a"}, Output: []string{"b"}, Attribute: []string{"slope"},
			OpsetImport: []*onnxpb.OperatorSetIdProto{set("", 17), set("own", 1)},
			Node:        []*onnxpb.NodeProto{nodeOf("c = own.Leaky(a)", &onnxpb.AttributeProto{Name: proto.String("slope"), RefAttrName: proto.String("slope")}), nodeOf("b = Add(c, c)")}},
		{Name: proto.String("Leaky"), Domain: proto.String("own"), Input: []string{"a"}, Output: []string{"b"}, Attribute: []string{"slope"},
			OpsetImport: []*onnxpb.OperatorSetIdProto{set("", 17)}, Node: []*onnxpb.NodeProto{nodeOf("b = LeakyRelu(a)", slope)}},
	}
	y := f.mustRead(t, Config{}).Forward(autograd.New([]float32{1, -1}, 2))
	// 2·leaky(x), of slope 0.5 and then of the default 0.01.
	if want := []float32{4, -0.02}; !slices.Equal(y.Float32s(), want) {
		t.Errorf("the function gives %v, expected %v", y, want)
	}
}

// TestExternalData reads weights from a file beside the model's, if asked for, and none elsewhere.
func TestExternalData(t *testing.T) {
	dir := t.TempDir()
	external := func(location string, offset, length int) []byte {
		w := floatTensor("w", []int{2})
		w.DataLocation = onnxpb.TensorProto_EXTERNAL.Enum()
		entry := func(key, value string) *onnxpb.StringStringEntryProto {
			return &onnxpb.StringStringEntryProto{Key: &key, Value: &value}
		}
		w.ExternalData = []*onnxpb.StringStringEntryProto{entry("location", location), entry("offset", fmt.Sprint(offset)), entry("length", fmt.Sprint(length))}
		return file{inputs: "x float 2", outputs: "y float 2", initializers: []*onnxpb.TensorProto{w}, nodes: []*onnxpb.NodeProto{nodeOf("y = Mul(x, w)")}}.bytes()
	}
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("model/weights/w.bin", floatTensor("", nil, 7, 2, 3).RawData)
	write("secret.bin", floatTensor("", nil, 7, 2, 3).RawData)
	path := write("model/good.onnx", external("weights/w.bin", 4, 8))
	m, err := Open(path, Config{ExternalData: true})
	if err != nil {
		t.Fatal(err)
	}
	if y := m.Forward(autograd.New([]float32{1, 1}, 2)); !slices.Equal(y.Float32s(), []float32{2, 3}) {
		t.Errorf("the weights are %v, expected 2 and 3", y)
	}
	tests := map[string]struct {
		data []byte
		want string
	}{
		"outside":        {external("../secret.bin", 4, 8), "escapes"},
		"absolute":       {external(filepath.Join(dir, "secret.bin"), 4, 8), "escapes"},
		"beyond":         {external("weights/w.bin", 8, 8), "has 12 bytes, expected 8 from byte 8 on"},
		"far beyond":     {external("weights/w.bin", math.MaxInt, 8), "has 12 bytes"},
		"another size":   {external("weights/w.bin", 0, 4), "has 4 bytes in file"},
		"not there":      {external("none.bin", 0, 8), "none.bin"},
		"a directory":    {external("weights", 0, 8), "is not a file"},
		"negative":       {external("weights/w.bin", -4, 8), `its offset is "-4"`},
		"without a name": {external("", 0, 8), "w"},
	}
	for name, test := range tests {
		_, err := Open(write("model/bad.onnx", test.data), Config{ExternalData: true})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, expected %q", name, err, test.want)
		}
	}
	for _, open := range []func() (*Model, error){
		func() (*Model, error) { return Open(path, Config{}) },
		func() (*Model, error) {
			return Read(bytes.NewReader(external("weights/w.bin", 4, 8)), Config{ExternalData: true})
		},
	} {
		if _, err := open(); err == nil || !strings.Contains(err.Error(), "Config.ExternalData") {
			t.Errorf("without being asked for the error is %v", err)
		}
	}
}

// TestFolding computes what depends on constants alone when a model is opened, and nothing else.
func TestFolding(t *testing.T) {
	f := file{inputs: "x float 2", outputs: "y float 2", initializers: []*onnxpb.TensorProto{floatTensor("w", []int{2}, 1, 2)}, nodes: []*onnxpb.NodeProto{
		nodeOf("c = Constant()", attribute("value", floatTensor("", []int{2}, 3, 4))),
		nodeOf("d = Exp(c)"), nodeOf("e = Neg(w)"), nodeOf("s = Shape(x)"), nodeOf("p = Add(d, e)"), nodeOf("y = Mul(x, p)"),
	}}
	if m := f.mustRead(t, Config{}); len(m.main.nodes) != 3 {
		t.Errorf("%d nodes are left, expected Neg, Add and Mul", len(m.main.nodes))
	}
	m := f.mustRead(t, Config{Trainable: func(string) bool { return false }})
	if len(m.main.nodes) != 1 {
		t.Errorf("%d nodes are left without parameters, expected Mul", len(m.main.nodes))
	}
	kept := 0
	for _, v := range m.values {
		if !v.isNone() {
			kept++
		}
	}
	if kept != 1 {
		t.Errorf("%d constants are kept, expected one", kept)
	}
}

// TestConstantWeights takes the results of Constant nodes for weights in a file that has no
// initializers.
func TestConstantWeights(t *testing.T) {
	f := file{inputs: "x float n 2", outputs: "y float n 2", nodes: []*onnxpb.NodeProto{
		nodeOf("layer.weight = Constant()", attribute("value", floatTensor("", []int{2, 2}, 1, 2, 3, 4))),
		nodeOf("limit = Constant()", attribute("value", floatTensor("", []int{1}, 6))),
		nodeOf("shape = Constant()", attribute("value", intTensor("", 0, 2))),
		nodeOf("h = MatMul(x, layer.weight)"), nodeOf("r = Reshape(h, shape)"), nodeOf("y = Min(r, limit)"),
	}}
	var names []string
	for name := range nn.Params(f.mustRead(t, Config{})) {
		names = append(names, name)
	}
	if !slices.Equal(names, []string{"layer.weight"}) {
		t.Errorf("the parameters are %q", names)
	}
}

// TestNames has names that are the beginning of others, and dots in odd places.
func TestNames(t *testing.T) {
	f := file{inputs: "x float 1", outputs: "y float 1"}
	want := []string{"a", "a.b", "a.b.c", ".d", "e..f", "g."}
	last := "x"
	for i, name := range want {
		f.initializers = append(f.initializers, floatTensor(name, []int{1}, 1))
		next := fmt.Sprintf("h%d", i)
		f.nodes = append(f.nodes, nodeOf(next+" = Add("+last+", "+name+")"))
		last = next
	}
	f.nodes = append(f.nodes, nodeOf("y = Relu("+last+")"))
	var names []string
	for name := range nn.Params(f.mustRead(t, Config{})) {
		names = append(names, name)
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("the parameters are %q, expected %q", names, want)
	}
}
