package onnx

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// nodeTest is one of the standard's tests of its operators: a model of a node or a few, with
// inputs and outputs.
type nodeTest struct {
	name  string
	files map[string]*zip.File // by name within the test
}

// readNodeTests is the tests in a zip file that has NAME/model.onnx with NAME/input_K.pb and
// NAME/output_K.pb. Where it has a name several times, each is a test.
func readNodeTests(t testing.TB, file string) []nodeTest {
	archive, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { archive.Close() })
	var tests []nodeTest
	index := map[string]int{} // of the n-th test of a name
	count := map[string]int{} // of each file
	for _, f := range archive.File {
		if f.FileInfo().IsDir() {
			continue
		}
		directory, base := path.Split(f.Name)
		key := fmt.Sprintf("%s%d", directory, count[f.Name])
		count[f.Name]++
		i, ok := index[key]
		if !ok {
			i = len(tests)
			index[key] = i
			tests = append(tests, nodeTest{path.Clean(directory), map[string]*zip.File{}})
		}
		tests[i].files[base] = f
	}
	slices.SortStableFunc(tests, func(a, b nodeTest) int { return strings.Compare(a.name, b.name) })
	return tests
}

func readZipped(file *zip.File) ([]byte, error) {
	r, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// tensors is the inputs or outputs of a test.
func (test nodeTest) tensors(kind string) ([]Value, error) {
	var values []Value
	for i := 0; ; i++ {
		file := test.files[fmt.Sprintf("%s_%d.pb", kind, i)]
		if file == nil {
			return values, nil
		}
		data, err := readZipped(file)
		if err != nil {
			return nil, err
		}
		var p onnxpb.TensorProto
		if err := proto.Unmarshal(data, &p); err != nil {
			return nil, err
		}
		err = autograd.Try(func() { values = append(values, readTensor(&p, nil)) })
		if err != nil {
			return nil, placed(err, Place{}, 0)
		}
	}
}

// run computes a test's model on a tape and compares its outputs.
func (test nodeTest) run(tape *autograd.Tape, config Config) error {
	data, err := readZipped(test.files["model.onnx"])
	if err != nil {
		return err
	}
	m, err := Read(bytes.NewReader(data), config)
	if err != nil {
		return err
	}
	inputs, err := test.tensors("input")
	if err != nil {
		return err
	}
	if len(inputs) != len(m.inputs) {
		return fmt.Errorf("the test has %d inputs, its model %d", len(inputs), len(m.inputs))
	}
	named := map[string]Value{}
	for i, in := range m.inputs {
		named[in.Name] = asDeclared(inputs[i], in)
	}
	want, err := test.tensors("output")
	if err != nil {
		return err
	}
	for i, out := range m.outputs {
		want[i] = asDeclared(want[i], out)
	}
	got, err := m.Run(tape, named)
	if err != nil {
		return err
	}
	for i, out := range m.outputs {
		if err := sameValues(got[out.Name], want[i], 1e-3, 1e-7); err != nil {
			return fmt.Errorf("output %q: %w", out.Name, err)
		}
	}
	return nil
}

// asDeclared is a tensor as the model declares it: those of bfloat16 come as their bits, and
// those of which only the type counts with one element.
func asDeclared(v Value, info Info) Value {
	if info.Type == BFloat16 && v.dtype == Uint16 {
		bits, _ := host.Slice[uint16](v.ints)
		v = Value{dtype: BFloat16, float: newVariable(convert(bits, fromBFloat), v.Shape())}
	}
	if info.Name == "like" && v.isTensor() {
		var shape []int
		for _, d := range info.Shape {
			shape = append(shape, d.Size)
		}
		v.float = v.float.BroadcastTo(shape...)
	}
	return v
}

// sameValues compares type, shape and elements, these within tolerances.
func sameValues(got, want Value, relative, absolute float64) error {
	if got.dtype != want.dtype || !slices.Equal(got.Shape(), want.Shape()) {
		return fmt.Errorf("is %s, expected %s", got.describe(), want.describe())
	}
	if want.ints != nil {
		if g, w := got.Int64s(), want.Int64s(); !slices.Equal(g, w) {
			return fmt.Errorf("is %v, expected %v", g, w)
		}
		return nil
	}
	g, w := got.float.Floats(), want.float.Floats()
	for i, x := range w {
		switch {
		case g[i] == x, math.IsNaN(x) && math.IsNaN(g[i]):
		case !(math.Abs(g[i]-x) <= absolute+relative*math.Abs(x)):
			return fmt.Errorf("element %d is %v, expected %v", i, g[i], x)
		}
	}
	return nil
}

// nodesFile is the file of all of the standard's tests, if there is one, or of some.
func nodesFile() string {
	if file := os.Getenv("CHAINRULE_ONNX_NODES"); file != "" {
		return file
	}
	return "testdata/nodes.zip"
}

// TestONNXNodes runs the standard's own tests: some of them, and all of the file that the
// environment variable CHAINRULE_ONNX_NODES names.
func TestONNXNodes(t *testing.T) {
	passed, failed := 0, 0
	reasons := map[string][]string{}
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	tests := readNodeTests(t, nodesFile())
	for _, test := range tests {
		var err error
		for _, config := range []Config{{}, {Inference: true}, {asWritten: true}} {
			tape.Reset()
			if err == nil {
				err = test.run(tape, config)
			}
		}
		var unsupported *UnsupportedError
		switch {
		case err == nil:
			passed++
		case errors.As(err, &unsupported):
			reason := unsupported.Operator + ": " + unsupported.Reason
			reasons[reason] = append(reasons[reason], test.name)
		default:
			failed++
			t.Errorf("%s: %v", test.name, err)
		}
	}
	t.Logf("%d passed, %d failed, %d unsupported", passed, failed, len(tests)-passed-failed)
	for _, reason := range sortedKeys(reasons) {
		t.Logf("unsupported: %s (%s)", reason, strings.Join(reasons[reason], ", "))
	}
	if passed == 0 {
		t.Error("no test passed")
	}
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
