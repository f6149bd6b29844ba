package autograd_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/internal/operations"
	"github.com/chainrule-go/chainrule/internal/reference"
)

var update = flag.Bool("update", false, "write docs/operations.md and operations.go anew")

// notOperations are exported functions and methods that return Variables but are not
// differentiable operations, with the reason.
var notOperations = map[string]string{
	"New": "creates", "Scalar": "creates", "Parameter": "creates", "Zeros": "creates", "Ones": "creates", "Full": "creates",
	"Arange": "creates", "Linspace": "creates", "Eye": "creates", "OneHot": "creates", "Uniform": "creates", "Normal": "creates", "FromMat": "creates",
	"Variable.Clone": "leaves the tape", "Variable.Detach": "stops the gradient",
	"Variable.RetainGrad": "returns its receiver", "Variable.Hook": "returns its receiver",
	"Variable.Greater": "has no derivative", "Variable.GreaterEqual": "has no derivative", "Variable.Less": "has no derivative",
	"Variable.LessEqual": "has no derivative", "Variable.Equal": "has no derivative", "Variable.NotEqual": "has no derivative",
	"Variable.Sign": "has no derivative", "Variable.Floor": "has no derivative", "Variable.Ceil": "has no derivative",
	"Variable.Round": "has no derivative", "Variable.RoundTo": "has no derivative", "Variable.Trunc": "has no derivative",
	"Variable.SignBit": "has no derivative", "Variable.IsNaN": "has no derivative", "Variable.IsInf": "has no derivative",
	"Variable.IsFinite": "has no derivative", "FloorDivide": "has no derivative", "Variable.CountNonZero": "has no derivative",
	"Grad": "differentiates", "GradWith": "differentiates", "ValueAndGrad": "differentiates", "VJP": "differentiates",
	"JVP": "differentiates", "HVP": "differentiates", "Jacobian": "differentiates", "Hessian": "differentiates",
	"PerExampleGrad": "differentiates",
}

// families are the headings under which operations are listed, with the files that they
// are in.
var families = []struct{ title, files string }{
	{"Making arrays", "create.go"},
	{"Arithmetic", "binary.go power.go"},
	{"Element-wise functions", "unary.go exponential.go trig.go special.go gamma.go bessel.go"},
	{"Rounding, remainders and signs", "rounding.go"},
	{"Activation functions", "activation.go"},
	{"Comparisons and choices", "compare.go"},
	{"Sums, means and extremes", "reduce.go statistics.go"},
	{"Norms and distances", "norm.go"},
	{"Running sums, differences, integrals", "scan.go"},
	{"Sorting and quantiles", "order.go"},
	{"Softmax", "softmax.go"},
	{"Products of vectors and matrices", "matmul.go product.go einsum.go"},
	{"Linear algebra", "linalg.go determinant.go triangular.go spectral.go pseudoinverse.go matrixfunction.go diagonal.go"},
	{"Fourier transforms", "fourier.go"},
	{"Shapes and types", "shape.go dtype.go variable.go"},
	{"Pieces and places", "slice.go movement.go pad.go"},
	{"Picking and placing by indices", "index.go rows.go place.go"},
	{"Convolutions, windows, normalization, attention", "convolution.go convtranspose.go window.go pooling.go interpolate.go gridsample.go normalization.go dropout.go attention.go rotary.go encoderlayer.go"},
	{"Recurrent layers, alignment", "recurrent.go ctc.go"},
	{"Derivatives", "grad.go transform.go checkpoint.go"},
}

// exported is what go/ast finds: functions and methods of Variable that return Variables,
// by file in the order of the source, and all Examples.
func exported(t *testing.T) (exports map[string][]string, examples map[string]bool) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	exports, examples = map[string][]string{}, map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			switch {
			case !ok:
			case strings.HasPrefix(f.Name.Name, "Example"):
				examples[strings.ReplaceAll(strings.TrimPrefix(f.Name.Name, "Example"), "_", ".")] = true
			case !strings.HasSuffix(name, "_test.go") && f.Name.IsExported() && returnsVariables(f):
				if receiver := receiverOf(f); receiver == "" || receiver == "Variable" {
					exports[name] = append(exports[name], strings.TrimPrefix(receiver+"."+f.Name.Name, "."))
				}
			}
		}
	}
	return exports, examples
}

func receiverOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	if name, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
		return name.Name
	}
	return "*"
}

func returnsVariables(f *ast.FuncDecl) bool {
	if f.Type.Results == nil {
		return false
	}
	for _, result := range f.Type.Results.List {
		kind := result.Type
		if list, ok := kind.(*ast.ArrayType); ok {
			kind = list.Elt
		}
		if name, ok := kind.(*ast.Ident); ok && name.Name == "Variable" {
			return true
		}
	}
	return false
}

// Every exported operation has its row in the table, an Example, its line in
// docs/operations.md, and its place in the package's documentation.
func TestEveryOperationIsProved(t *testing.T) {
	exports, examples := exported(t)
	byName, cases := map[string]operations.Row{}, recordedCases(t)
	for _, r := range operations.Table() {
		byName[r.Name] = r
		if r.Reference != "" && !cases[r.Reference] {
			t.Errorf("%s: no recorded cases %q are run", r.Name, r.Reference)
		}
	}
	var table, index strings.Builder
	table.WriteString(operationsHeader)
	index.WriteString(indexHeader)
	for _, family := range families {
		fmt.Fprintf(&index, "//\n// # %s\n//\n", family.title)
		var links []string
		var rows strings.Builder
		for _, file := range strings.Fields(family.files) {
			for _, name := range exports[file] {
				links = append(links, "["+name+"]")
				if reason, ok := notOperations[name]; ok {
					if reason == "has no derivative" && !examples[name] {
						t.Errorf("%s has no Example", name)
					}
					continue
				}
				r, ok := byName[name]
				if !ok {
					t.Errorf("%s has no row in the table of operations", name)
					continue
				}
				if !examples[name] {
					t.Errorf("%s has no Example", name)
				}
				delete(byName, name)
				rows.WriteString(markdown(r))
			}
			delete(exports, file)
		}
		index.WriteString(comment(strings.Join(links, ", ") + "."))
		if rows.Len() > 0 {
			fmt.Fprintf(&table, "\n## %s\n\n%s%s", family.title, tableHeader, rows.String())
		}
	}
	index.WriteString("package autograd\n")
	for name := range byName {
		t.Errorf("the table has a row for %s, which is no exported operation", name)
	}
	for file, names := range exports {
		t.Errorf("%s with %v belongs to no family", file, names)
	}
	compareFile(t, filepath.Join("..", "docs", "operations.md"), table.String())
	compareFile(t, "operations.go", index.String())
}

// comment is text as lines of a comment.
func comment(text string) string {
	var b strings.Builder
	line := "//"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 90 {
			b.WriteString(line + "\n")
			line = "//"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
	return b.String()
}

// compareFile fails unless the file has this content. With -update it is written first.
func compareFile(t *testing.T, path, content string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != content {
		t.Errorf("%s is not what the table says (%v): go test ./autograd -run TestEveryOperation -update", path, err)
	}
}

// referenceFiles are the files of recorded cases, with the functions that run them.
var referenceFiles = map[string]map[string]reference.Func{
	"ops.jsonl.gz": referenceFunctions, "nn.jsonl.gz": referenceNN, "losses.jsonl.gz": referenceLosses,
	"opinfo.jsonl.gz": referenceOpInfo(),
}

// recordedCases are the names of cases that exist and are run.
func recordedCases(t *testing.T) map[string]bool {
	t.Helper()
	cases := map[string]bool{}
	for file, functions := range referenceFiles {
		for _, name := range reference.Ops(t, file) {
			if functions[name] != nil {
				cases[name] = true
			}
		}
	}
	return cases
}

const indexHeader = `// The operations, by family. docs/operations.md has what each is proved by,
// docs/from-pytorch.md the names that PyTorch and NumPy have for them.
//
// What goes for all is not said again with each: operands of different element types panic with
// [*DTypeError], shapes that do not broadcast with [*ShapeError], an axis that does not exist or is
// named twice with [*AxisError], Variables of two tapes or of one that was Reset with [*TapeError].
`

const operationsHeader = `# Operations and their proofs

Every exported differentiable operation of package autograd, and what its derivative is held against. The table is
written and kept true by a test of the package.

- **differences**: gradient and second order against six-point finite differences, within 1e-7, for the given number of
  shapes; each with deliberately wrong rules (scaled by 1+1e-5, sign, a lost entry, upstream ignored, transposed,
  unsummed broadcast), all of which must be caught.
- **forward**: ⟨u, J·v⟩ = ⟨Jᵀ·u, v⟩ with forward mode, which has rules of its own.
- **float32**: agrees with float64 within the precision of float32.
- **complex step**: value and derivative against the function in complex numbers.
- **PyTorch**: values, gradients and second-order products recorded from PyTorch.
- **broadcasting**, **aliasing**, **empty**: operands repeated along axes, one Variable in several places, no elements.
`

const tableHeader = `| operation | differences | forward | float32 | complex step | PyTorch | broadcasting | aliasing | empty |
|---|---|---|---|---|---|---|---|---|
`

// markdown is the line of an operation in docs/operations.md.
func markdown(r operations.Row) string {
	yes := func(b bool) string {
		if b {
			return "✓"
		}
		return ""
	}
	several := len(r.Variants()[0]) > 1
	broadcasts, aliases := false, false
	for _, shapes := range r.Variants() {
		if several && len(shapes) > 1 {
			equal := fmt.Sprint(shapes[0]) == fmt.Sprint(shapes[1])
			aliases = aliases || equal && !r.Apart && r.Domain == nil
			broadcasts = broadcasts || !equal && r.Empty
		}
	}
	return fmt.Sprintf("| %s | %d shapes | ✓ | ✓ | %s | %s | %s | %s | %s |\n", r.Name, len(r.Variants()),
		yes(r.Oracle != nil), yes(r.Reference != ""), yes(broadcasts), yes(aliases), yes(r.Empty))
}

// Exported functions that panic say so, but for what goes for all operations.
func TestPanicsAreDocumented(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	functions, exported := map[string]*ast.FuncDecl{}, map[string]*ast.FuncDecl{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				functions[f.Name.Name] = f
				if f.Name.IsExported() {
					exported[receiverOf(f)+"."+f.Name.Name] = f
				}
			}
		}
	}
	for name, f := range exported {
		if callsPanic(f, functions, 1) && !strings.Contains(f.Doc.Text(), "panic") {
			t.Errorf("%s panics, and its documentation does not say when", name)
		}
	}
}

// callsPanic reports whether f panics itself or by way of what it calls, that many levels down.
func callsPanic(f *ast.FuncDecl, functions map[string]*ast.FuncDecl, levels int) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name := ""
		switch callee := call.Fun.(type) {
		case *ast.Ident:
			name = callee.Name
		case *ast.SelectorExpr:
			name = callee.Sel.Name
		}
		switch {
		case name == "panic":
			found = true
		case levels > 0 && !panicsForAll[name] && functions[name] != nil && !ast.IsExported(name):
			found = found || callsPanic(functions[name], functions, levels-1)
		}
		return true
	})
	return found
}

// panicsForAll are the helpers that panic for what goes for all operations.
var panicsForAll = map[string]bool{
	"apply": true, "check": true, "checkAll": true, "done": true, "header": true, "join": true, "joined": true, "jointTape": true,
	"resolveAxes": true, "resolveAxis": true, "result": true, "resultBroadcast": true, "same": true, "scalar": true,
}
