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
					report, err := gradcheck.Check(f, rule.inputs(rng), gradcheck.Options{Seed: seed, Mode: mode})
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
					variables{x}, gradcheck.Options{Seed: seed})
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
	checkRight(t, apply, variables{x}, gradcheck.Options{Mode: gradcheck.Fast})
	f = cube(func(x, y, g autograd.Variable) autograd.Variable { return cubeSlope(x, g).MulScalar(1 + 1e-6) })
	report, err := gradcheck.Check(apply, variables{x}, gradcheck.Options{Mode: gradcheck.Fast})
	checkCaught(t, report, err)
	for _, e := range report.WrongEntries {
		if e.Index == nil {
			t.Errorf("an error was not traced to its element: %v", err)
		}
	}
}

// secondOrderRules have first derivatives that are right and second ones that are not.
var secondOrderRules = []struct {
	name string
	f    *autograd.Function
	says string
}{
	{
		name: "input detached in the rule",
		f:    cube(func(x, y, g autograd.Variable) autograd.Variable { return cubeSlope(x.Detach(), g) }),
		says: "the gradient of x is 0 in every wrong entry",
	},
	{
		name: "output detached in the rule",
		f: &autograd.Function{
			Name:    "exp",
			Forward: func(xs variables) autograd.Variable { return xs[0].Exp() },
			VJP: func(xs variables, y, g autograd.Variable) variables {
				return variables{g.Mul(y.Detach())}
			},
		},
		says: "the gradient of x is 0 in every wrong entry",
	},
	{
		name: "helper with a wrong rule of its own",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			return g.Mul(wrongSquare.Apply(x)).MulScalar(3)
		}),
		says: "1.001 times what it should be",
	},
	{
		name: "upstream gradient detached",
		f: cube(func(x, y, g autograd.Variable) autograd.Variable {
			return cubeSlope(x, g.Detach())
		}),
		says: "the gradient of upstream is 0 in every wrong entry",
	},
}

var wrongSquare = &autograd.Function{
	Name:    "square",
	Forward: func(xs variables) autograd.Variable { return xs[0].Square() },
	VJP: func(xs variables, y, g autograd.Variable) variables {
		return variables{g.Mul(xs[0]).MulScalar(2 * 1.001)}
	},
}

func TestWrongSecondDerivativesAreCaught(t *testing.T) {
	for _, rule := range secondOrderRules {
		for _, mode := range []gradcheck.Mode{gradcheck.Full, gradcheck.Fast} {
			t.Run(rule.name+"/"+mode.String(), func(t *testing.T) {
				f := func(xs variables) autograd.Variable { return rule.f.Apply(xs...) }
				x := positive(rand.New(rand.NewPCG(0, 3)), 3, 4)
				options := gradcheck.Options{Mode: mode}
				if _, err := gradcheck.Check(f, variables{x}, options); err != nil {
					t.Fatalf("the first derivative is right: %v", err)
				}
				options.SecondOrder = true
				report, err := gradcheck.Check(f, variables{x}, options)
				checkCaught(t, report, err)
				if !strings.Contains(err.Error(), rule.says) {
					t.Fatalf("the report lacks %q:\n%v", rule.says, err)
				}
				for _, e := range report.WrongEntries {
					if e.Order != 2 {
						t.Errorf("entry of order %d: %+v", e.Order, e)
					}
				}
			})
		}
	}
}

// A rule may compute something else where the pass is recorded.
func TestRecordedPassIsCompared(t *testing.T) {
	f := cube(func(x, y, g autograd.Variable) autograd.Variable {
		grad := cubeSlope(x, g)
		if g.Tape().Recording() {
			grad = grad.MulScalar(2)
		}
		return grad
	})
	report, err := gradcheck.Check(func(xs variables) autograd.Variable { return f.Apply(xs[0]) },
		variables{autograd.New([]float64{1, 2})}, gradcheck.Options{SecondOrder: true})
	checkCaught(t, report, err)
	checkProperty(t, report, gradcheck.SamePasses)
}

// Forward mode has rules of its own, which may be wrong where the backward rule is right.
func TestForwardModeIsCompared(t *testing.T) {
	for _, mode := range []gradcheck.Mode{gradcheck.Full, gradcheck.Fast} {
		t.Run(mode.String(), func(t *testing.T) {
			f := cube(func(x, y, g autograd.Variable) autograd.Variable { return cubeSlope(x, g) })
			factor := 3.
			f.JVP = func(xs variables, y autograd.Variable, ts variables) autograd.Variable {
				return ts[0].Mul(xs[0]).Mul(xs[0]).MulScalar(factor)
			}
			apply := func(xs variables) autograd.Variable { return f.Apply(xs[0]) }
			x := positive(rand.New(rand.NewPCG(0, 4)), 3, 4)
			options := gradcheck.Options{ForwardMode: true, Mode: mode}
			if _, err := gradcheck.Check(apply, variables{x}, options); err != nil {
				t.Fatalf("forward mode is right: %v", err)
			}
			factor = 3 + 1e-7
			report, err := gradcheck.Check(apply, variables{x}, options)
			checkCaught(t, report, err)
			checkProperty(t, report, gradcheck.SameModes)
			f.JVP = func(xs variables, y autograd.Variable, ts variables) autograd.Variable { return ts[0].Sum() }
			report, err = gradcheck.Check(apply, variables{x}, options)
			if report != nil || err == nil || !strings.Contains(err.Error(), "forward mode") {
				t.Errorf("with a tangent of another shape: got report %v and error %v", report, err)
			}
			f.JVP = nil
			report, err = gradcheck.Check(apply, variables{x}, options)
			if report != nil || err == nil || !strings.Contains(err.Error(), "forward mode") {
				t.Errorf("without a JVP: got report %v and error %v", report, err)
			}
		})
	}
}

// What the engine refuses comes out as an error that says where.
func TestEnginePanicsBecomeErrors(t *testing.T) {
	identity := func(vjp func(xs variables, y, g autograd.Variable) variables) autograd.Func {
		f := &autograd.Function{
			Name:    "identity",
			Forward: func(xs variables) autograd.Variable { return xs[0].Clone() },
			VJP:     vjp,
		}
		return func(xs variables) autograd.Variable { return f.Apply(xs[0]) }
	}
	x := normal(rand.New(rand.NewPCG(0, 5)), 2, 3)
	tests := []struct {
		name    string
		f       autograd.Func
		inputs  variables
		options gradcheck.Options
		says    string
		as      any // target for errors.As
	}{
		{
			name: "gradient of another shape",
			f: identity(func(xs variables, y, g autograd.Variable) variables {
				return variables{g.T()}
			}),
			says: "backward pass of the function", as: new(*autograd.ShapeError),
		},
		{
			name: "gradient of another type",
			f: identity(func(xs variables, y, g autograd.Variable) variables {
				return variables{g.AsType(autograd.Float32)}
			}),
			says: "backward pass of the function", as: new(*autograd.DTypeError),
		},
		{
			name: "too few gradients",
			f:    identity(func(xs variables, y, g autograd.Variable) variables { return nil }),
			says: "backward pass of the function", as: new(*autograd.ValueError),
		},
		{
			name: "rule on slices differentiated again",
			f: identity(func(xs variables, y, g autograd.Variable) variables {
				return variables{g.Clone()}
			}),
			options: gradcheck.Options{SecondOrder: true},
			says:    "computing the gradient, to be differentiated again", as: new(*autograd.TapeError),
		},
		{
			name: "forward panics",
			f:    func(xs variables) autograd.Variable { return xs[0].MatMul(xs[0]) },
			says: "computing the function", as: new(*autograd.ShapeError),
		},
		{
			name: "float32 result",
			f:    func(xs variables) autograd.Variable { return xs[0].AsType(autograd.Float32) },
			says: "result is float32 although the inputs are float64",
		},
		{
			name: "invalid result",
			f:    func(xs variables) autograd.Variable { return autograd.Variable{} },
			says: "result is not a usable Variable",
		},
		{
			name: "result on another tape",
			f: func(xs variables) autograd.Variable {
				return autograd.NewTape().Watch(xs[0].Clone()).Exp()
			},
			says: "another tape",
		},
		{
			name: "shape depends on values",
			f: func(xs variables) autograd.Variable {
				if xs[0].At(0, 0) == x.At(0, 0) {
					return xs[0].Exp()
				}
				return xs[0].Exp().Sum()
			},
			says: "change with the inputs",
		},
		{
			name:   "float32 input",
			f:      func(xs variables) autograd.Variable { return xs[0].Exp() },
			inputs: variables{autograd.Ones(autograd.Float32, 2)},
			says:   "x is float32: differences need float64",
		},
		{
			name:    "invalid input",
			f:       func(xs variables) autograd.Variable { return xs[0].Exp() },
			inputs:  variables{x, {}},
			options: gradcheck.Options{Names: []string{"weight", "bias"}},
			says:    "bias is not a usable Variable",
		},
		{
			name:    "tolerance out of range",
			f:       func(xs variables) autograd.Variable { return xs[0].Exp() },
			options: gradcheck.Options{RTol: -1},
			says:    "Options.RTol is -1",
		},
		{
			name:    "NaN tolerance",
			f:       func(xs variables) autograd.Variable { return xs[0].Exp() },
			options: gradcheck.Options{ATol: math.NaN()},
			says:    "Options.ATol is NaN",
		},
		{
			name:    "step out of range",
			f:       func(xs variables) autograd.Variable { return xs[0].Exp() },
			options: gradcheck.Options{Step: 2},
			says:    "Options.Step is 2",
		},
		{
			name:    "unknown mode",
			f:       func(xs variables) autograd.Variable { return xs[0].Exp() },
			options: gradcheck.Options{Mode: 9},
			says:    "Options.Mode is 9",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.inputs == nil {
				test.inputs = variables{x}
			}
			report, err := gradcheck.Check(test.f, test.inputs, test.options)
			if report != nil || err == nil {
				t.Fatalf("got report %v and error %v, expected only an error", report, err)
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %q lacks %q", err, test.says)
			}
			if test.as != nil && !errors.As(err, test.as) {
				t.Errorf("error %v does not wrap a %T", err, test.as)
			}
		})
	}
}
