// Package reference checks differentiable functions against recorded cases: values,
// gradients and second-order products that PyTorch computed. It is used by tests
// only.
//
// A file of cases is gzip'd JSON, one case a line. Tensors are {"shape", "data"};
// names and attributes are PyTorch's.
package reference

import (
	"bufio"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

// Environment names the variable that points to a directory with further files of
// cases, of the same names.
const Environment = "CHAINRULE_REFERENCE"

// Number is a float64 whose JSON form may be "nan", "inf" or "-inf".
type Number float64

// UnmarshalJSON reads a number or one of the three names.
func (n *Number) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case `"nan"`:
		*n = Number(math.NaN())
	case `"inf"`:
		*n = Number(math.Inf(1))
	case `"-inf"`:
		*n = Number(math.Inf(-1))
	default:
		return json.Unmarshal(text, (*float64)(n))
	}
	return nil
}

// Tensor is an array in a case.
type Tensor struct {
	Shape []int    `json:"shape"`
	Data  []Number `json:"data"`
	DType string   `json:"dtype"` // int or bool where it is no array of numbers
}

// isInteger reports whether the elements are no floating-point numbers.
func (t *Tensor) isInteger() bool { return t.DType != "" }

// Ints is the elements as integers.
func (t *Tensor) Ints() []int {
	list := make([]int, len(t.Data))
	for i, x := range t.Data {
		list[i] = int(x)
	}
	return list
}

// Variable is the tensor as a constant.
func (t *Tensor) Variable(dtype autograd.DType) autograd.Variable {
	v := autograd.Zeros(autograd.Float64, t.Shape...)
	for i, x := range t.Data {
		v.Float64s()[i] = float64(x)
	}
	return v.AsType(dtype)
}

// Ints is a tensor of integers or booleans in a case.
type Ints struct {
	Shape []int `json:"shape"`
	Data  []int `json:"data"`
}

// Case is one function call with everything that follows from it.
type Case struct {
	Op           string          `json:"op"`
	Name         string          `json:"name"`
	DTypeName    string          `json:"dtype"`
	Attrs        json.RawMessage `json:"attrs"`
	Inputs       []*Tensor       `json:"inputs"`
	Ints         map[string]Ints `json:"ints"`
	RequiresGrad []bool          `json:"requires_grad"`
	Outputs      []*Tensor       `json:"outputs"`
	GradOutputs  []*Tensor       `json:"grad_outputs"`
	Grads        []*Tensor       `json:"grads"`
	Second       *struct {
		V  []*Tensor `json:"v"`
		HV []*Tensor `json:"hv"`
	} `json:"second"`
	Tol float64 `json:"tol"`
}

// DType is the element type of every tensor in the case.
func (c *Case) DType() autograd.DType {
	if c.DTypeName == "float32" {
		return autograd.Float32
	}
	return autograd.Float64
}

// Attributes decodes the attributes into T, a struct with JSON tags.
func Attributes[T any](c *Case) T {
	var attrs T
	if err := json.Unmarshal(c.Attrs, &attrs); err != nil {
		panic(fmt.Sprintf("case %s: attributes: %v", c.Name, err))
	}
	return attrs
}

// Func computes a case's outputs from its inputs, which are on a tape.
type Func func(c *Case, xs []autograd.Variable) []autograd.Variable

//go:embed testdata
var embedded embed.FS

// Ops lists the functions that this package's own file of that name has cases of.
func Ops(t *testing.T, file string) []string {
	t.Helper()
	names := map[string]bool{}
	for _, c := range Cases(t, file) {
		names[c.Op] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Run checks every case of the named file, of this package's own and of the
// directory that the environment adds, and logs for each how many passed, failed
// and were skipped because functions has no entry for the op.
func Run(t *testing.T, file string, functions map[string]Func) {
	t.Helper()
	Each(t, testdata(), file, func(t *testing.T, dir fs.FS) { runFile(t, dir, file, functions) })
}

// Each runs a test on the named file among own, and on the file of that name in the
// directory that the environment adds, if it has one.
func Each(t *testing.T, own fs.FS, file string, run func(t *testing.T, dir fs.FS)) {
	t.Helper()
	t.Run("own", func(t *testing.T) { run(t, own) })
	dir := os.Getenv(Environment)
	if dir == "" {
		return
	}
	t.Run("environment", func(t *testing.T) {
		if _, err := os.Stat(filepath.Join(dir, file)); errors.Is(err, fs.ErrNotExist) {
			t.Skipf("%s has no %s", dir, file)
		}
		run(t, os.DirFS(dir))
	})
}

// testdata is this package's own files.
func testdata() fs.FS {
	own, err := fs.Sub(embedded, "testdata")
	if err != nil {
		panic(err) // not of a name that is valid
	}
	return own
}

func runFile(t *testing.T, dir fs.FS, file string, functions map[string]Func) {
	var r results
	for _, c := range load[Case](t, dir, file) {
		f, ok := functions[c.Op]
		if !ok {
			r.skip(c.Op)
			continue
		}
		r.run(t, c.Name, func() []error { return c.Check(f) })
	}
	r.log(t, file, "ops")
	if r.passed+r.failed == 0 {
		t.Errorf("%s: none of %d cases is of a function that is tested", file, r.skipped)
	}
}

// results counts what became of cases.
type results struct {
	passed, failed, skipped int
	missing                 map[string]bool // what cases are of that were skipped
}

// run checks a case, as a test of its own.
func (r *results) run(t *testing.T, name string, check func() []error) {
	ok := t.Run(name, func(t *testing.T) {
		for _, err := range check() {
			t.Error(err)
		}
	})
	if ok {
		r.passed++
	} else {
		r.failed++
	}
}

// skip passes over a case of what there is not.
func (r *results) skip(of string) {
	if r.missing == nil {
		r.missing = map[string]bool{}
	}
	r.skipped++
	r.missing[of] = true
}

func (r *results) log(t *testing.T, file, what string) {
	t.Logf("%s: %d passed, %d failed, %d skipped (%d %s missing)", file, r.passed, r.failed, r.skipped, len(r.missing), what)
	if len(r.missing) > 0 {
		t.Logf("missing: %s", strings.Join(slices.Sorted(maps.Keys(r.missing)), " "))
	}
}

// Cases are those of this package's own file of that name.
func Cases(t *testing.T, file string) []*Case {
	t.Helper()
	return load[Case](t, testdata(), file)
}

func load[C any](t *testing.T, dir fs.FS, path string) []*C {
	t.Helper()
	f, err := dir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 16<<20)
	var cases []*C
	for lines.Scan() {
		c := new(C)
		if err := json.Unmarshal(lines.Bytes(), c); err != nil {
			t.Fatalf("%s: line %d: %v", path, len(cases)+1, err)
		}
		cases = append(cases, c)
	}
	if err := lines.Err(); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return cases
}

// tolerance is the greatest |got − want| / max(1, |want|) that passes.
func (c *Case) tolerance(order int) float64 {
	tol := [...]float64{1e-9, 1e-8}[order-1]
	if c.DType() == autograd.Float32 {
		tol = [...]float64{2e-5, 2e-4}[order-1]
	}
	return max(tol, c.Tol, knownInaccuracy[c.Op])
}

// knownInaccuracy lists where PyTorch itself is less exact than the tolerances: it
// takes ⅙ in the derivative of hardsigmoid from float32 even for float64, and so the weights
// of covariances and the order of a norm. The gradient of CrossMapLRN2d, its older
// LocalResponseNorm, is wrong: it sums over the channels one after those of the window.
var knownInaccuracy = map[string]float64{"hardsigmoid": 5e-8, "cov": 5e-7, "vector_norm": 1e-7, "crossmaplrn2d": 5e-6}

// Check runs the case and returns what is wrong: outputs, gradients by a plain and by a
// recorded pass, and the gradient of Σ⟨grads, v⟩. What does not depend on an input has a
// gradient of zero.
func (c *Case) Check(f Func) (errs []error) {
	if err := autograd.Try(func() { errs = c.check(f) }); err != nil {
		return append(errs, err)
	}
	return errs
}

func (c *Case) check(f Func) []error {
	tape := autograd.NewTape(autograd.TapeConfig{})
	var xs, leaves []autograd.Variable
	for i, in := range c.Inputs {
		x := in.Variable(c.DType())
		if c.RequiresGrad == nil || c.RequiresGrad[i] {
			x = tape.Watch(x)
			leaves = append(leaves, x)
		} else {
			x = tape.Const(x)
		}
		xs = append(xs, x)
	}
	outputs := f(c, xs)
	if len(outputs) != len(c.Outputs) {
		return []error{fmt.Errorf("%d outputs, want %d", len(outputs), len(c.Outputs))}
	}
	var errs []error
	for i, y := range outputs {
		errs = c.compare(errs, fmt.Sprintf("output %d", i), y, c.Outputs[i], 1)
	}
	if c.GradOutputs == nil || errs != nil {
		return errs
	}
	objective := inner(tape, outputs, c.GradOutputs)
	grads := gradients(objective, leaves)
	var plain autograd.Gradients
	if objective.Tracked() {
		plain = objective.Backward()
	}
	j := 0
	for i, want := range c.Grads {
		if want == nil {
			continue
		}
		direct := zerosLike(leaves[j])
		if objective.Tracked() {
			if grad, ok := plain.Lookup(leaves[j]); ok {
				direct = grad
			}
		}
		errs = c.compare(errs, fmt.Sprintf("gradient of input %d", i), direct, want, 1)
		errs = c.compare(errs, fmt.Sprintf("recorded gradient of input %d", i), grads[j], want, 1)
		j++
	}
	if c.Second == nil || errs != nil {
		return errs
	}
	for i, hv := range gradients(inner(tape, grads, c.Second.V), leaves) {
		errs = c.compare(errs, fmt.Sprintf("second order, input %d", i), hv, c.Second.HV[i], 2)
	}
	return errs
}

// gradients are those of y by xs, recorded.
func gradients(y autograd.Variable, xs []autograd.Variable) []autograd.Variable {
	if y.Tracked() {
		return autograd.GradConfig{AllowUnused: true}.Grad(y, xs...)
	}
	grads := make([]autograd.Variable, len(xs))
	for i, x := range xs {
		grads[i] = zerosLike(x)
	}
	return grads
}

func zerosLike(x autograd.Variable) autograd.Variable {
	return autograd.Zeros(x.DType(), x.Shape()...)
}

// inner is Σ ⟨xs[i], with[i]⟩, where nothing stands for zeros.
func inner(tape *autograd.Tape, xs []autograd.Variable, with []*Tensor) autograd.Variable {
	sum := tape.Const(autograd.Zeros(xs[0].DType()))
	for i, x := range xs {
		if with[i] != nil {
			sum = sum.Add(x.Mul(with[i].Variable(x.DType())).Sum())
		}
	}
	return sum
}

// compare adds what difference says to errs.
func (c *Case) compare(errs []error, what string, got autograd.Variable, want *Tensor, order int) []error {
	if err := difference(got, want, c.tolerance(order)); err != nil {
		return append(errs, fmt.Errorf("%s: %w", what, err))
	}
	return errs
}

// difference reports the worst entry of got that is not close to want.
func difference(got autograd.Variable, want *Tensor, tol float64) error {
	if !slices.Equal(got.Shape(), want.Shape) {
		return fmt.Errorf("shape %v, want %v", got.Shape(), want.Shape)
	}
	worst, at := 0.0, -1
	values := got.Floats()
	for i, w := range want.Data {
		if difference := distance(values[i], float64(w)); !(difference <= tol) && (at < 0 || !(difference <= worst)) {
			worst, at = difference, i
		}
	}
	if at >= 0 {
		return fmt.Errorf("entry %d is %v, want %v (off by %.2g, allowed %.2g)", at, values[at], float64(want.Data[at]), worst, tol)
	}
	return nil
}

func distance(got, want float64) float64 {
	if got == want || math.IsNaN(got) && math.IsNaN(want) {
		return 0
	}
	return math.Abs(got-want) / max(1, math.Abs(want))
}
