package gradcheck_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
)

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
				config := gradcheck.Config{Mode: mode}
				if _, err := gradcheck.Check(f, variables{x}, config); err != nil {
					t.Fatalf("the first derivative is right: %v", err)
				}
				config.SecondOrder = true
				report, err := gradcheck.Check(f, variables{x}, config)
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
		variables{autograd.New([]float64{1, 2})}, gradcheck.Config{SecondOrder: true})
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
			config := gradcheck.Config{ForwardMode: true, Mode: mode}
			if _, err := gradcheck.Check(apply, variables{x}, config); err != nil {
				t.Fatalf("forward mode is right: %v", err)
			}
			factor = 3 + 1e-7
			report, err := gradcheck.Check(apply, variables{x}, config)
			checkCaught(t, report, err)
			checkProperty(t, report, gradcheck.SameModes)
			f.JVP = func(xs variables, y autograd.Variable, ts variables) autograd.Variable { return ts[0].Sum() }
			report, err = gradcheck.Check(apply, variables{x}, config)
			if report != nil || err == nil || !strings.Contains(err.Error(), "forward mode") {
				t.Errorf("with a tangent of another shape: got report %v and error %v", report, err)
			}
			f.JVP = nil
			report, err = gradcheck.Check(apply, variables{x}, config)
			if report != nil || err == nil || !strings.Contains(err.Error(), "forward mode") {
				t.Errorf("without a JVP: got report %v and error %v", report, err)
			}
		})
	}
}
