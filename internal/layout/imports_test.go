package layout

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/chainrule-go/chainrule/"

// may has for each package what of this module it may import, directly. Examples have no
// rows: they may import what users may.
var may = map[string][]string{
	"internal/durable":                nil,
	"internal/durable/crash":          {"internal/durable"},
	"internal/float16":                nil,
	"internal/layout":                 nil,
	"internal/parallel":               nil,
	"internal/race":                   nil,
	"internal/simd":                   nil,
	"internal/splitmix":               nil,
	"internal/gemm":                   {"internal/parallel", "internal/simd"},
	"internal/conv":                   {"internal/parallel", "internal/simd"},
	"internal/tensor":                 {"internal/conv", "internal/gemm", "internal/parallel", "internal/simd", "internal/splitmix"},
	"autograd":                        {"internal/tensor", "internal/simd"},
	"autograd/drawing":                {"autograd"},
	"autograd/gradcheck":              {"autograd"},
	"autograd/optimize":               {"autograd"},
	"internal/models":                 {"autograd", "data", "nn"},
	"internal/operations":             {"autograd"},
	"internal/reference":              {"autograd"},
	"data":                            {"internal/durable", "internal/float16", "internal/parallel", "internal/simd", "internal/splitmix", "internal/tensor"},
	"nn/optim":                        {"autograd", "internal/tensor", "internal/simd"},
	"nn":                              {"autograd", "data", "internal/durable", "internal/float16", "internal/parallel", "internal/splitmix", "nn/optim"},
	"nn/distribution":                 {"autograd", "internal/simd", "internal/tensor"},
	"internal/onnxruntime":            nil,
	"nn/onnx":                         {"autograd", "nn", "internal/durable", "internal/float16", "nn/onnx/internal/host", "nn/onnx/internal/onnxpb"},
	"nn/onnx/internal/host":           nil,
	"nn/onnx/internal/onnxpb":         nil,
	"nn/progress":                     {"nn"},
	"nn/attack":                       {"autograd", "nn"},
	"nn/explain":                      {"autograd", "data", "nn"},
	"nn/search":                       {"internal/durable"},
	"nn/tensorboard":                  {"autograd", "nn", "nn/optim", "nn/tensorboard/internal/eventpb"},
	"nn/torchfile":                    {"nn"},
	"nn/tensorboard/internal/eventpb": nil,
	"bench":                           nil,
	"bench/limits":                    {"internal/simd"},
	"bench/networks":                  {"autograd", "nn"},
	"cmd/mnist":                       {"autograd", "data", "nn", "nn/onnx", "nn/optim", "nn/progress", "nn/torchfile"},
}

// libraryModules are the modules that the library may import besides the standard
// library. Programs may import whatever is useful.
var libraryModules = []string{"gonum.org/v1/gonum/", "golang.org/x/"}

// formats has the modules that a package for a file format imports besides, by the
// path that the package's begins with.
var formats = map[string][]string{
	"nn/onnx":        {"google.golang.org/protobuf/"},
	"nn/tensorboard": {"google.golang.org/protobuf/"},
}

// mayImport says whether a package of this module may import a package of another one.
func mayImport(from, name string) bool {
	host, _, _ := strings.Cut(name, "/")
	if !strings.Contains(host, ".") || strings.HasPrefix(from, "cmd/") || strings.HasPrefix(from, "examples/") {
		return true
	}
	allowed := libraryModules
	for path, modules := range formats {
		if from == path || strings.HasPrefix(from, path+"/") {
			allowed = append(slices.Clip(allowed), modules...)
		}
	}
	return slices.ContainsFunc(allowed, func(m string) bool { return strings.HasPrefix(name, m) })
}

func TestImportsPointDown(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == ".git" || entry.Name() == "peers" || entry.Name() == "gen"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		from, err := filepath.Rel("../..", filepath.Dir(path))
		if err != nil {
			return err
		}
		from = filepath.ToSlash(from)
		seen[from] = true
		example := strings.HasPrefix(from, "examples/")
		allowed, known := may[from]
		if !known && !example {
			t.Errorf("package %s is not in the table of what may import what", from)
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if own, ok := strings.CutPrefix(name, module); ok {
				// Readers find in an example all that it does, but for what the library has for everybody.
				if example && !strings.HasPrefix(own, "internal/") && !strings.HasPrefix(own, "bench") && !strings.HasPrefix(own, "examples/") {
					continue
				}
				if !slices.Contains(allowed, own) {
					t.Errorf("%s: %s may not import %s", path, from, own)
				}
				continue
			}
			if !mayImport(from, name) {
				t.Errorf("%s: a package of the library may not import %s", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range may {
		if !seen[name] {
			t.Errorf("the table has package %s, which does not exist", name)
		}
	}
}
