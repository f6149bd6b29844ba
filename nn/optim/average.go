package optim

import (
	"iter"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Average keeps a running average of arrays beside them, such as of weights while they are
// trained: averages often do better than the weights of any step. Update n, from 1 on,
// makes it
//
//	average ← average + share(n)·(array − average)
//
// with a share that [NewEMA] and [NewSWA] define; that of the first update is 1, so that
// what the arrays were before does not count. [Average.Swap] puts the averages in the
// arrays' place for evaluation. An Average belongs to one goroutine at a time, and while
// its methods run nobody else may use the arrays. Updates allocate nothing.
type Average struct {
	entries []averaged
	share   func(n float64) float64
	updates float64
	swapped bool

	now   averageShare // of the update under way
	blend tensor.Update
	swap  tensor.Update
}

// averaged is an array with its average.
type averaged struct {
	name   string
	v, avg autograd.Variable
	of     tensor.Array    // the elements of v
	at     [1]tensor.Array // and of avg
}

type averageShare struct{ s float64 }

// EMAConfig configures [NewEMA].
type EMAConfig struct {
	Decay float64 // β, the share of the average that an update keeps; 0 means 0.999, None 0

	// WarmUp makes the decay of update n the lesser of Decay and (1+n)/(10+n), so that
	// the average of a short run is not that of its beginning.
	WarmUp bool

	// BiasCorrection makes the average the weighted mean of all updates so far, that of
	// update k with the weight β^(n−k), as Adam corrects its moments: the first ones do
	// not count for more than their weight.
	BiasCorrection bool
}

// NewEMA is the exponential moving average of arrays, such as nn.Params(model) and
// nn.Buffers(model): the first update takes their elements as they are, and each further
// one has the share 1−β. With BiasCorrection the share of update n is (1−β)/(1−βⁿ). An
// array with several names is averaged once. It panics with [*autograd.ValueError] if
// there are no arrays, one is on a tape or has the name of another, Decay is not in its
// range, or WarmUp and BiasCorrection, which are for the same, are both set.
func NewEMA(arrays iter.Seq2[string, autograd.Variable], config EMAConfig) *Average {
	const op = "optim.NewEMA"
	config = config.resolve(op)
	if config.WarmUp && config.BiasCorrection {
		panic(&autograd.ValueError{Op: op, Reason: "EMAConfig has both WarmUp and BiasCorrection: expected one at most"})
	}
	beta := config.Decay
	share := func(float64) float64 { return 1 - beta }
	switch {
	case config.WarmUp:
		share = func(n float64) float64 { return 1 - min(beta, (1+n)/(10+n)) }
	case config.BiasCorrection:
		share = func(n float64) float64 { return (1 - beta) / (1 - math.Pow(beta, n)) }
	}
	return newAverage(op, arrays, share)
}

func (c EMAConfig) resolve(op string) EMAConfig {
	settings{op, "EMAConfig"}.number(&c.Decay, "Decay", 0.999, fraction)
	return c
}

// NewSWA is the mean of arrays over all updates, each with the same weight: the share of
// update n is 1/n. It is what stochastic weight averaging takes of weights at the end of
// epochs (Izmailov et al. 2018). It panics as [NewEMA] does.
func NewSWA(arrays iter.Seq2[string, autograd.Variable]) *Average {
	return newAverage("optim.NewSWA", arrays, func(n float64) float64 { return 1 / n })
}

func newAverage(op string, arrays iter.Seq2[string, autograd.Variable], share func(n float64) float64) *Average {
	a := &Average{share: share}
	a.blend = updateOf(&a.now, averageRange[float32], averageRange[float64])
	a.swap = updateOf(&a.now, swapRange[float32], swapRange[float64])
	known, names := map[autograd.Variable]bool{}, map[string]bool{}
	for name, v := range arrays {
		if !v.IsValid() || v.Tape() != nil {
			panic(&autograd.ValueError{Op: op, Reason: name + " is not an array outside any tape"})
		}
		if known[v] {
			continue
		}
		if names[name] {
			panic(&autograd.ValueError{Op: op, Reason: "two arrays are named " + name})
		}
		known[v], names[name] = true, true
		avg := v.Clone()
		a.entries = append(a.entries, averaged{name, v, avg, arrayOf(v), [1]tensor.Array{arrayOf(avg)}})
	}
	if len(a.entries) == 0 {
		panic(&autograd.ValueError{Op: op, Reason: "there are no arrays"})
	}
	return a
}

// Update takes the arrays as they are now into the average. It panics with
// [*autograd.ValueError] while the averages are in the arrays' place.
func (a *Average) Update() {
	a.checkOwn("Update")
	a.updates++
	a.now.s = 1
	if a.updates > 1 {
		a.now.s = a.share(a.updates)
	}
	for i := range a.entries {
		e := &a.entries[i]
		tensor.Step(&a.blend, &e.at[0], &e.of, nil)
	}
}

// averageRange makes w the average of it and g.
func averageRange[T simd.Float](c *averageShare, x tensor.Slices[T]) {
	if c.s == 1 {
		copy(x.W, x.G)
		return
	}
	// In this form what does not change, as in a frozen layer, keeps its bits.
	var difference [512]T
	for len(x.W) > 0 {
		n := min(len(x.W), len(difference))
		simd.Sub(difference[:n], x.G[:n], x.W[:n])
		simd.AddScaled(x.W[:n], difference[:n], T(c.s))
		x.W, x.G = x.W[n:], x.G[n:]
	}
}

// Updates is how many updates there were.
func (a *Average) Updates() int { return int(a.updates) }

// Swap exchanges the elements of the arrays with their averages, and the next time back.
// Before the first update the averages are what the arrays were when a was made.
func (a *Average) Swap() {
	for i := range a.entries {
		e := &a.entries[i]
		tensor.Step(&a.swap, &e.of, &e.of, e.at[:])
		e.v.MarkModified()
	}
	a.swapped = !a.swapped
}

func swapRange[T simd.Float](_ *averageShare, x tensor.Slices[T]) {
	average := x.Slots[0]
	for i, w := range x.W {
		x.W[i], average[i] = average[i], w
	}
}

// Apply overwrites the arrays with their averages. Before the first update it does
// nothing. It panics with [*autograd.ValueError] while the averages are in the arrays'
// place.
func (a *Average) Apply() {
	a.checkOwn("Apply")
	if a.updates == 0 {
		return
	}
	for i := range a.entries {
		a.entries[i].v.CopyFrom(a.entries[i].avg)
	}
}

// All yields the averages by the names of their arrays. They share a's memory, and are
// valid until its next method. It panics with [*autograd.ValueError] while they are in
// the arrays' place.
func (a *Average) All() iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		a.checkOwn("All")
		for i := range a.entries {
			if !yield(a.entries[i].name, a.entries[i].avg) {
				return
			}
		}
	}
}

func (a *Average) checkOwn(method string) {
	if a.swapped {
		panic(&autograd.ValueError{Op: "optim.Average." + method, Reason: "the averages are in the arrays' place: Swap them back before"})
	}
}

// State yields all that later updates depend on besides the arrays and the configuration:
// the number of updates, a scalar of float64, as "updates", and the averages with
// "average." before their names.
func (a *Average) State() iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		if !yield("updates", autograd.Scalar(a.updates)) {
			return
		}
		for name, avg := range a.All() {
			if !yield("average."+name, avg) {
				return
			}
		}
	}
}

// Restore takes over a copy of what State yielded. If it does not fit, nothing is changed
// and the error is a [*StateError].
func (a *Average) Restore(state map[string]autograd.Variable) error {
	a.checkOwn("Restore")
	r := newRestoring(state)
	updates := r.number("updates", count)
	for i := range a.entries {
		e := &a.entries[i]
		r.array("average."+e.name, true, e.v.DType(), e.v.Shape())
	}
	if err := r.err(); err != nil {
		return err
	}
	a.updates = updates
	for i := range a.entries {
		a.entries[i].avg.CopyFrom(state["average."+a.entries[i].name])
	}
	return nil
}
