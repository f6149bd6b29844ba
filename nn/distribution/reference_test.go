package distribution_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/distribution"
)

// array is a Variable in a file.
type array struct {
	Shape []int
	Data  []any
}

func (a array) variable(dtype autograd.DType) autograd.Variable {
	xs := make([]float64, len(a.Data))
	for i, v := range a.Data {
		switch v := v.(type) {
		case float64:
			xs[i] = v
		case string:
			xs[i] = map[string]float64{"nan": math.NaN(), "inf": math.Inf(1), "-inf": math.Inf(-1)}[v]
		}
	}
	return autograd.New(xs).Reshape(a.Shape...).AsType(dtype)
}

// reference is what PyTorch computed, see testdata/generate.py.
type reference struct {
	P, Q    string
	Params  []array
	QParams []array `json:"q_params"`
	X       array
	Results map[string]struct {
		Value, Upstream array
		Grads           []array
	}
}

// families makes distributions by their names in the file.
var families = map[string]func(params []autograd.Variable) distribution.Distribution{
	"normal": func(p []autograd.Variable) distribution.Distribution { return distribution.NewNormal(p[0], p[1]) },
	"laplace": func(p []autograd.Variable) distribution.Distribution {
		return distribution.NewLaplace(p[0], p[1])
	},
	"uniform": func(p []autograd.Variable) distribution.Distribution {
		return distribution.NewUniform(p[0], p[1])
	},
	"gamma": func(p []autograd.Variable) distribution.Distribution { return distribution.NewGamma(p[0], p[1]) },
	"beta":  func(p []autograd.Variable) distribution.Distribution { return distribution.NewBeta(p[0], p[1]) },
	"multivariate_normal": func(p []autograd.Variable) distribution.Distribution {
		return distribution.NewMultivariateNormal(p[0], p[1])
	},
	"bernoulli": func(p []autograd.Variable) distribution.Distribution { return distribution.NewBernoulli(p[0]) },
	"categorical": func(p []autograd.Variable) distribution.Distribution {
		return distribution.NewCategorical(p[0])
	},
	"mixture_normal": func(p []autograd.Variable) distribution.Distribution {
		return distribution.NewMixture(distribution.NewCategorical(p[0]), distribution.NewNormal(p[1], p[2]))
	},
	"mixture_mvn": func(p []autograd.Variable) distribution.Distribution {
		return distribution.NewMixture(distribution.NewCategorical(p[0]), distribution.NewMultivariateNormal(p[1], p[2]))
	},
}

// compute is a result of the file's name.
func compute(name string, c *reference, params []autograd.Variable, x autograd.Variable) autograd.Variable {
	p := families[c.P](params[:len(c.Params)])
	switch name {
	case "log_prob":
		return p.LogProb(x)
	case "entropy":
		return p.(distribution.Entropic).Entropy()
	case "mean":
		return p.Mean()
	case "variance":
		return p.Variance()
	case "cdf":
		return p.(interface {
			CDF(x autograd.Variable) autograd.Variable
		}).CDF(x)
	case "kl":
		return distribution.KL(p, families[c.Q](params[len(c.Params):]))
	}
	panic("unknown result " + name)
}

func references(t *testing.T) []*reference {
	file, err := os.Open("testdata/torch.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []*reference
	lines := bufio.NewScanner(unzipped)
	for lines.Buffer(nil, 1<<20); lines.Scan(); {
		c := &reference{}
		if err := json.Unmarshal(lines.Bytes(), c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	if lines.Err() != nil || len(cases) < 50 {
		t.Fatalf("%d cases, error %v", len(cases), lines.Err())
	}
	return cases
}

// TestPyTorch compares values and gradients with those of torch.distributions.
func TestPyTorch(t *testing.T) {
	for _, dtype := range []autograd.DType{autograd.Float64, autograd.Float32} {
		tolerance := 1e-9
		if dtype == autograd.Float32 {
			tolerance = 3e-4
		}
		for i, c := range references(t) {
			for name, want := range c.Results {
				t.Run(fmt.Sprintf("%v/%s%s/%d/%s", dtype, c.P, c.Q, i, name), func(t *testing.T) {
					tape := autograd.NewTape(autograd.TapeConfig{})
					var params []autograd.Variable
					for _, a := range slices.Concat(c.Params, c.QParams) {
						params = append(params, tape.Watch(a.variable(dtype)))
					}
					var x autograd.Variable
					wanted := params
					if name == "log_prob" || name == "cdf" {
						x = c.X.variable(dtype)
						if len(want.Grads) > len(params) {
							x = tape.Watch(x)
							wanted = append(slices.Clone(params), x)
						} else {
							x = tape.Const(x)
						}
					}
					y := compute(name, c, params, x)
					compare(t, "value", y, want.Value, tolerance)
					grads := y.BackwardWith(want.Upstream.variable(dtype), wanted...)
					for j, w := range wanted {
						got, ok := grads.Lookup(w)
						if !ok {
							got = autograd.Zeros(dtype, w.Shape()...)
						}
						compare(t, fmt.Sprint("gradient ", j), got, want.Grads[j], tolerance)
					}
				})
			}
		}
	}
}

// compare fails if an element differs by more than the tolerance, relative to the greatest.
func compare(t *testing.T, what string, got autograd.Variable, a array, tolerance float64) {
	t.Helper()
	want := a.variable(autograd.Float64)
	if !slices.Equal(got.Shape(), want.Shape()) {
		t.Fatalf("%s has shape %v, want %v", what, got.Shape(), want.Shape())
	}
	scale := 1.0
	for _, v := range want.Float64s() {
		if !math.IsInf(v, 0) {
			scale = max(scale, math.Abs(v))
		}
	}
	for i, v := range got.Floats() {
		w := want.Float64s()[i]
		if v != w && !(math.Abs(v-w) <= tolerance*scale) {
			t.Errorf("%s, element %d: %.15g, want %.15g", what, i, v, w)
		}
	}
}
