package autograd_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/internal/reference"
)

// exportedNames is every exported name of the package in a directory: functions, methods,
// types, fields, constants and variables.
func exportedNames(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	add := func(ids ...*ast.Ident) {
		for _, id := range ids {
			if id.IsExported() {
				names[id.Name] = true
			}
		}
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				add(d.Name)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.ValueSpec:
						add(s.Names...)
					case *ast.TypeSpec:
						add(s.Name)
						if fields, ok := s.Type.(*ast.StructType); ok {
							for _, f := range fields.Fields.List {
								add(f.Names...)
							}
						}
					}
				}
			}
		}
	}
	return names
}

// Every name on our side of docs/from-pytorch.md exists, in this package or in that which it
// names, and every function whose recorded
// cases are run is found: on the page, or by the rule that the page gives.
func TestNamesOfPyTorch(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "from-pytorch.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := exportedNames(t, ".")
	others := map[string]map[string]bool{}
	for _, dir := range []string{"nn", "nn/optim", "nn/distribution", "nn/onnx", "nn/tensorboard", "nn/torchfile", "data"} {
		others[path.Base(dir)] = exportedNames(t, filepath.Join("..", dir))
	}
	byRule := map[string]bool{}
	for name := range names {
		byRule[strings.ToLower(name)] = true
	}
	code, word := regexp.MustCompile("`[^`]*`"), regexp.MustCompile(`[A-Za-z][A-Za-z0-9_]*`)
	theirs := map[string]bool{}
	lines := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.HasPrefix(cells[1], "---") {
			continue
		}
		lines++
		for _, cell := range cells[1 : len(cells)-2] {
			for _, name := range word.FindAllString(cell, -1) {
				theirs[name] = true
			}
		}
		for _, quoted := range code.FindAllString(cells[len(cells)-2], -1) {
			name := word.FindString(quoted)
			if ast.IsExported(name) && !names[name] {
				t.Errorf("%s is no exported name, in %s", name, line)
			}
			if member, ok := strings.CutPrefix(quoted, "`"+name+"."); ok && others[name] != nil && !others[name][word.FindString(member)] {
				t.Errorf("%s is no exported name, in %s", quoted, line)
			}
		}
	}
	if lines < 100 {
		t.Errorf("the page has %d lines in tables", lines)
	}
	for file, functions := range referenceFiles {
		for _, name := range reference.Ops(t, file) {
			if functions[name] != nil && !theirs[name] && !byRule[strings.ReplaceAll(name, "_", "")] {
				t.Errorf("%s is not on the page", name)
			}
		}
	}
}
