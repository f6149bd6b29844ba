package optim

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

// walk is a test of every number of a configuration.
type walk struct {
	config reflect.Type
	test   func(t *testing.T)
}

// walkOf is the walk over C: base has what cannot be left out, and defaults is what base
// is resolved to.
func walkOf[C any](resolve func(C, string) C, base, defaults C) walk {
	return walk{reflect.TypeFor[C](), func(t *testing.T) {
		if diff := cmp.Diff(defaults, resolve(base, "test")); diff != "" {
			t.Errorf("the defaults (-want +got):\n%s", diff)
		}
		documented := fieldComments(t, reflect.TypeFor[C]().Name())
		for _, n := range numbers(reflect.ValueOf(&base).Elem(), "") {
			if !strings.HasPrefix(n.path, "Steps") {
				t.Run(n.path, func(t *testing.T) {
					with := func(x float64) C {
						c := base
						at(reflect.ValueOf(&c).Elem(), n.index).set(x)
						return c
					}
					number := func(c C) float64 { return at(reflect.ValueOf(&c).Elem(), n.index).get() }
					def := number(defaults)
					if got := number(resolve(with(0), "test")); got != def {
						t.Errorf("0 is resolved to %v, want %v", got, def)
					}
					if field, _, _ := strings.Cut(n.path, "["); def != 0 && !slices.Contains(numbersIn(documented[field]), def) {
						t.Errorf("the default %v is not in the documentation: %q", def, documented[field])
					}
					if got := number(resolve(with(None), "test")); got != 0 {
						t.Errorf("None is resolved to %v, want 0", got)
					}
					for _, bad := range []float64{-2, -0.5, math.NaN(), math.Inf(1)} {
						if n.integer && bad != -2 {
							continue
						}
						var e *autograd.ValueError
						if err := autograd.Try(func() { resolve(with(bad), "test") }); !errors.As(err, &e) || !strings.Contains(e.Reason, n.path) {
							t.Errorf("%v: got %v, want a ValueError that names the field", bad, err)
						}
					}
				})
			}
		}
	}}
}

// numberField is where a number lies in a configuration.
type numberField struct {
	path    string
	index   []int
	integer bool
}

// numbers lists the numbers in v, also those in arrays.
func numbers(v reflect.Value, path string, index ...int) []numberField {
	var list []numberField
	switch v.Kind() {
	case reflect.Float64, reflect.Int:
		list = append(list, numberField{path, slices.Clone(index), v.Kind() == reflect.Int})
	case reflect.Struct:
		for i := range v.NumField() {
			list = append(list, numbers(v.Field(i), v.Type().Field(i).Name, append(index, i)...)...)
		}
	case reflect.Array:
		for i := range v.Len() {
			list = append(list, numbers(v.Index(i), path+"["+strconv.Itoa(i)+"]", append(index, i)...)...)
		}
	}
	return list
}

type numberValue struct{ reflect.Value }

// at is the number at a place in v.
func at(v reflect.Value, index []int) numberValue {
	for _, i := range index {
		if v.Kind() == reflect.Struct {
			v = v.Field(i)
		} else {
			v = v.Index(i)
		}
	}
	return numberValue{v}
}

func (v numberValue) get() float64 {
	if v.CanInt() {
		return float64(v.Int())
	}
	return v.Float()
}

func (v numberValue) set(x float64) {
	if v.CanInt() {
		v.SetInt(int64(x))
	} else {
		v.SetFloat(x)
	}
}

// numbersIn is the numbers that a text has.
func numbersIn(text string) []float64 {
	var list []float64
	for _, word := range regexp.MustCompile(`[0-9][0-9.e-]*`).FindAllString(text, -1) {
		if x, err := strconv.ParseFloat(strings.TrimRight(word, ".-e"), 64); err == nil {
			list = append(list, x)
		}
	}
	return list
}

// sources is the package's files without tests.
func sources(t *testing.T) []*ast.File {
	t.Helper()
	//lint:ignore SA1019 one directory without build constraints needs no more
	packages, err := parser.ParseDir(token.NewFileSet(), ".", func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, file := range packages["optim"].Files {
		files = append(files, file)
	}
	return files
}

// fieldComments is the comment of each field of a struct type.
func fieldComments(t *testing.T, name string) map[string]string {
	comments := map[string]string{}
	for _, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != name {
				return true
			}
			for _, field := range spec.Type.(*ast.StructType).Fields.List {
				for _, id := range field.Names {
					comments[id.Name] = field.Doc.Text() + field.Comment.Text()
				}
			}
			return false
		})
	}
	return comments
}

// walks are those of all configurations.
func walks() []walk {
	list := []walk{
		walkOf(OneCycleConfig.resolve, OneCycleConfig{Steps: 30}, OneCycleConfig{Steps: 30, Rise: 0.3, Start: 0.04, End: 4e-6}),
		walkOf(LBFGSConfig.resolve, LBFGSConfig{}, LBFGSConfig{LR: 1, Iterations: 20, Evaluations: 25, History: 100, GradTolerance: 1e-7, ChangeTolerance: 1e-9}),
		walkOf(EMAConfig.resolve, EMAConfig{}, EMAConfig{Decay: 0.999}),
		walkOf(PlateauConfig.resolve, PlateauConfig{}, PlateauConfig{Factor: 0.1, Patience: 10, Threshold: 1e-4}),
	}
	for _, o := range table {
		list = append(list, o.walk)
	}
	return list
}

// In every configuration 0 means the documented default, None means 0, and no other
// negative number is accepted.
func TestZeroMeansDefault(t *testing.T) {
	walked := map[string]bool{"Group": true}
	for _, w := range walks() {
		walked[w.config.Name()] = true
		t.Run(w.config.Name(), w.test)
	}
	for _, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && strings.HasSuffix(spec.Name.Name, "Config") && !walked[spec.Name.Name] {
				t.Errorf("%s is not in the walk", spec.Name.Name)
			}
			return true
		})
	}
}

// In a group too, where the default is the optimizer's number.
func TestZeroMeansDefaultInGroups(t *testing.T) {
	w, v := parameters(1, 2)
	config := AdamConfig{LR: 0.1, Betas: [2]float64{0.5, 0.25}, WeightDecay: 0.125}
	want := Group{LR: 0.1, WeightDecay: 0.125, Momentum: 0.5, Factor: 1}
	make := func(g Group) *Group {
		g.Params = named(v)
		return NewAdamW(named(w, v), config, g).Groups()[1]
	}
	for _, n := range numbers(reflect.ValueOf(&Group{}).Elem(), "") {
		with := func(x float64) Group {
			var g Group
			at(reflect.ValueOf(&g).Elem(), n.index).set(x)
			return g
		}
		number := func(g *Group) float64 { return at(reflect.ValueOf(g).Elem(), n.index).get() }
		if got := number(make(Group{})); got != number(&want) {
			t.Errorf("%s: 0 is resolved to %v, want %v", n.path, got, number(&want))
		}
		if got := number(make(with(None))); got != 0 {
			t.Errorf("%s: None is resolved to %v, want 0", n.path, got)
		}
		if got := number(make(with(0.75))); got != 0.75 {
			t.Errorf("%s: 0.75 is resolved to %v", n.path, got)
		}
		for _, bad := range []float64{-2, math.NaN(), math.Inf(1)} {
			var e *autograd.ValueError
			if err := autograd.Try(func() { make(with(bad)) }); !errors.As(err, &e) {
				t.Errorf("%s: %v: got %v, want a ValueError", n.path, bad, err)
			}
		}
	}
}

// Every constructor of an optimizer and every schedule has its row, and the other way
// round.
func TestTableIsComplete(t *testing.T) {
	rows := map[string]int{}
	for _, o := range table {
		rows[o.constructor]++
	}
	for _, s := range schedules {
		rows[s.constructor]++
	}
	functions := map[string]int{}
	for _, file := range sources(t) {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Results == nil {
				continue
			}
			if id, ok := f.Type.Results.List[0].Type.(*ast.Ident); ok && (id.Name == "Optimizer" || id.Name == "Schedule") {
				functions[f.Name.Name]++
			}
		}
	}
	if diff := cmp.Diff(functions, rows); diff != "" {
		t.Errorf("functions and rows of the table differ (-functions +rows):\n%s", diff)
	}
}
