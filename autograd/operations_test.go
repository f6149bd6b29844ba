package autograd_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/operations.md anew")

// notOperations are exported functions and methods that return Variables but are not
// differentiable operations, with the reason.
var notOperations = map[string]string{
	"New": "creates", "Scalar": "creates", "Parameter": "creates", "Zeros": "creates", "Ones": "creates", "Full": "creates",
	"Arange": "creates", "Linspace": "creates", "Eye": "creates", "Uniform": "creates", "Normal": "creates", "FromMat": "creates",
	"Variable.Clone": "leaves the tape", "Variable.Detach": "stops the gradient",
	"Variable.RetainGrad": "returns its receiver", "Variable.Hook": "returns its receiver",
	"Variable.Greater": "has no derivative", "Variable.GreaterEqual": "has no derivative", "Variable.Less": "has no derivative",
	"Variable.LessEqual": "has no derivative", "Variable.Equal": "has no derivative", "Variable.NotEqual": "has no derivative",
	"Variable.Sign": "has no derivative",
	"Grad":          "differentiates", "GradWith": "differentiates", "ValueAndGrad": "differentiates", "VJP": "differentiates",
	"JVP": "differentiates", "HVP": "differentiates", "Jacobian": "differentiates", "Hessian": "differentiates",
	"PerExampleGrad": "differentiates",
}

// exported is what go/ast finds: functions and methods of Variable that return
// Variables, and all Examples.
func exported(t *testing.T) (operations []string, examples map[string]bool) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	examples = map[string]bool{}
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
					operations = append(operations, strings.TrimPrefix(receiver+"."+f.Name.Name, "."))
				}
			}
		}
	}
	slices.Sort(operations)
	return operations, examples
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

// Every exported operation has its row in the table, an Example, and its line in
// docs/operations.md.
func TestEveryOperationIsProved(t *testing.T) {
	operations, examples := exported(t)
	byName := map[string]row{}
	for _, r := range rows() {
		byName[r.name] = r
	}
	var table strings.Builder
	table.WriteString(operationsHeader)
	for _, name := range operations {
		if _, ok := notOperations[name]; ok {
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
		table.WriteString(r.markdown())
	}
	for name := range byName {
		t.Errorf("the table has a row for %s, which is no exported operation", name)
	}
	path := filepath.Join("..", "docs", "operations.md")
	if *update {
		if err := os.WriteFile(path, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != table.String() {
		t.Errorf("docs/operations.md is not what the table says (%v): go test ./autograd -run TestEveryOperation -update", err)
	}
}

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

| operation | differences | forward | float32 | complex step | PyTorch | broadcasting | aliasing | empty |
|---|---|---|---|---|---|---|---|---|
`

func (r row) markdown() string {
	yes := func(b bool) string {
		if b {
			return "✓"
		}
		return ""
	}
	recorded := referenceFunctions[r.reference] != nil || referenceNN[r.reference] != nil
	several := len(r.variants()[0]) > 1
	broadcasts, aliases := false, false
	for _, shapes := range r.variants() {
		if several {
			equal := fmt.Sprint(shapes[0]) == fmt.Sprint(shapes[1])
			aliases = aliases || equal && r.operands == nil
			broadcasts = broadcasts || !equal && r.empty
		}
	}
	return fmt.Sprintf("| %s | %d shapes | ✓ | %s | %s | %s | %s | %s | %s |\n", r.name, len(r.variants()), yes(r.name != "Variable.AsType"),
		yes(r.oracle != nil), yes(recorded), yes(broadcasts), yes(aliases), yes(r.empty))
}
