package gradcheck_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
)

// The checker must be able to fail. These are operations whose forward computation is
// right and whose backward rule has one deliberate mistake each.

type variables = []autograd.Variable

func normal(rng *rand.Rand, shape ...int) autograd.Variable {
	return autograd.Normal(rng, autograd.Float64, 0, 1, shape...)
}

// positive is uniform in [0.5, 2).
func positive(rng *rand.Rand, shape ...int) autograd.Variable {
	return autograd.Uniform(rng, autograd.Float64, 0.5, 2, shape...)
}

// onSlice is a rule that changes a right gradient element by element.
func onSlice(v autograd.Variable, change func(g []float64)) autograd.Variable {
	c := v.Clone()
	change(c.Float64s())
	return c
}

// cube is y = x³ with a given rule.
func cube(vjp func(x, y, g autograd.Variable) autograd.Variable) *autograd.Function {
	return &autograd.Function{
		Name:    "cube",
		Forward: func(xs variables) autograd.Variable { return xs[0].Mul(xs[0]).Mul(xs[0]) },
		VJP:     func(xs variables, y, g autograd.Variable) variables { return variables{vjp(xs[0], y, g)} },
	}
}

// cubeSlope is the right rule.
func cubeSlope(x, g autograd.Variable) autograd.Variable { return g.Mul(x).Mul(x).MulScalar(3) }

// wrongRule is a row of the table: a wrong operation and what the report must say.
type wrongRule struct {
	name   string
	f      *autograd.Function
	inputs func(rng *rand.Rand) variables

	property gradcheck.Property // the property that fails, or
	late     bool               // only after differences were taken
	says     string             // what the report's text has where derivatives are wrong
	onlyFull bool               // says is a pattern that only a full Jacobian shows
	saysNot  string             // what it must not have
}

func square7(rng *rand.Rand) variables { return variables{normal(rng, 7, 7)} }

// What rules that are not deterministic depend on.
var (
	calls int
	drift float64
	used  map[autograd.Variable]bool

	firstTape *autograd.Tape
)

var wrongRules = []wrongRule{
	{
		name: "transposed",
		f: &autograd.Function{
			Name:    "mul",
			Forward: func(xs variables) autograd.Variable { return xs[0].Mul(xs[1]) },
			VJP: func(xs variables, y, g autograd.Variable) variables {
				return variables{g.Mul(xs[1]).T(), g.Mul(xs[0])}
			},
		},
		inputs:   func(rng *rand.Rand) variables { return variables{normal(rng, 5, 5), normal(rng, 5, 5)} },
		says:     "the gradient of x0 is transposed",
		onlyFull: true,
	},
	{
		name: "matrix product with factors exchanged",
		f: &autograd.Function{
			Name:    "matmul",
			Forward: func(xs variables) autograd.Variable { return xs[0].MatMul(xs[1]) },
			VJP: func(xs variables, y, g autograd.Variable) variables {
				return variables{xs[1].T().MatMul(g), xs[0].T().MatMul(g)}
			},
		},
		inputs: func(rng *rand.Rand) variables { return variables{normal(rng, 4, 4), normal(rng, 4, 4)} },
		says:   "/∂x0[",
	},
	{
		name: "term dropped",
		f: &autograd.Function{
			Name:    "x·eˣ",
			Forward: func(xs variables) autograd.Variable { return xs[0].Mul(xs[0].Exp()) },
			VJP: func(xs variables, y, g autograd.Variable) variables {
				return variables{g.Mul(y)}
			},
		},
		inputs: square7,
		says:   "/∂x[",
	},
	{
		name:   "wrong sign",
		f:      cube(func(x, y, g autograd.Variable) autograd.Variable { return cubeSlope(x, g).Neg() }),
		inputs: square7,
		says:   "opposite sign",
	},
	{
		name: "sum over a broadcast axis missing",
		f: &autograd.Function{
			Name:    "add bias",
			Forward: func(xs variables) autograd.Variable { return xs[0].Add(xs[1]) },
			VJP: func(xs variables, y, g autograd.Variable) variables {
				return variables{g, g.Slice(0, 0, 1).Reshape(xs[1].Shape()...)}
			},
		},
		inputs: func(rng *rand.Rand) variables { return variables{normal(rng, 6, 5), normal(rng, 5)} },
		says:   "the gradient of x1 is 0 in every wrong entry", onlyFull: true,
	},
	{
		name: "upstream gradient ignored",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			return x.Square().MulScalar(3)
		}),
		inputs:   square7,
		property: gradcheck.ZeroUpstream,
	},
	{
		name: "upstream gradient clipped",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			return cubeSlope(x, onSlice(g, func(g []float64) {
				for i := range g {
					g[i] = min(max(g[i], -1), 1)
				}
			}))
		}),
		inputs:   square7,
		property: gradcheck.Linear, late: true,
	},
	{
		name: "upstream gradient squashed where it is dense",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			return cubeSlope(x, onSlice(g, func(g []float64) {
				nonzero := 0
				for i := range g {
					if g[i] != 0 {
						nonzero++
					}
				}
				if nonzero > 1 {
					for i := range g {
						g[i] = math.Tanh(g[i])
					}
				}
			}))
		}),
		inputs:   square7,
		property: gradcheck.Linear, late: true,
	},
	{
		name:   "1 % off",
		f:      cube(func(x, y, g autograd.Variable) autograd.Variable { return cubeSlope(x, g).MulScalar(1.01) }),
		inputs: square7,
		says:   "1.01 times what it should be",
	},
	{
		name:   "a millionth off",
		f:      cube(func(x, y, g autograd.Variable) autograd.Variable { return cubeSlope(x, g).MulScalar(1 + 1e-6) }),
		inputs: square7,
		says:   "1.000001 times what it should be",
	},
	{
		name: "one entry zeroed",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			return onSlice(cubeSlope(x, g), func(g []float64) { g[7*3+2] = 0 })
		}),
		inputs: square7,
		says:   "∂x[3,2] at x[3,2] = ", saysNot: "along axis",
	},
	{
		name: "one column doubled",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			return onSlice(cubeSlope(x, g), func(g []float64) {
				for i := 4; i < len(g); i += 7 {
					g[i] *= 2
				}
			})
		}),
		inputs: square7,
		says:   "wrong are exactly the elements of x with index 4 along axis 1", onlyFull: true,
	},
	{
		name: "wrong for large x",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			return onSlice(cubeSlope(x, g), func(g []float64) {
				for i, v := range x.Float64s() {
					if v > 0.5 {
						g[i] *= 1.5
					}
				}
			})
		}),
		inputs: square7,
		says:   "wrong are exactly the elements of x above 0.", onlyFull: true,
	},
	{
		name: "wrong axis",
		f: &autograd.Function{
			Name:    "softmax",
			Forward: func(xs variables) autograd.Variable { return xs[0].Softmax(1) },
			VJP: func(xs variables, y, g autograd.Variable) variables {
				return variables{y.Mul(g.Sub(g.Mul(y).SumKeepDims(0)))}
			},
		},
		inputs: func(rng *rand.Rand) variables { return variables{normal(rng, 4, 4)} },
		says:   "/∂x[",
	},
	{
		name: "no gradient at all",
		f: &autograd.Function{
			Name:    "mul",
			Forward: func(xs variables) autograd.Variable { return xs[0].Mul(xs[1]) },
			VJP: func(xs variables, y, g autograd.Variable) variables {
				return variables{g.Mul(xs[1]), {}}
			},
		},
		inputs: func(rng *rand.Rand) variables { return variables{normal(rng, 6), normal(rng, 6)} },
		says:   "the gradient of x1 is 0 in every wrong entry",
	},
	{
		name: "NaN in one entry",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			return onSlice(cubeSlope(x, g), func(g []float64) {
				if g[5] != 0 {
					g[5] = math.NaN()
				}
			})
		}),
		inputs: square7,
		says:   "NaN, although the function is finite here",
	},
	{
		name: "NaN always",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			return onSlice(cubeSlope(x, g), func(g []float64) {
				for i := range g {
					g[i] = math.NaN()
				}
			})
		}),
		inputs:   square7,
		property: gradcheck.ZeroUpstream,
	},
	{
		name: "infinite in one entry",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			return onSlice(cubeSlope(x, g), func(g []float64) {
				if g[5] != 0 {
					g[5] = math.Inf(1)
				}
			})
		}),
		inputs: square7,
		says:   "Inf, although the derivative is finite",
	},
	{
		name: "rule not deterministic",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			calls++
			return cubeSlope(x, g).MulScalar(1 + 1e-15*float64(calls%7))
		}),
		inputs:   square7,
		property: gradcheck.Repeatable,
	},
	{
		name: "rule works only once for each result",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			factor := 3.
			if used[y] {
				factor = 4
			}
			used[y] = true
			return g.Mul(x).Mul(x).MulScalar(factor)
		}),
		inputs:   square7,
		property: gradcheck.Repeatable,
	},
	{
		name: "rule depends on the tape",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			if firstTape == nil {
				firstTape = x.Tape()
			}
			factor := 3.
			if x.Tape() != firstTape {
				factor = 4
			}
			return g.Mul(x).Mul(x).MulScalar(factor)
		}),
		inputs:   square7,
		property: gradcheck.Repeatable,
	},
	{
		name: "forward not deterministic",
		f: &autograd.Function{
			Name: "noise",
			Forward: func(xs variables) autograd.Variable {
				calls++
				return xs[0].AddScalar(1e-14 * float64(calls))
			},
			VJP: func(xs variables, y, g autograd.Variable) variables { return variables{g} },
		},
		inputs:   square7,
		property: gradcheck.Deterministic,
	},
	{
		name: "forward depends on what was computed before",
		f: &autograd.Function{
			Name: "drift",
			Forward: func(xs variables) autograd.Variable {
				if x := xs[0].At(0); x > drift {
					drift = x
				}
				return xs[0].Square().AddScalar(drift)
			},
			VJP: func(xs variables, y, g autograd.Variable) variables {
				return variables{g.Mul(xs[0]).MulScalar(2)}
			},
		},
		inputs:   func(*rand.Rand) variables { return variables{autograd.New([]float64{1})} },
		property: gradcheck.Deterministic, late: true,
	},
	{
		name: "forward modifies its input",
		f: &autograd.Function{
			Name: "careless",
			Forward: func(xs variables) autograd.Variable {
				xs[0].Float64s()[2] += 1
				return xs[0].Clone()
			},
			VJP: func(xs variables, y, g autograd.Variable) variables { return variables{g} },
		},
		inputs:   square7,
		property: gradcheck.Unmodified,
	},
	{
		name: "rule modifies the input",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			grad := cubeSlope(x, g)
			x.Float64s()[3] = 0
			return grad
		}),
		inputs:   square7,
		property: gradcheck.Unmodified,
	},
	{
		name: "rule modifies the upstream gradient",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			grad := cubeSlope(x, g).Clone()
			g.Float64s()[3] = 0
			return grad
		}),
		inputs:   square7,
		property: gradcheck.Unmodified,
	},
}

func TestWrongRulesAreCaught(t *testing.T) {
	for _, rule := range wrongRules {
		for _, mode := range []gradcheck.Mode{gradcheck.Full, gradcheck.Fast} {
			t.Run(rule.name+"/"+mode.String(), func(t *testing.T) {
				for seed := range seeds(6) {
					calls, drift, used, firstTape = 0, 0, map[autograd.Variable]bool{}, nil
					rng := rand.New(rand.NewPCG(seed, 1))
					f := func(xs variables) autograd.Variable { return rule.f.Apply(xs...) }
					report, err := gradcheck.Check(f, rule.inputs(rng), gradcheck.Config{Seed: seed, Mode: mode})
					checkCaught(t, report, err)
					switch {
					case rule.property != "":
						checkProperty(t, report, rule.property)
						if report.Checked > 0 && !rule.late {
							t.Fatalf("derivatives were checked although nothing can be made of them:\n%v", err)
						}
					case mode == gradcheck.Full || !rule.onlyFull:
						if !strings.Contains(err.Error(), rule.says) {
							t.Fatalf("seed %d: the report lacks %q:\n%v", seed, rule.says, err)
						}
						if rule.saysNot != "" && strings.Contains(err.Error(), rule.saysNot) {
							t.Fatalf("seed %d: the report has %q:\n%v", seed, rule.saysNot, err)
						}
					}
				}
			})
		}
	}
}

// checkCaught fails unless the check did.
func checkCaught(t *testing.T, report *gradcheck.Report, err error) {
	t.Helper()
	var e *gradcheck.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, expected a *gradcheck.Error; report: %v", err, report)
	}
	if e.Report != report || report.Wrong == 0 && len(report.Failures) == 0 {
		t.Fatalf("the error does not hold the report: %v", report)
	}
	if report.Wrong != len(report.WrongEntries) {
		t.Errorf("%d wrong, but %d entries", report.Wrong, len(report.WrongEntries))
	}
}

func checkProperty(t *testing.T, report *gradcheck.Report, property gradcheck.Property) {
	t.Helper()
	for _, f := range report.Failures {
		if f.Property == property {
			return
		}
	}
	t.Fatalf("expected the failure of %q, got:\n%v", property, report)
}

// A single wrong element among many is what random directions are worst at.
func TestFastFindsOneElementOfMany(t *testing.T) {
	const size = 10_000
	for _, test := range []struct {
		name   string
		change float64
	}{
		{"zeroed", 0},
		{"1 % off", 1.01},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range seeds(3) {
				rng := rand.New(rand.NewPCG(seed, 2))
				at := rng.IntN(size)
				f := cube(func(x, y, g autograd.Variable) autograd.Variable {
					return onSlice(cubeSlope(x, g), func(g []float64) { g[at] *= test.change })
				})
				x := positive(rng, size)
				report, err := gradcheck.Check(func(xs variables) autograd.Variable { return f.Apply(xs[0]) },
					variables{x}, gradcheck.Config{Seed: seed})
				checkCaught(t, report, err)
				if report.Wrong != 1 || report.WrongEntries[0].Index[0] != at {
					t.Fatalf("seed %d: expected just x[%d] to be wrong:\n%v", seed, at, err)
				}
			}
		})
	}
}

// In fast mode the step is in proportion to large values, lest rounding hide an error.
func TestFastModeAtLargeValues(t *testing.T) {
	x := normal(rand.New(rand.NewPCG(0, 13)), 50).MulScalar(1e9)
	f := cube(func(x, y, g autograd.Variable) autograd.Variable { return cubeSlope(x, g) })
	apply := func(xs variables) autograd.Variable { return f.Apply(xs[0]) }
	checkRight(t, apply, variables{x}, gradcheck.Config{Mode: gradcheck.Fast})
	f = cube(func(x, y, g autograd.Variable) autograd.Variable { return cubeSlope(x, g).MulScalar(1 + 1e-6) })
	report, err := gradcheck.Check(apply, variables{x}, gradcheck.Config{Mode: gradcheck.Fast})
	checkCaught(t, report, err)
	if report.Wrong <= 5 { // as many single elements are checked besides
		t.Errorf("the directions did not show that all is wrong: %v", err)
	}
}
