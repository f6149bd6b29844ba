package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

var full = flag.Bool("full", false, "learn at full size with three seeds")

// Burgers' equation: the full network is within 1 % of finite differences. A smaller one
// learns a smoother solution, of five times the viscosity, to 6 %.
func TestBurgers(t *testing.T) {
	b, seeds, limit := burgers{viscosity: 0.1 / math.Pi, points: 500, hidden: []int{16, 16}, adam: 200, rounds: 1, lbfgs: 400}, 1, 0.06
	if *full {
		b, seeds, limit = fullBurgers, 3, 0.01
	}
	for seed := range uint64(seeds) {
		r, err := runBurgers(t.Context(), b, seed+1, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		distance := r.network.distance(r.reference)
		t.Logf("seed %d: relative error %.5f", seed+1, distance)
		if !(distance < limit) {
			t.Errorf("seed %d: relative error %.5f, expected less than %v", seed+1, distance, limit)
		}
		checkPicture(t, r.draw)
	}
	untrained, err := burgers{points: 1, hidden: b.hidden, adam: 1}.learn(t.Context(), 1, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if d := fieldOf(untrained, 51, 201).distance(b.finiteDifferences(51, 201, 4)); d < 0.2 {
		t.Errorf("the untrained network's relative error is %v: there is nothing to learn", d)
	}
}

// The reference itself: with cells of half the size it is the same to a fiftieth of what is allowed, and the
// solution's symmetry u(−x, t) = −u(x, t) is there.
func TestFiniteDifferences(t *testing.T) {
	u := fullBurgers.finiteDifferences(11, 201, 4)
	if d := u.distance(fullBurgers.finiteDifferences(11, 201, 8)); !(d < 2e-4) {
		t.Errorf("with half the cells' size it differs by %v", d)
	}
	for i := range u {
		for j := range u[i] {
			if math.Abs(u[i][j]+u[i][len(u[i])-1-j]) > 1e-9 {
				t.Fatalf("u is %v at one side and %v at the other", u[i][j], u[i][len(u[i])-1-j])
			}
		}
	}
}

// The network's derivatives, in a residual, are those of differences of its values.
func TestResidual(t *testing.T) {
	b := burgers{viscosity: 0.3, points: 1, hidden: []int{8, 8}, adam: 1}
	model, err := b.learn(t.Context(), 3, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	u := func(x, t float64) float64 {
		return solution(model, autograd.New([]float64{x}, 1, 1), autograd.New([]float64{t}, 1, 1)).Item()
	}
	const h = 1e-4
	for _, at := range [][2]float64{{0.3, 0.2}, {-0.7, 0.9}} {
		x, s := at[0], at[1]
		want := (u(x, s+h)-u(x, s-h))/(2*h) + u(x, s)*(u(x+h, s)-u(x-h, s))/(2*h) -
			b.viscosity*(u(x+h, s)-2*u(x, s)+u(x-h, s))/(h*h)
		if got := b.residual(model, autograd.New([]float64{x}, 1, 1), autograd.New([]float64{s}, 1, 1)).Item(); math.Abs(got-want) > 1e-6 {
			t.Errorf("residual %v at %v, differences say %v", got, at, want)
		}
	}
}

// The spiral, to 5 % at full size and to half in a tenth of the time, where a trajectory that
// is out of step is off by more than all; and gradients that agree to 1e-6: through the solver's checkpointed steps, and by the
// adjoint equation.
func TestSpiral(t *testing.T) {
	if testing.Short() {
		t.Skip("it learns for five seconds, and the race detector makes that a minute")
	}
	p, seeds, limit := spiral{hidden: 24, horizon: 20, adam: 150, lbfgs: 150}, 1, 0.5
	if *full {
		p, seeds, limit = fullSpiral, 3, 0.05
	}
	for seed := range uint64(seeds) {
		r, err := runSpiral(t.Context(), p, seed+1, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		untrained := spiralResult{after: r.before, truth: r.truth}.miss()
		t.Logf("seed %d: relative error %.4f, of the untrained network %.4f, gradients differ by %.1e", seed+1, r.miss(), untrained, r.disagreement)
		if !(r.miss() < limit) || untrained < 1 {
			t.Errorf("seed %d: relative error %.4f, expected less than %v", seed+1, r.miss(), limit)
		}
		if !(r.disagreement < 1e-6) {
			t.Errorf("seed %d: gradients differ by %v", seed+1, r.disagreement)
		}
		checkPicture(t, r.draw)
	}
}

// The two ways to the gradient agree for a network that has not learned anything, too.
func TestGradientsAgree(t *testing.T) {
	points, err := truth()
	if err != nil {
		t.Fatal(err)
	}
	model, f := newField(rand.New(rand.NewPCG(7, 1)), 6)
	if d, err := compareGradients(model, solver{f, 1e-9}, points); err != nil || !(d < 1e-6) {
		t.Errorf("they differ by %v (%v)", d, err)
	}
}

// A step's error is of sixth order in its size, and the solver finds what is known exactly.
func TestSolver(t *testing.T) {
	rotation := autograd.New([]float64{0, 1, -1, 0}, 2, 2)
	s := solver{func(y v) v { return y.MatMul(rotation) }, 1e-10}
	start := autograd.New([]float64{1, 0}, 1, 2)
	missed := func(y v, t float64) float64 { return math.Hypot(y.At(0, 0)-math.Cos(t), y.At(0, 1)-math.Sin(t)) }
	coarse, _ := s.step(start, 0.2)
	fine, _ := s.step(start, 0.1)
	if order := math.Log2(missed(coarse, 0.2) / missed(fine, 0.1)); order < 5.8 {
		t.Errorf("half the step makes the error 2^%.2f times as small", order)
	}
	for _, duration := range []float64{10, -10} {
		steps, end, err := s.plan(start, duration)
		if err != nil || missed(end, duration) > 1e-8 || len(steps) > 300 {
			t.Errorf("after %d steps the error is %v (%v)", len(steps), missed(end, duration), err)
		}
	}
	explosion := solver{func(y v) v { return y.Square() }, 1e-6} // y = 1/(1 − t)
	if _, _, err := explosion.plan(autograd.New([]float64{1}), 2); err == nil {
		t.Error("the solver passed a singularity")
	}
}

func TestProgram(t *testing.T) {
	var stdout, stderr bytes.Buffer
	for _, args := range [][]string{{"-typo"}, {"argument"}, {"-only", "chess"}} {
		if err := program(t.Context(), args, &stdout, &stderr); !errors.Is(err, errUsage) {
			t.Errorf("%v: %v", args, err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := program(t.Context(), []string{"-out", file}, &stdout, &stderr); err == nil {
		t.Error("a file as directory")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, part := range []string{"burgers", "ode"} {
		if err := program(cancelled, []string{"-only", part}, &stdout, &stderr); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled, %s: %v", part, err)
		}
	}
	model, f := newField(rand.New(rand.NewPCG(1, 1)), 4)
	loss := func(tape *autograd.Tape) (v, error) {
		return f(tape.Const(autograd.New([]float64{1, 2}, 1, 2))).Square().Sum(), nil
	}
	if err := minimize(cancelled, model, 5, &stdout, "", loss); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled in L-BFGS: %v", err)
	}
}

func checkPicture(t *testing.T, draw func(path string) error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture.png")
	if err := draw(path); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := png.Decode(file); err != nil {
		t.Error(err)
	}
}
