package nn_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/internal/reference"
)

var update = flag.Bool("update", false, "write docs/layers.md and layers.go anew")

// layerDoc is what docs/layers.md says about a layer.
type layerDoc struct {
	name     string
	synopsis string
	base     bool // others embed it, and it has no constructor of its own
	example  bool
}

// TestLayerRows sees that every exported layer has a row that says its shapes, an Example,
// its line in docs/layers.md, and its place in the package's documentation.
func TestLayerRows(t *testing.T) {
	layers := map[string]layerDoc{}
	for _, l := range exportedLayers(t) {
		if !l.base {
			layers[l.name] = l
		}
	}
	cases := referenceCases(t)
	var table, index strings.Builder
	table.WriteString(layersHeader)
	index.WriteString(layersIndexHeader)
	listed := map[string]bool{}
	for _, family := range layerFamilies {
		fmt.Fprintf(&table, "\n## %s\n\n%s", family.title, layersTableHeader)
		var links []string
		for _, row := range family.rows() {
			name, _, _ := strings.Cut(row.name, " ")
			if listed[name] {
				continue
			}
			listed[name] = true
			l, ok := layers[name]
			switch {
			case !ok:
				t.Errorf("there is a row for %s, which is no exported layer", name)
				continue
			case row.maps == "":
				t.Errorf("the first row of nn.%s does not say its shapes", name)
			case !l.example:
				t.Errorf("nn.%s has no Example", name)
			}
			links = append(links, "["+name+"]")
			table.WriteString(row.markdown(l, cases))
		}
		index.WriteString(commentLines("   - ", family.title+": "+strings.Join(links, ", ")))
	}
	index.WriteString("package nn\n")
	for name := range layers {
		if !listed[name] {
			t.Errorf("nn.%s has no row in a family of layerFamilies", name)
		}
	}
	compareFile(t, filepath.Join("..", "docs", "layers.md"), table.String(), "TestLayerRows")
	compareFile(t, "layers.go", index.String(), "TestLayerRows")
}

// markdown is the line of a layer in docs/layers.md.
func (row *layerRow) markdown(l layerDoc, cases map[string]int) string {
	torch := row.torch
	if torch == "" {
		torch = l.name
	}
	count := ""
	if n := 0; torch != "–" {
		for name := range strings.SplitSeq(torch, ", ") {
			n += cases[name]
		}
		if n > 0 {
			count = fmt.Sprint(n)
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", l.name, row.maps, torch, count, l.synopsis)
}

// exportedLayers are the exported types that compute something from a Variable or on a
// tape: those with an exported method whose first argument is one, losses excepted, and
// those that embed such a type; and functions that make a Layer. They come in the order of
// the source.
func exportedLayers(t *testing.T) []layerDoc {
	computes, embeds, constructors := map[string]bool{}, map[string][]string{}, map[string]bool{}
	examples := exampleNames(t)
	var layers []layerDoc
	for _, file := range parsed(t, "*.go") {
		for _, declaration := range file.syntax.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name
				if d.Recv == nil {
					constructors[name] = true
				}
				if makesLayer(d) {
					computes[name] = true
					layers = append(layers, layerDoc{name: name, synopsis: synopsis(name, d.Doc.Text()), example: examples[name]})
				} else if computesLayer(d) {
					computes[strings.TrimPrefix(typeText(d.Recv.List[0].Type), "*")] = true
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					typ, ok := spec.(*ast.TypeSpec)
					if !ok || !typ.Name.IsExported() {
						continue
					}
					name := typ.Name.Name
					layers = append(layers, layerDoc{name: name, synopsis: synopsis(name, d.Doc.Text()), example: examples[name] || examples["New"+name]})
					embeds[name] = embedded(typ.Type)
				}
			}
		}
	}
	// A type has the methods of what it embeds.
	for changed := true; changed; {
		changed = false
		for name, inner := range embeds {
			if !computes[name] && slices.ContainsFunc(inner, func(e string) bool { return computes[e] }) {
				computes[name], changed = true, true
			}
		}
	}
	for i, l := range layers {
		for _, inner := range embeds {
			layers[i].base = layers[i].base || slices.Contains(inner, l.name) && !constructors["New"+l.name]
		}
	}
	return slices.DeleteFunc(layers, func(l layerDoc) bool { return !computes[l.name] || l.name == "StepContext" })
}

// makesLayer reports whether a function makes a layer, and is not the constructor of a type.
func makesLayer(f *ast.FuncDecl) bool {
	return f.Recv == nil && f.Name.IsExported() && !strings.HasPrefix(f.Name.Name, "New") && f.Type.Results != nil && typeText(f.Type.Results.List[0].Type) == "Layer"
}

// computesLayer reports whether a method's first argument is a Variable or a tape.
func computesLayer(f *ast.FuncDecl) bool {
	if f.Recv == nil || !f.Name.IsExported() || len(f.Type.Params.List) == 0 || f.Name.Name == "Loss" || f.Name.Name == "Of" || f.Name.Name == "Probabilities" {
		return false
	}
	first := typeText(f.Type.Params.List[0].Type)
	return first == "autograd.Variable" || first == "*autograd.Tape"
}

// embedded are the types that a struct embeds.
func embedded(e ast.Expr) []string {
	var names []string
	if s, ok := e.(*ast.StructType); ok {
		for _, field := range s.Fields.List {
			if len(field.Names) == 0 {
				names = append(names, strings.TrimPrefix(typeText(field.Type), "*"))
			}
		}
	}
	return names
}

var docLink = regexp.MustCompile(`\[\*?([A-Za-z]*\.?[A-Z]\w*(\.[A-Z]\w*)*)\]`)

var citation = regexp.MustCompile(`\s+\([^()]*\b(19|20)\d\d[^()]*\)`)

// synopsis is the first sentence of a comment without "X is" and without citations.
func synopsis(name, text string) string {
	text = new(doc.Package).Synopsis(citation.ReplaceAllString(text, ""))
	text = strings.TrimPrefix(strings.TrimPrefix(text, name+" "), "is ")
	text = docLink.ReplaceAllString(text, "$1")
	return strings.ReplaceAll(strings.TrimRight(text, ".:"), "|", `\|`)
}

type parsedFile struct {
	name   string
	syntax *ast.File
}

// parsed is the files of a pattern without tests, with their comments.
func parsed(t *testing.T, pattern string) []parsedFile {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var files []parsedFile
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") != strings.HasSuffix(pattern, "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, parsedFile{path, syntax})
	}
	return files
}

// exampleNames are what there are Examples of, without methods; one without Output is none.
func exampleNames(t *testing.T) map[string]bool {
	names := map[string]bool{}
	for _, file := range parsed(t, "*_test.go") {
		for _, example := range doc.Examples(file.syntax) {
			name, _, _ := strings.Cut(example.Name, "_")
			names[name] = names[name] || example.Output != ""
		}
	}
	return names
}

// referenceCases counts PyTorch's cases of each layer.
func referenceCases(t *testing.T) map[string]int {
	count := map[string]int{}
	for _, file := range []string{"layers.jsonl.gz", "modules.jsonl.gz"} {
		for _, c := range reference.LayerCases(t, file) {
			count[c.Layer]++
		}
	}
	for _, c := range reference.LayerCasesOf(t, os.DirFS("testdata"), "layers.jsonl.gz") {
		count[c.Layer]++
	}
	return count
}

// commentLines is text as lines of a comment, the first after a prefix, the others indented
// like it.
func commentLines(prefix, text string) string {
	var b strings.Builder
	line := "//" + prefix
	start := true
	for word := range strings.FieldsSeq(text) {
		if !start && len(line)+1+len(word) > 90 {
			b.WriteString(line + "\n")
			line, start = "//"+strings.Repeat(" ", len(prefix)), true
		}
		if !start {
			line += " "
		}
		line, start = line+word, false
	}
	b.WriteString(line + "\n")
	return b.String()
}

// compareFile fails unless the file has this content. With -update it is written first.
func compareFile(t *testing.T, path, content, test string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != content {
		t.Errorf("%s is not what the rows say (%v): go test ./nn -run %s -update", path, err, test)
	}
}

const layersIndexHeader = `// # Layers
//
// docs/layers.md has each with its shapes and the name that PyTorch has for it. By family:
//
`

const layersHeader = `# Layers

Every exported layer of package nn: its shapes, PyTorch's name for it, and how many cases recorded from PyTorch it is
compared with, in values, gradients, state and inference, within 1e-9. The table is written and kept true by a test of the
package, which fails for a layer without its line and its Example.

An axis in parentheses may be left out, and … stands for any number of axes. [CONTRIBUTING.md](../CONTRIBUTING.md) says
what else every layer is held against, in each of its ways to compute: finite differences in first and second order, wrong
gradients that must be caught, float32 against float64, odd sizes, batches of one and of none, any number of processors,
saving and loading, no allocation.
`

const layersTableHeader = `| layer | shapes | PyTorch | cases | what it is |
|---|---|---|---|---|
`
