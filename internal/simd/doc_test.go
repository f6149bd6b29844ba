package simd

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocTable fails if the tables in the package comment, of which function has
// which form and which is accurate, are not what the source and the rows say.
func TestDocTable(t *testing.T) {
	calls, comment := readPackage(t)
	want := map[string][]string{}
	for name := range calls {
		if !ast.IsExported(name) || strings.HasPrefix(name, "Gemm") || name == "InstructionSet" {
			continue
		}
		form := "Go"
		if reachesKernel(name, calls, map[string]bool{}) {
			form = "assembly"
			if slices.Contains(calls[name], "apply") || slices.Contains(calls[name], "zip") {
				form = "both" // assembly for some arguments, else Go
			}
		}
		want[form] = append(want[form], name)
		for _, r := range rows[float64]() {
			if r.oracle != nil && strings.EqualFold(r.kernel, name) {
				want["4 ulp"] = append(want["4 ulp"], name)
			}
		}
	}
	got := map[string][]string{}
	for line := range strings.Lines(comment) {
		form, names, found := strings.Cut(strings.TrimSpace(line), "\t")
		if !found {
			continue
		}
		got[form] = append(got[form], strings.Fields(names)...)
	}
	for _, lists := range []map[string][]string{got, want} {
		for form := range lists {
			sort.Strings(lists[form])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table in doc.go (-source +table):\n%s", diff)
	}
}

// reachesKernel reports whether the function calls a kernel that has assembly,
// itself or through others.
func reachesKernel(name string, calls map[string][]string, seen map[string]bool) bool {
	if strings.HasSuffix(name, "Kernel") {
		return true
	}
	if seen[name] {
		return false
	}
	seen[name] = true
	for _, callee := range calls[name] {
		if reachesKernel(callee, calls, seen) {
			return true
		}
	}
	return false
}

// readPackage returns which function of the package's hand-written vector files
// calls which, and the package comment.
func readPackage(t *testing.T) (calls map[string][]string, comment string) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	calls = map[string][]string{}
	files := token.NewFileSet()
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
			strings.HasPrefix(name, "kernels_") || strings.HasPrefix(name, "gemm") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if name == "doc.go" {
			comment = file.Doc.Text()
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil || f.Recv != nil {
				continue
			}
			ast.Inspect(f.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr: // math.Sin is not Sin
					return false
				case *ast.Ident:
					calls[f.Name.Name] = append(calls[f.Name.Name], n.Name)
				}
				return true
			})
			if calls[f.Name.Name] == nil {
				calls[f.Name.Name] = []string{}
			}
		}
	}
	return calls, comment
}
