package bench

import (
	"maps"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// stepElements are the elements of the parameter that optimizers are measured with: its
// arrays, 40 MB each, fit in no cache.
const stepElements = 10_000_000

// triad makes y ← y + s·x, 12 bytes an element, with a goroutine for each thread: what steps
// of optimizers are compared with.
func triad(y, x []float32) {
	threads := runtime.GOMAXPROCS(0)
	var done sync.WaitGroup
	for i := range threads {
		lo, hi := i*len(x)/threads, (i+1)*len(x)/threads
		done.Go(func() { simd.AddScaled(y[lo:hi], x[lo:hi], 0.5) })
	}
	done.Wait()
}

// besideTriad measures f, which reads and writes so many bytes for each of stepElements
// elements, and the triad over arrays of that size in turns. Besides time and the rate it
// reports %triad, the share that f's rate is of the triad's, by the best time of each, as
// package limits measures: others were disturbed by whatever else the machine does.
func besideTriad(b *testing.B, bytes float64, f func()) {
	x, y := make([]float32, stepElements), make([]float32, stepElements)
	simd.Fill(x, 1) // gives each page memory of its own
	simd.Fill(y, 1)
	step, reference := time.Hour, time.Hour
	for b.Loop() {
		begin := time.Now()
		f()
		step = min(step, time.Since(begin))
		begin = time.Now()
		triad(y, x)
		reference = min(reference, time.Since(begin))
	}
	b.ReportMetric(float64(step.Nanoseconds()), "ns/op") // without the triad
	b.ReportMetric(bytes*stepElements/step.Seconds()/1e9, "GB/s")
	b.ReportMetric(100*bytes/step.Seconds()/(12/reference.Seconds()), "%triad")
}

// BenchmarkOptimizer measures a step of one parameter of that size, float32. Counted are
// the bytes that must be read and written: the parameter and each array of state read and
// written, and the gradient read.
func BenchmarkOptimizer(b *testing.B) {
	type params = map[string]autograd.Variable
	for _, o := range []struct {
		name  string
		make  func(p params) optim.Optimizer
		bytes float64 // an element
	}{
		{"SGD", func(p params) optim.Optimizer { return optim.NewSGD(maps.All(p), optim.SGDConfig{}) }, 12},
		{"momentum", func(p params) optim.Optimizer {
			return optim.NewSGD(maps.All(p), optim.SGDConfig{Momentum: 0.9})
		}, 20},
		{"Adam", func(p params) optim.Optimizer { return optim.NewAdam(maps.All(p), optim.AdamConfig{}) }, 28},
		{"AdamW", func(p params) optim.Optimizer { return optim.NewAdamW(maps.All(p), optim.AdamConfig{}) }, 28},
	} {
		b.Run(o.name, func(b *testing.B) {
			w := autograd.Parameter(uniform(autograd.Float32, stepElements))
			tape := autograd.NewTape(autograd.TapeConfig{})
			grads := tape.Watch(w).Mul(uniform(autograd.Float32, stepElements)).Sum().Backward()
			optimizer := o.make(params{"w": w})
			optimizer.Step(grads) // makes the state
			besideTriad(b, o.bytes, func() { optimizer.Step(grads) })
		})
	}
}

// BenchmarkAverage measures an update of a moving average of that many weights: the average
// read and written, the weights read.
func BenchmarkAverage(b *testing.B) {
	w := autograd.Parameter(uniform(autograd.Float32, stepElements))
	average := optim.NewEMA(maps.All(map[string]autograd.Variable{"w": w}), optim.EMAConfig{})
	average.Update()
	besideTriad(b, 12, average.Update)
}
