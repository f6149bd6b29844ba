package models

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"github.com/chainrule-go/chainrule/data"
)

//go:embed testdata
var embedded embed.FS

// Case is a model with the files that PyTorch wrote of it: an input, the output, and
// the weights in several formats.
type Case struct {
	Kind
	Files  fs.FS // the model's directory: state_dict.pt, model.safetensors and so on
	Input  Input
	Output data.Array // float32
}

// Cases are the models of this package's testdata, which are without the two largest, and
// those of the directory that the environment variable CHAINRULE_INTERCHANGE names, if it
// does.
func Cases(t testing.TB) []Case {
	t.Helper()
	own, err := fs.Sub(embedded, "testdata")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := ReadCases(own)
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("CHAINRULE_INTERCHANGE"); dir != "" {
		more, err := ReadCases(os.DirFS(dir))
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		if len(more) == 0 {
			t.Fatalf("%s holds none of the models", dir)
		}
		cases = append(cases, more...)
	}
	return cases
}

// ReadCases reads a directory that has one for each of some of the models, with input.npy,
// output.npy and files of weights.
func ReadCases(dir fs.FS) ([]Case, error) {
	var cases []Case
	for _, kind := range All() {
		if _, err := fs.Stat(dir, kind.Name); err != nil {
			continue
		}
		files, err := fs.Sub(dir, kind.Name)
		if err != nil {
			return nil, err
		}
		c, err := readCase(kind, files)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind.Name, err)
		}
		cases = append(cases, c)
	}
	return cases, nil
}

func readCase(kind Kind, files fs.FS) (Case, error) {
	c := Case{Kind: kind, Files: files}
	x, err := readArray(files, "input.npy")
	if err != nil {
		return c, err
	}
	c.Input = Input{Shape: x.Shape, Floats: x.Float32s}
	if kind.Tokens > 0 {
		c.Input = Input{Shape: x.Shape, Tokens: make([]int, len(x.Float64s))}
		for i, token := range x.Float64s {
			c.Input.Tokens[i] = int(token)
		}
	}
	c.Output, err = readArray(files, "output.npy")
	return c, err
}

func readArray(files fs.FS, name string) (data.Array, error) {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return data.Array{}, err
	}
	array, err := data.ReadNPY(bytes.NewReader(content))
	if err != nil {
		return data.Array{}, fmt.Errorf("%s: %w", name, err)
	}
	return array, nil
}

// Open opens a file of the case, as [fs.ReadFile]; the test fails if it cannot be read.
func (c *Case) Open(t testing.TB, name string) *bytes.Reader {
	t.Helper()
	content, err := fs.ReadFile(c.Files, name)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(content)
}

// Has reports whether the case has a file of that name.
func (c *Case) Has(name string) bool {
	_, err := fs.Stat(c.Files, name)
	return err == nil
}

// CheckOutput fails the test unless got is the output within 1e-5 of its greatest element.
func (c *Case) CheckOutput(t testing.TB, shape []int, got []float64) {
	t.Helper()
	if fmt.Sprint(shape) != fmt.Sprint(c.Output.Shape) {
		t.Fatalf("%s: the output is %v, want %v", c.Name, shape, c.Output.Shape)
	}
	greatest := 0.0
	for _, y := range c.Output.Float32s {
		greatest = max(greatest, float64(y), -float64(y))
	}
	for i, want := range c.Output.Float32s {
		if difference := got[i] - float64(want); !(difference <= 1e-5*greatest && -difference <= 1e-5*greatest) {
			t.Errorf("%s: output %d is %v, in PyTorch %v", c.Name, i, got[i], want)
		}
	}
}
