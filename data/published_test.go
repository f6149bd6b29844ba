package data

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// published are the data sets that functions of this package find: a row each.
var published = []struct {
	name    string // of the function
	load    func(context.Context, SourceConfig) error
	mirrors []string
	dir     string // where the files may be found on this machine
}{
	{"MNIST", images(MNIST, "28×28", 60000, 10000, []int{5, 0, 4, 1, 9}, []int{7, 2, 1, 0, 4},
		[]float64{0.1306604762738429}, []float64{0.3081078038564627}), mnistDigits.Mirrors, os.Getenv("MNIST_DIR")},
	{"KMNIST", func(ctx context.Context, config SourceConfig) error {
		train, test, err := KMNIST(ctx, config)
		if err == nil && (train.N != 60000 || test.N != 10000 || train.shape() != "28×28" || train.NumClasses() != 10) {
			err = fmt.Errorf("%d and %d images of %s, %d classes", train.N, test.N, train.shape(), train.NumClasses())
		}
		return err
	}, kuzushiji.Mirrors, os.Getenv("KMNIST_DIR")},
	{"FashionMNIST", images(FashionMNIST, "28×28", 60000, 10000, []int{9, 0, 0, 3, 0}, []int{9, 2, 1, 1, 6},
		[]float64{0.2860405969887955}, []float64{0.35302424451492237}), fashionArticles.Mirrors, "/usr/share/datasets/fashion-mnist"},
}

// images loads a data set of images and compares what it holds: the shape and the number
// of images, the first labels, and the training images' mean and standard deviation.
func images(load func(context.Context, SourceConfig) (train, test *Images, err error), shape string, trainN, testN int, trainLabels, testLabels []int, mean, std []float64) func(context.Context, SourceConfig) error {
	type summary struct {
		Shape     [2]string
		N         [2]int
		Labels    [2][]int
		Mean, Std []float64
	}
	return func(ctx context.Context, config SourceConfig) error {
		train, test, err := load(ctx, config)
		if err != nil {
			return err
		}
		got := summary{Shape: [2]string{train.shape(), test.shape()}, N: [2]int{train.N, test.N}, Labels: [2][]int{train.Labels[:5], test.Labels[:5]}}
		got.Mean, got.Std = train.MeanStd()
		want := summary{[2]string{shape, shape}, [2]int{trainN, testN}, [2][]int{trainLabels, testLabels}, mean, std}
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
			return errors.New(diff)
		}
		if train.NumClasses() != len(train.Classes) || !cmp.Equal(train.Classes, test.Classes) {
			return fmt.Errorf("%d classes named %q and %q", train.NumClasses(), train.Classes, test.Classes)
		}
		return nil
	}
}

// A slip in a source would only show on a machine with a network.
func TestPublishedIsWellFormed(t *testing.T) {
	for _, set := range published {
		t.Run(set.name, func(t *testing.T) {
			if err := set.load(t.Context(), SourceConfig{Dir: filepath.Join(t.TempDir(), "none")}); !errors.Is(err, ErrNotFound) {
				t.Errorf("error %v, want an ErrNotFound", err)
			}
			if len(set.mirrors) == 0 {
				t.Error("no mirrors")
			}
			for _, mirror := range set.mirrors {
				if u, err := url.Parse(mirror); err != nil || u.Host == "" || !strings.HasSuffix(u.Path, "/") {
					t.Errorf("mirror %q: %v", mirror, err)
				}
			}
		})
	}
}

// The real files, where they are at hand.
func TestPublishedIsReal(t *testing.T) {
	if testing.Short() {
		t.Skip("reads tens of megabytes, compressed")
	}
	for _, set := range published {
		t.Run(set.name, func(t *testing.T) {
			if _, err := os.Stat(set.dir); err != nil {
				t.Skip("the files are not on this machine")
			}
			if err := set.load(t.Context(), SourceConfig{Dir: set.dir}); err != nil {
				t.Error(err)
			}
		})
	}
}

// Every function that loads from a source has its row.
func TestPublishedIsComplete(t *testing.T) {
	listed := map[string]bool{}
	for _, set := range published {
		listed[set.name] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, parameter := range f.Type.Params.List {
				if of, ok := parameter.Type.(*ast.Ident); ok && of.Name == "SourceConfig" && !listed[f.Name.Name] {
					t.Errorf("%s has no row in the table of published data sets", f.Name.Name)
				}
			}
		}
	}
}
