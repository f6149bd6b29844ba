package autograd_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

// tracker is a layer with running statistics: it adds the mean of its input to what it
// has, and gives the input times the sum.
type tracker struct {
	sum   autograd.Variable
	calls int64
}

func newTracker() *tracker { return &tracker{sum: autograd.Zeros(autograd.Float64, 2)} }

func (m *tracker) forward(x autograd.Variable) autograd.Variable {
	t := x.Tape()
	t.Assign(m.sum, t.Current(m.sum).Add(x.Mean(0)))
	t.AssignCounter(&m.calls, t.CurrentCounter(&m.calls)+1)
	return x.Mul(t.Current(m.sum))
}

// state is what the layer holds.
func (m *tracker) state() []float64 { return append(m.sum.Floats(), float64(m.calls)) }

func TestAssignWaitsForCommit(t *testing.T) {
	m := newTracker()
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	x := func() autograd.Variable { return tape.Watch(autograd.New([]float64{1, 2, 3, 4}, 2, 2)) }
	check := func(when string, want ...float64) {
		t.Helper()
		if diff := cmp.Diff(want, m.state()); diff != "" {
			t.Errorf("%s: %s", when, diff)
		}
	}
	m.forward(x())
	check("before Commit", 0, 0, 0)
	tape.Reset()
	m.forward(x())
	tape.Commit()
	check("Reset drops what waits", 2, 3, 1)
	tape.Commit()
	check("a second Commit", 2, 3, 1)
	tape.Reset()

	// The second use sees the first one's update, the first result keeps its factor.
	a, b := m.forward(x()), m.forward(x())
	if diff := cmp.Diff([]float64{4, 12, 12, 24}, a.Floats()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{6, 18, 18, 36}, b.Floats()); diff != "" {
		t.Error(diff)
	}
	tape.Commit()
	check("two uses", 6, 9, 3)
	tape.Reset()

	mark := tape.Mark()
	m.forward(x())
	tape.Rewind(mark)
	tape.Commit()
	check("Rewind keeps what waits", 8, 12, 4)
}

func TestAssignOnATapeWithoutGradients(t *testing.T) {
	m := newTracker()
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	m.forward(tape.Const(autograd.New([]float64{1, 2}, 1, 2)))
	tape.Commit()
	if diff := cmp.Diff([]float64{1, 2, 1}, m.state()); diff != "" {
		t.Error(diff)
	}
}

// What is assigned is the value at that time, and lives on its own.
func TestAssignCopies(t *testing.T) {
	buffer, source := vector(0, 0), vector(1, 2)
	tape := autograd.NewTape(autograd.TapeConfig{})
	tape.Assign(buffer, source)
	source.Float64s()[0] = 9
	tape.Assign(buffer, tape.Current(buffer).MulScalar(10))
	mark := tape.Mark()
	value := tape.Const(vector(3, 4)).Square()
	tape.Assign(buffer, value)
	tape.Rewind(mark)
	tape.Const(vector(5, 6)).Exp() // takes the memory
	tape.Commit()
	if diff := cmp.Diff([]float64{9, 16}, buffer.Floats()); diff != "" {
		t.Error(diff)
	}
}

func TestAssignInABackwardPassDoesNothing(t *testing.T) {
	m := newTracker()
	for _, recorded := range []bool{false, true} {
		tape := autograd.NewTape(autograd.TapeConfig{})
		x := tape.Watch(autograd.New([]float64{1, 2}, 1, 2))
		y := x.Square().Hook(func(grad autograd.Variable) autograd.Variable {
			tape.Assign(m.sum, grad.Reshape(2))
			tape.AssignCounter(&m.calls, 7)
			return autograd.Variable{}
		})
		if recorded {
			autograd.Grad(y.Sum(), x)
		} else {
			y.Sum().Backward()
		}
		tape.Commit()
	}
	if diff := cmp.Diff([]float64{0, 0, 0}, m.state()); diff != "" {
		t.Error(diff)
	}
}

// A checkpointed segment assigns once, sees what was assigned before it both times, and
// gives the same bits, also nested, in recorded passes and where buffers go on changing.
func TestCheckpointAssignsOnce(t *testing.T) {
	data := autograd.New([]float64{1, -2, 3, 0.5}, 2, 2)
	run := func(wrap func(f autograd.Func, x autograd.Variable) autograd.Variable) (results [][]float64) {
		m := newTracker()
		w := autograd.Parameter(vector(0.7, -0.3))
		tape := autograd.NewTape(autograd.TapeConfig{})
		for range 2 {
			x := tape.Watch(data)
			twice := func(xs []autograd.Variable) autograd.Variable {
				return m.forward(m.forward(xs[0]).Mul(w).Sin())
			}
			y := m.forward(x)
			y = wrap(twice, y)
			y = wrap(func(xs []autograd.Variable) autograd.Variable { return wrap(twice, xs[0]).Add(xs[0]) }, y)
			y = m.forward(y)
			loss := y.Square().Sum()
			first := autograd.Grad(loss, x, w)
			second := autograd.Grad(first[0].Square().Sum().Add(first[1].Sum()), x, w)
			grads := loss.Backward()
			results = append(results, y.Floats(), grads.Of(x).Floats(), grads.Of(w).Floats(),
				first[0].Floats(), first[1].Floats(), second[0].Floats(), second[1].Floats())
			tape.Commit()
			results = append(results, m.state())
			tape.Reset()
		}
		return results
	}
	want := run(func(f autograd.Func, x autograd.Variable) autograd.Variable { return f([]autograd.Variable{x}) })
	got := run(func(f autograd.Func, x autograd.Variable) autograd.Variable { return autograd.Checkpoint(f, x) })
	if diff := cmp.Diff(want, got, approximately(1e-12)); diff != "" {
		t.Error(diff)
	}
	if calls := want[7][2]; calls != 6 {
		t.Errorf("the layer was used %v times in a step, want 6", calls)
	}
}

func TestAssignMisuse(t *testing.T) {
	tape, other := autograd.NewTape(autograd.TapeConfig{}), autograd.NewTape(autograd.TapeConfig{})
	w, buffer := autograd.Parameter(vector(1, 2)), vector(1, 2)
	var tapeError *autograd.TapeError
	var shapeError *autograd.ShapeError
	var dtypeError *autograd.DTypeError
	var valueError *autograd.ValueError
	for _, test := range []struct {
		name string
		f    func()
		want any
	}{
		{"to a parameter", func() { tape.Assign(w, buffer) }, &tapeError},
		{"to a Variable on a tape", func() { tape.Assign(tape.Const(buffer), buffer) }, &tapeError},
		{"of a value on another tape", func() { tape.Assign(buffer, other.Const(buffer)) }, &tapeError},
		{"current value of a parameter", func() { tape.Current(w) }, &tapeError},
		{"of another shape", func() { tape.Assign(buffer, vector(1)) }, &shapeError},
		{"of another type", func() { tape.Assign(buffer, autograd.New([]float32{1, 2})) }, &dtypeError},
		{"to the zero Variable", func() { tape.Assign(autograd.Variable{}, vector(1)) }, &valueError},
		{"to a nil counter", func() { tape.AssignCounter(nil, 1) }, &valueError},
		{"current value of a nil counter", func() { tape.CurrentCounter(nil) }, &valueError},
	} {
		if err := autograd.Try(test.f); !errors.As(err, test.want) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

func TestAssignAllocatesNothing(t *testing.T) {
	buffers := make([]autograd.Variable, 20)
	for i := range buffers {
		buffers[i] = autograd.Zeros(autograd.Float32, 3, 5)
	}
	var counter int64
	tape := autograd.NewTape(autograd.TapeConfig{})
	values := make([]float32, 15)
	step := func() {
		tape.Reset()
		x := tape.Float32s(values, 3, 5)
		for _, b := range buffers {
			tape.Assign(b, tape.Current(b).Add(x))
			tape.Assign(b, tape.Current(b).Add(x))
		}
		tape.AssignCounter(&counter, tape.CurrentCounter(&counter)+1)
		tape.Commit()
	}
	step()
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
	if counter != 12 {
		t.Errorf("%d steps were counted, want 12", counter)
	}
}

// Running statistics: the layer writes them in training, and a step that is not committed
// leaves them alone.
func ExampleTape_Assign() {
	mean := autograd.Zeros(autograd.Float64, 2) // a buffer of the model
	center := func(x autograd.Variable) autograd.Variable {
		t := x.Tape()
		if t.Training() {
			batch := x.Mean(0)
			t.Assign(mean, t.Current(mean).MulScalar(0.9).Add(batch.MulScalar(0.1)))
			return x.Sub(batch)
		}
		return x.Sub(t.Current(mean))
	}
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	center(tape.Const(autograd.New([]float64{10, 20, 30, 40}, 2, 2)))
	fmt.Println(mean.Float64s())
	tape.Commit()
	fmt.Println(mean.Float64s())
	// Output:
	// [0 0]
	// [2 3]
}

// Buffers get the mean of their tapes, counters the greatest, on all tapes.
func TestMergeAssigned(t *testing.T) {
	a, b, c, untouched := autograd.New([]float64{1, 1}), autograd.Scalar(float32(1)), autograd.Scalar(5.0), autograd.Scalar(0.1)
	var n, m int64
	tapes := make([]*autograd.Tape, 3)
	for k := range tapes {
		tapes[k] = autograd.NewTape(autograd.TapeConfig{})
		tapes[k].Assign(c, autograd.Scalar(0.1))
		tapes[k].AssignCounter(&n, int64([]int{2, 7, 3}[k]))
	}
	tapes[0].Assign(a, autograd.New([]float64{2, 4}))
	tapes[1].Assign(a, autograd.New([]float64{5, 7}))
	tapes[1].AssignCounter(&m, -4)
	tapes[2].Assign(a, autograd.New([]float64{8, 4}))
	tapes[2].Assign(b, autograd.Scalar(float32(3)))
	autograd.MergeAssigned(tapes, []float64{1, 1, 2})
	for k, tape := range tapes {
		if diff := cmp.Diff([]float64{(2 + 5 + 16) / 4.0, (4 + 7 + 8) / 4.0}, tape.Current(a).Floats()); diff != "" {
			t.Errorf("tape %d: %s", k, diff)
		}
		if tape.Current(b).Item() != 3 || tape.Current(c).Item() != 0.1 || tape.CurrentCounter(&n) != 7 || tape.CurrentCounter(&m) != -4 {
			t.Errorf("tape %d has %v, %v, %v, %v", k, tape.Current(b).Item(), tape.Current(c).Item(), tape.CurrentCounter(&n), tape.CurrentCounter(&m))
		}
	}
	tapes[1].Commit()
	if a.Float64s()[0] != 5.75 || b.Item() != 3 || n != 7 || m != -4 || untouched.Item() != 0.1 {
		t.Errorf("committed: %v, %v, %v, %v, %v", a, b, n, m, untouched)
	}
	for name, f := range map[string]func(){
		"too few weights": func() { autograd.MergeAssigned(tapes, []float64{1}) },
		"a weight of 0":   func() { autograd.MergeAssigned(tapes, []float64{1, 0, 1}) },
	} {
		var e *autograd.ValueError
		if err := autograd.Try(f); !errors.As(err, &e) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func ExampleMergeAssigned() {
	mean := autograd.Scalar(0.0)
	shards := []*autograd.Tape{autograd.NewTape(autograd.TapeConfig{}), autograd.NewTape(autograd.TapeConfig{})}
	shards[0].Assign(mean, autograd.Scalar(1.0)) // of 3 examples
	shards[1].Assign(mean, autograd.Scalar(5.0)) // of 1 example
	autograd.MergeAssigned(shards, []float64{3, 1})
	shards[0].Commit()
	fmt.Println(mean.Item())
	// Output: 2
}
