package nn_test

import (
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/nn"
)

// A steady step of any loss allocates nothing, with labels that are ignored, weights of
// classes, of examples and of positive targets, and classes on another axis too.
func TestLossesAllocateNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	set := newWholeSet()
	var all []int
	for i := range wholeExamples {
		all = append(all, i)
	}
	losses := wholeLosses()
	losses["BCEWithLogits of one PosWeight"] = nn.BCEWithLogits{PosWeight: []float64{3}}
	losses["BCEWithLogits of a PosWeight each"] = nn.BCEWithLogits{PosWeight: []float64{3, 1, 0, 0.5}}
	tested := 0
	for _, dtype := range []autograd.DType{autograd.Float32, double} {
		for _, kind := range []string{"labels", "targets", "binary", "images"} {
			for _, weighted := range []bool{false, true} {
				for name, loss := range losses {
					x, target := set.target(kind, weighted, all)
					x = x.AsType(dtype)
					values := target.Values
					if kind == "targets" {
						values = values.AsType(dtype)
					}
					if kind == "binary" {
						for i, label := range target.Labels {
							target.Labels[i] = min(label, 1)
						}
					}
					switch classes := loss.(type) {
					case nn.CrossEntropy:
						if classes.ClassAxis = 0; kind == "images" {
							classes.ClassAxis = 1
						}
						loss = classes
					case nn.NLL:
						if classes.ClassAxis = 0; kind == "images" {
							classes.ClassAxis = 1
						}
						loss = classes
					default:
						if kind == "images" {
							continue
						}
					}
					if loss == nil {
						continue
					}
					if kind == "images" { // [2, 4, 3, 3], with a label for each pixel
						x, target.Labels = autograd.Normal(newRand(2), dtype, 0, 1, 2, 4, 3, 3), make([]int, 18)
						for i := range target.Labels {
							target.Labels[i] = i%5 - 1
						}
						if weighted {
							target.Weights = []float64{2, 0}
						}
					}
					tape := autograd.NewTape(autograd.TapeConfig{Training: true})
					step := func() {
						tape.Reset()
						output := tape.Watch(x)
						if kind == "binary" {
							output = output.Mean(1)
						}
						if kind == "targets" {
							target.Values = tape.Const(values)
						}
						l, _ := loss.Of(output, target)
						l.Backward()
					}
					if autograd.Try(step) != nil {
						continue // a loss by the other kind of target, or without weights
					}
					tested++
					step()
					step()
					if n := testing.AllocsPerRun(20, step); n != 0 {
						t.Errorf("%v, %s, weights %v, %s: %v allocations a step", dtype, kind, weighted, name, n)
					}
				}
			}
		}
	}
	if tested < 100 {
		t.Errorf("only %d losses were tested", tested)
	}
}

// Nor does a steady step of CTC, with examples of different lengths.
func TestCTCAllocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	x := autograd.Normal(newRand(1), autograd.Float32, 0, 1, 3, 6, 4)
	targets, lengths := [][]int{{1, 2}, {}, {3, 3, 1}}, []int{6, 2, 5}
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	step := func() {
		tape.Reset()
		nn.CTC{ZeroInfinity: true}.Loss(tape.Watch(x).LogSoftmax(-1), targets, lengths).Backward()
	}
	for range 20 {
		step()
	}
	if n := testing.AllocsPerRun(20, step); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}
