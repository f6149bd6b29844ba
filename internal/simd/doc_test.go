package simd

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the tables of doc.go anew")

// TestDocTables fails if the tables in the package comment, of which function has
// which form and which are accurate, are not what the source and the rows say. With
// -update it writes them.
func TestDocTables(t *testing.T) {
	functions := readFunctions(t)
	var forms, accurate table
	for _, f := range functions.list {
		if !ast.IsExported(f.name) || f.name == "InstructionSet" {
			continue
		}
		forms.add(f.file+"\t"+functions.form(f.name), f.name)
		for _, r := range rows[float64]() {
			if r.oracle != nil && strings.EqualFold(r.kernel, f.name) {
				accurate.add("4 ulp", f.name)
			}
		}
	}
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	// Two blocks of lines that begin with a tab.
	blocks := regexp.MustCompile(`(?m)(^//\t.*\n)+`).FindAllIndex(source, -1)
	if len(blocks) != 2 {
		t.Fatalf("doc.go has %d tables, want 2", len(blocks))
	}
	want := slices.Concat(source[:blocks[0][0]], forms.text(), source[blocks[0][1]:blocks[1][0]], accurate.text(), source[blocks[1][1]:])
	if *update {
		if err := os.WriteFile("doc.go", want, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(string(want), string(source)); diff != "" {
		t.Errorf("the tables in doc.go are out of date (-want +got); go test -run TestDocTables -update writes them\n%s", diff)
	}
}

// table is lists of names under heads.
type table struct {
	heads []string
	names map[string][]string
}

func (l *table) add(head, name string) {
	if l.names == nil {
		l.names = map[string][]string{}
	}
	if l.names[head] == nil {
		l.heads = append(l.heads, head)
	}
	l.names[head] = append(l.names[head], name)
}

// text is the table as lines of a comment.
func (l *table) text() []byte {
	const width = 76
	var b bytes.Buffer
	for _, head := range l.heads {
		line := ""
		for _, name := range append(l.names[head], "") {
			if line != "" && (name == "" || len(line)+len(name) > width) {
				fmt.Fprintf(&b, "//\t%s\t%s\n", head, line)
				line = ""
			}
			line = strings.TrimSpace(line + " " + name)
		}
	}
	return b.Bytes()
}

// functions are those of the hand-written files of vector functions, in order.
type functions struct {
	list []struct{ file, name string }

	// calls lists the names that occur in each.
	calls map[string][]string
}

// form says what a function runs.
func (f functions) form(name string) string {
	switch {
	case !f.reachesKernel(name, map[string]bool{}):
		return "Go"
	case slices.Contains(f.calls[name], "apply"), slices.Contains(f.calls[name], "zip"):
		return "both" // assembly for some arguments, else Go
	}
	return "assembly"
}

// reachesKernel reports whether the function calls a kernel that has assembly,
// itself or through others.
func (f functions) reachesKernel(name string, seen map[string]bool) bool {
	if strings.HasSuffix(name, "Kernel") {
		return true
	}
	if seen[name] {
		return false
	}
	seen[name] = true
	return slices.ContainsFunc(f.calls[name], func(callee string) bool { return f.reachesKernel(callee, seen) })
}

func readFunctions(t *testing.T) functions {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	result := functions{calls: map[string][]string{}}
	files := token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "kernels_") || strings.HasPrefix(name, "gemm") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil || f.Recv != nil {
				continue
			}
			result.list = append(result.list, struct{ file, name string }{name, f.Name.Name})
			ast.Inspect(f.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr: // math.Sin is not Sin
					return false
				case *ast.Ident:
					result.calls[f.Name.Name] = append(result.calls[f.Name.Name], n.Name)
				}
				return true
			})
		}
	}
	return result
}
