package nn_test

import (
	"bytes"
	"io/fs"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/models"
	"github.com/chainrule-go/chainrule/nn"
)

// Models whose weights PyTorch trained compute what they compute there, and are saved
// with the same names, shapes and types.
func TestModelsFromPyTorch(t *testing.T) {
	for _, c := range models.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			model := c.New(newRand(1))
			if err := nn.Load(c.Open(t, "model.safetensors"), model, nn.LoadConfig{}); err != nil {
				t.Fatal(err)
			}
			y := models.Run(autograd.NewTape(autograd.TapeConfig{NoGrad: true}), model, c.Input)
			c.CheckOutput(t, y.Shape(), y.Floats())

			// What is saved has the same tensors, in the order of the state_dict but for
			// their width.
			file, err := fs.ReadFile(c.Files, "model.safetensors")
			if err != nil {
				t.Fatal(err)
			}
			theirs, ours := inspected(t, file), inspected(t, saved(t, model, nil))
			slices.SortStableFunc(theirs, func(a, b nn.TensorInfo) int { return width(b) - width(a) })
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("tensors (-PyTorch +ours):\n%s", diff)
			}
		})
	}
}

// inspected is the tensors of a file.
func inspected(t *testing.T, file []byte) []nn.TensorInfo {
	t.Helper()
	info, err := nn.Inspect(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return info.Tensors
}

// width is the bytes of an element.
func width(tensor nn.TensorInfo) int {
	if tensor.DType == "I64" {
		return 8
	}
	return 4
}
