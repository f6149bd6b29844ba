package tensor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// work is one call of each function that is spread over workers, on arrays large enough
// for that.
type work struct {
	name string
	run  func()
	dst  *Array // what it writes
}

func allWork(dtype DType) []work {
	r := &random{rand.New(rand.NewPCG(7, 8)), dtype}
	x, y, z := r.array(300, 400), r.array(300, 400), r.array(300, 400)
	row, column, dst, square := r.array(400), r.array(300, 1), r.array(300, 400), r.array(300, 300)
	v := r.array(300, 400)
	Map2(&Kernel2{F32: simd.Mul[float32], F64: simd.Mul[float64]}, v, v, v)
	losses, labels, index := r.array(300), make([]int, 300), make([]int, 300)
	for i := range labels {
		labels[i], index[i] = i%400, (7*i)%300
	}
	transposed := r.array(400, 300)
	windows := Windows{Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}, Count: [2]int{20, 20}}
	images, columns := r.array(30, 10, 20, 20), r.array(30, 90, 400)
	adam := adamUpdate(simd.AdamParams{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, BiasCorrection1: 0.1, BiasCorrection2: 0.01})
	pooling := poolings[len(poolings)-1].p
	pixels, pooled := r.array(60, 1600), r.array(60, 400)
	places := r.array(pooling.IndexSize(dtype, 60*400))
	MaxPool(pooled, pixels, places, &pooling)
	averaging := Averaging{Pooling: pooling}
	weights, layout, groups := r.array(400), Channels{Batch: 30, Channels: 40, Size: 100}, Channels{Batch: 30, Channels: 40, Size: 100, Groups: 8}
	statistics, sums, matrix := r.array(2, 400), r.array(2, 400), Channels{Batch: 300, Channels: 400, Size: 1}
	moments, rowSum := r.array(2, 300), r.array(400)
	table, turns := r.array(400, 400), r.array(4, 200)
	lattice := CTC{Batch: 20, Time: 15, Classes: 400, Example: 15 * 400, Instant: 400, Labels: labels[:60]}
	for range lattice.Batch {
		lattice.Lengths, lattice.Counts = append(lattice.Lengths, lattice.Time), append(lattice.Counts, 3)
	}
	lattice.Saved = r.array(lattice.SavedSize())
	perm, start, step := []int{1, 0}, []int{0, 399}, []int{1, -1}
	return []work{
		{"Map1", func() { Map1(&sine, dst, x) }, dst},
		{"Map2", func() { Map2(&minus, dst, x, y) }, dst},
		{"Map2 with a row", func() { Map2(&minus, dst, x, row) }, dst},
		{"Map2 with a column", func() { Map2(&divided, dst, x, column) }, dst},
		{"Map3", func() { Map3(&choice, dst, x, y, z) }, dst},
		{"AddScaled", func() { AddScaled(dst, x, 0.5) }, dst},
		{"Sum of rows", func() { Sum(losses, x, 2) }, losses},
		{"Sum of columns", func() { Sum(row, x, 1) }, row},
		{"SumTo", func() { SumTo(row, x, true) }, row},
		{"LogSumExp", func() { LogSumExp(losses, x, 2) }, losses},
		{"Softmax", func() { Softmax(dst, x, 1) }, dst},
		{"Softmax of columns", func() { Softmax(dst, x, 0) }, dst},
		{"SoftmaxBackward", func() { SoftmaxBackward(dst, x, y, 1) }, dst},
		{"CrossEntropy", func() { CrossEntropy(losses, dst, x, labels) }, losses},
		{"CTC", func() {
			lattice.Forward(losses, x)
			lattice.Backward(dst, losses, losses, x, false)
		}, dst},
		{"Rotate", func() { Rotate(dst, x, turns, turns, Rotary{Positions: 4, Width: 400, Heads: 1}, true, false) }, dst},
		{"CumSum", func() { CumSum(dst, x, 1, false) }, dst},
		{"MatMul", func() { MatMul(square, x, y, false, true, false, nil) }, square},
		{"Permute", func() { Permute(transposed, x, perm) }, transposed},
		{"Slice", func() { Slice(dst, x, start, step) }, dst},
		{"GatherRows", func() { GatherRows(dst, x, index) }, dst},
		{"ScatterAddRows", func() { ScatterAddRows(dst, x, index) }, dst},
		{"ScatterRows in blocks", func() { ScatterRows(table, x, index) }, table},
		{"BroadcastTo", func() { BroadcastTo(dst, row) }, dst},
		{"Step", func() { Step(&adam, z, x, []Array{*y, *v}) }, z},
		{"Unfold", func() { Unfold(columns, images, windows) }, columns},
		{"Fold", func() { Fold(images, columns, windows) }, images},
		{"MaxPool", func() { MaxPool(pooled, pixels, nil, &pooling) }, pooled},
		{"MaxPoolBackward", func() { MaxPoolBackward(pixels, pooled, places, &pooling, false) }, pixels},
		{"AvgPool", func() { AvgPool(pooled, pixels, &averaging) }, pooled},
		{"AvgPoolBackward", func() { AvgPoolBackward(pixels, pooled, &averaging, false) }, pixels},
		{"Dropout", func() { Dropout(dst, x, nil, 0.3, 1) }, dst},
		{"LayerNorm", func() { LayerNorm(dst, x, weights, row, nil, 400, 1e-5, true) }, dst},
		{"LayerNormBackward", func() {
			LayerNorm(v, x, weights, row, moments, 400, 1e-5, true)
			LayerNormBackward(dst, rowSum, nil, y, x, weights, moments, 400, true, false)
		}, rowSum},
		{"ChannelNorm", func() { ChannelNorm(dst, x, weights, row, statistics, nil, layout, 1e-5) }, dst},
		{"ChannelNorm in groups", func() { ChannelNorm(dst, x, weights, row, statistics, nil, groups, 1e-5) }, dst},
		{"ChannelNorm of columns", func() { ChannelNorm(dst, x, weights, row, statistics, nil, matrix, 1e-5) }, dst},
		{"ChannelNormBackward", func() { ChannelNormBackward(dst, sums, y, x, weights, statistics, layout, false, false) }, dst},
		{"ChannelNormBackward in groups", func() { ChannelNormBackward(dst, sums, y, x, weights, statistics, groups, false, false) }, sums},
		{"ChannelNormBackward of columns", func() { ChannelNormBackward(dst, sums, y, x, weights, statistics, matrix, false, false) }, dst},
		{"Norm2", func() { losses.Set(0, Norm2(x)) }, losses},
		{"Dot", func() { losses.Set(0, Dot(x, y)) }, losses},
	}
}

// training is one call of each function of a training step, on a batch of the given
// number of rows and columns.
func training(dtype DType, rows, cols int) []work {
	r := &random{rand.New(rand.NewPCG(9, 10)), dtype}
	x, y, probs, dst := r.array(rows, cols), r.array(rows, cols), r.array(rows, cols), r.garbage(rows, cols)
	weight, gradient, bias := r.array(cols, cols), r.array(cols, cols), r.array(cols)
	w, m, v := r.array(rows, cols), r.array(rows, cols), New(dtype, []int{rows, cols})
	losses, total, one := r.garbage(rows), r.garbage(), r.array()
	labels := make([]int, rows)
	for i := range labels {
		labels[i] = i % cols
	}
	Softmax(probs, x, 1)
	adam := adamUpdate(simd.AdamParams{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, BiasCorrection1: 0.1, BiasCorrection2: 0.01})
	slots := []Array{*m, v}
	relu := Kernel1{F32: simd.ReLU[float32], F64: simd.ReLU[float64]}
	return []work{
		{"linear layer", func() { MatMul(dst, x, weight, false, false, false, bias) }, dst},
		{"gradient of its weights", func() { MatMul(gradient, x, y, true, false, true, nil) }, gradient},
		{"gradient of its input", func() { MatMul(dst, y, weight, false, true, false, nil) }, dst},
		{"unary", func() { Map1(&relu, dst, x) }, dst},
		{"binary", func() { Map2(&minus, dst, x, y) }, dst},
		{"binary with a row", func() { Map2(&minus, dst, x, bias) }, dst},
		{"sum of all", func() { Sum(total, x, 3) }, total},
		{"sum of squares", func() { SumSquares(losses, x, 2) }, losses},
		{"sum of columns", func() { SumTo(bias, x, true) }, bias},
		{"greatest of rows", func() { Max(losses, x, 2) }, losses},
		{"softmax", func() { Softmax(dst, x, 1) }, dst},
		{"logarithm of softmax", func() { LogSoftmax(dst, x, 1) }, dst},
		{"gradient of softmax", func() { SoftmaxBackward(dst, y, probs, 1) }, dst},
		{"gradient of logarithm of softmax", func() { LogSoftmaxBackward(dst, y, x, 1) }, dst},
		{"cross entropy", func() { CrossEntropy(losses, dst, x, labels) }, dst},
		{"gradient of cross entropy", func() { CrossEntropyBackward(dst, probs, labels, one, 0.5, false) }, dst},
		{"optimizer's step", func() { Step(&adam, w, y, slots) }, w},
	}
}

func TestSameBitsAtAnyGOMAXPROCS(t *testing.T) {
	for _, dtype := range []DType{Float32, Float64} {
		results := func(procs int) (all [][]float64) {
			parallel.WithProcs(procs, func() {
				for _, w := range slices.Concat(allWork(dtype), training(dtype, 300, 400)) {
					w.run()
					all = append(all, valuesOf(w.dst))
				}
			})
			return all
		}
		want := results(1)
		for _, procs := range []int{2, 3, 8} {
			for i, got := range results(procs) {
				if !slices.EqualFunc(got, want[i], func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }) {
					t.Errorf("%v: GOMAXPROCS %d changes %s", dtype, procs, slices.Concat(allWork(dtype), training(dtype, 300, 400))[i].name)
				}
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	for _, dtype := range []DType{Float32, Float64} {
		for _, w := range slices.Concat(allWork(dtype), training(dtype, 128, 128), training(dtype, 128, 10), training(dtype, 4, 3), training(dtype, 300, 400)) {
			w.run()
			if n := testing.AllocsPerRun(10, w.run); n != 0 {
				t.Errorf("%v: %s: %v allocations", dtype, w.name, n)
			}
		}
	}
}

func BenchmarkWork(b *testing.B) {
	for _, w := range allWork(Float32) {
		b.Run(w.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(4 * w.dst.Len()))
			for b.Loop() {
				w.run()
			}
		})
	}
}

// BenchmarkTraining measures the functions of a training step at a million elements,
// where memory and processors decide, and at the sizes of a small network, where a
// call's fixed cost shows too. The bytes are those of the array that is written.
func BenchmarkTraining(b *testing.B) {
	for _, size := range [][2]int{{1024, 1024}, {128, 128}, {128, 10}} {
		for _, w := range training(Float32, size[0], size[1]) {
			b.Run(fmt.Sprintf("%dx%d/%s", size[0], size[1], w.name), func(b *testing.B) {
				b.SetBytes(int64(4 * w.dst.Len()))
				for b.Loop() {
					w.run()
				}
			})
		}
	}
}
