package main

import (
	"bytes"
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

var full = flag.Bool("full", false, "train with three seeds instead of one")

// The program compares every number itself, and fails where two differ or XOR is not learned.
func TestProgram(t *testing.T) {
	seeds := []string{"1"}
	if *full {
		seeds = []string{"1", "2", "3"}
	}
	for _, seed := range seeds {
		var stdout, stderr bytes.Buffer
		if err := program([]string{"-seed", seed}, &stdout, &stderr); err != nil || stderr.Len() > 0 {
			t.Errorf("seed %s: %v, %s", seed, err, &stderr)
		}
		t.Logf("%s", &stdout)
		if seed != "1" {
			continue
		}
		// What the text quotes is what the program prints.
		text, err := os.ReadFile("tutorial.md")
		if err != nil {
			t.Fatal(err)
		}
		quoted := 0
		for line := range strings.Lines(string(text)) {
			if line, ok := strings.CutPrefix(line, "    "); ok && line != "…\n" {
				quoted++
				if !strings.Contains(stdout.String(), line) {
					t.Errorf("the text has a line that the program does not print: %s", line)
				}
			}
		}
		if quoted < 10 {
			t.Errorf("the text quotes %d lines", quoted)
		}
	}
	var stdout, stderr bytes.Buffer
	if err := program([]string{"-steps", "1"}, &stdout, &stderr); err == nil {
		t.Error("XOR was learned in one step")
	}
	for _, args := range [][]string{{"-typo"}, {"argument"}, {"-steps", "0"}} {
		if err := program(args, &stdout, &stderr); !errors.Is(err, errUsage) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// Random expressions of every operation, in which numbers are used again and again: values and
// gradients are chainrule's.
func TestTapeAgainstChainrule(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		ours, theirs := &Tape{}, autograd.NewTape(autograd.TapeConfig{})
		var xs []Value
		var ys []autograd.Variable
		for range 3 {
			value := 0.5 + rng.Float64()
			xs, ys = append(xs, ours.New(value)), append(ys, theirs.Watch(autograd.Scalar(value)))
		}
		for range 20 {
			i, j := rng.IntN(len(xs)), rng.IntN(len(xs))
			x, y, u, v := xs[i], xs[j], ys[i], ys[j]
			switch rng.IntN(8) {
			case 0:
				x, u = x.Add(y), u.Add(v)
			case 1:
				x, u = x.Sub(y), u.Sub(v)
			case 2:
				x, u = x.Mul(y).Tanh(), u.Mul(v).Tanh()
			case 3: // of what is not near 0
				x, u = x.Div(y.Mul(y).Add(ours.New(1))), u.Div(v.Mul(v).AddScalar(1))
			case 4:
				x, u = x.Sin(), u.Sin()
			case 5:
				x, u = x.Tanh().Exp(), u.Tanh().Exp()
			case 6:
				x, u = x.Mul(x).Add(ours.New(1)).Log(), u.Mul(u).AddScalar(1).Log()
			case 7:
				x, u = x.Tanh(), u.Tanh()
			}
			xs, ys = append(xs, x), append(ys, u)
		}
		sum, total := xs[0], ys[0]
		for i := range xs[1:] {
			sum, total = sum.Add(xs[i+1]), total.Add(ys[i+1])
		}
		if !close(sum.Float(), total.Item()) {
			t.Fatalf("value %v, chainrule's is %v", sum.Float(), total.Item())
		}
		grads, expected := sum.Backward(), total.Backward()
		for i := range 3 {
			if want := expected.Of(ys[i]).Item(); !close(grads[xs[i].index], want) {
				t.Fatalf("gradient %v, chainrule's is %v", grads[xs[i].index], want)
			}
		}
	}
}

func close(a, b float64) bool { return math.Abs(a-b) <= 1e-11*max(1, math.Abs(b)) }

// The text promises a hundred lines.
func TestTapeIsShort(t *testing.T) {
	text, err := os.ReadFile("tape.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines > 100 {
		t.Errorf("tape.go has %d lines", lines)
	}
}
