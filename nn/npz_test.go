package nn_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

func savedNPZ(t testing.TB, model nn.Module) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := nn.SaveNPZ(&b, model); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSaveNPZ(t *testing.T) {
	model, other := newCounted(1), newCounted(2)
	content := savedNPZ(t, model)
	if !bytes.Equal(content, savedNPZ(t, model)) {
		t.Error("the same model gives different bytes")
	}
	path := filepath.Join(t.TempDir(), "weights.npz")
	if err := nn.SaveNPZFile(path, model); err != nil {
		t.Fatal(err)
	}
	if err := nn.LoadFile(path, other, nn.LoadConfig{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bitsOf(model), bitsOf(other)); diff != "" || other.steps != 1<<40 {
		t.Errorf("steps %d (-saved +loaded):\n%s", other.steps, diff)
	}
	full := errors.New("the disk is full")
	if err := nn.SaveNPZ(failingWriter{full}, model); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

// Files cut off anywhere, and files with any byte changed, are refused or, where a changed
// byte is none that counts, loaded as they were.
func TestDamagedNPZ(t *testing.T) {
	model := small(1, autograd.Float32)
	whole := savedNPZ(t, model)
	load := func(content []byte) (nn.Module, error) {
		other := small(2, autograd.Float32)
		w, err := nn.NewWeights(bytes.NewReader(content), int64(len(content)))
		if err == nil {
			err = nn.LoadWeights(w, other, nn.LoadConfig{})
		}
		return other, err
	}
	unchanged := bitsOf(small(2, autograd.Float32))
	for length := range whole {
		other, err := load(whole[:length])
		if err == nil {
			t.Fatalf("cut off after %d bytes: it is loaded", length)
		}
		if !cmp.Equal(unchanged, bitsOf(other)) {
			t.Fatalf("cut off after %d bytes: the model was changed", length)
		}
	}
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x10
		other, err := load(damaged)
		if err == nil && !cmp.Equal(bitsOf(model), bitsOf(other)) || err != nil && !cmp.Equal(unchanged, bitsOf(other)) {
			t.Fatalf("byte %d: error %v, other weights", i, err)
		}
	}
}
