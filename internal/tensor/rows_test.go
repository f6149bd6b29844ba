package tensor

import (
	"math"
	"slices"
	"testing"
)

// alongAxisOf calls f for each row of x along axis with the positions of its elements.
func alongAxisOf(shape []int, axis int, f func(row []int)) {
	inner := SizeOf(shape[axis+1:])
	for outer := range SizeOf(shape[:axis]) {
		for i := range inner {
			row := make([]int, shape[axis])
			for j := range row {
				row[j] = (outer*shape[axis]+j)*inner + i
			}
			f(row)
		}
	}
}

func softmaxOf(x []float64) []float64 {
	y, sum := make([]float64, len(x)), 0.0
	if len(x) == 0 {
		return y
	}
	greatest := slices.Max(x)
	for i, v := range x {
		y[i] = math.Exp(v - greatest)
		sum += y[i]
	}
	for i := range y {
		y[i] /= sum
	}
	return y
}

func TestRows(t *testing.T) {
	var cases []testCase
	for _, shape := range [][]int{{5}, {1}, {3, 4}, {2, 3, 5}, {0, 3}, {150, 201}, {40, 7, 60}} {
		for axis := range shape {
			// row is a case of a function of rows: of the operands' elements along axis.
			row := func(function string, run func(dst, a, b *Array), f func(a, b []float64) []float64, second func(r *random, a *Array) *Array) {
				cases = append(cases, testCase{name(function, shape, " along ", axis), func(r *random) (*Array, []float64) {
					a, dst := r.array(shape...), r.garbage(shape...)
					b := second(r, a)
					run(dst, a, b)
					want := make([]float64, dst.Len())
					alongAxisOf(shape, axis, func(positions []int) {
						rowA, rowB := make([]float64, len(positions)), make([]float64, len(positions))
						for j, p := range positions {
							rowA[j], rowB[j] = a.At(p), b.At(p)
						}
						for j, v := range f(rowA, rowB) {
							want[positions[j]] = v
						}
					})
					return dst, want
				}})
			}
			none := func(r *random, a *Array) *Array { return a }
			result := func(f func(dst, x *Array, axis int)) func(r *random, a *Array) *Array {
				return func(r *random, a *Array) *Array {
					x, y := r.array(shape...), r.garbage(shape...)
					f(y, x, axis)
					return y
				}
			}
			row("Softmax", func(dst, x, _ *Array) { Softmax(dst, x, axis) }, func(x, _ []float64) []float64 { return softmaxOf(x) }, none)
			row("LogSoftmax", func(dst, x, _ *Array) { LogSoftmax(dst, x, axis) }, func(x, _ []float64) []float64 {
				y := softmaxOf(x)
				for i := range y {
					y[i] = math.Log(y[i])
				}
				return y
			}, none)
			row("SoftmaxBackward", func(dst, g, y *Array) { SoftmaxBackward(dst, g, y, axis) }, func(g, y []float64) []float64 {
				dot := 0.0
				for i := range g {
					dot += g[i] * y[i]
				}
				d := make([]float64, len(g))
				for i := range d {
					d[i] = y[i] * (g[i] - dot)
				}
				return d
			}, result(Softmax))
			row("LogSoftmaxBackward", func(dst, g, y *Array) { LogSoftmaxBackward(dst, g, y, axis) }, func(g, y []float64) []float64 {
				sum := 0.0
				for _, v := range g {
					sum += v
				}
				d := make([]float64, len(g))
				for i := range d {
					d[i] = g[i] - math.Exp(y[i])*sum
				}
				return d
			}, result(LogSoftmax))
			for _, reverse := range []bool{false, true} {
				row(name("CumSum reverse=", reverse, " "), func(dst, x, _ *Array) { CumSum(dst, x, axis, reverse) }, func(x, _ []float64) []float64 {
					y, sum := make([]float64, len(x)), 0.0
					for i := range x {
						j := i
						if reverse {
							j = len(x) - 1 - i
						}
						sum += x[j]
						y[j] = sum
					}
					return y
				}, none)
			}
			if shape[axis] == 0 {
				continue
			}
			for function, f := range map[string]struct {
				run    func(dst []int, x *Array, axis int)
				better func(a, b float64) bool
			}{
				"ArgMax": {ArgMax, func(a, b float64) bool { return a > b }},
				"ArgMin": {ArgMin, func(a, b float64) bool { return a < b }},
			} {
				cases = append(cases, testCase{name(function, shape, " along ", axis), func(r *random) (*Array, []float64) {
					x := r.array(shape...)
					for i := range x.Len() {
						x.Set(i, math.Round(2*x.At(i))) // so that some are equal
					}
					var want []float64
					alongAxisOf(shape, axis, func(positions []int) {
						best := 0
						for j, p := range positions {
							if f.better(x.At(p), x.At(positions[best])) {
								best = j
							}
						}
						want = append(want, float64(best))
					})
					dst := make([]int, len(want))
					f.run(dst, x, axis)
					got := New(Float64, []int{len(want)})
					for i, v := range dst {
						got.Set(i, float64(v))
					}
					return &got, want
				}})
			}
		}
	}
	runCases(t, cases)
}

func TestCrossEntropy(t *testing.T) {
	var cases []testCase
	for _, shape := range [][2]int{{1, 1}, {3, 4}, {0, 5}, {7, 10}, {16, 1}, {40, 10}, {700, 32}, {600, 33}} {
		n, c := shape[0], shape[1]
		labels := make([]int, n)
		for i := range labels {
			labels[i] = (3*i+1)%(c+1) - 1 // −1 among them
		}
		cases = append(cases, testCase{name("losses", shape), func(r *random) (*Array, []float64) {
			logits, probs, losses := r.array(n, c), r.garbage(n, c), r.garbage(n)
			CrossEntropy(losses, probs, logits, labels)
			want, x := make([]float64, n), valuesOf(logits)
			for i, label := range labels {
				if label >= 0 {
					want[i] = -math.Log(softmaxOf(x[i*c : (i+1)*c])[label])
				}
			}
			return losses, want
		}})
		for _, accumulate := range []bool{false, true} {
			for _, perRow := range []bool{false, true} {
				cases = append(cases, testCase{name("gradient", shape, accumulate, perRow), func(r *random) (*Array, []float64) {
					logits, probs, losses := r.array(n, c), r.garbage(n, c), r.garbage(n)
					CrossEntropy(losses, probs, logits, labels)
					g := r.array(1)
					if perRow {
						g = r.array(n)
					}
					dst := r.garbage(n, c)
					want := make([]float64, n*c)
					if accumulate {
						dst = r.array(n, c)
						want = valuesOf(dst)
					}
					x := valuesOf(logits)
					for i, label := range labels {
						if label < 0 {
							continue
						}
						for j, p := range softmaxOf(x[i*c : (i+1)*c]) {
							if j == label {
								p--
							}
							want[i*c+j] += 0.5 * g.At(min(i, g.Len()-1)) * p
						}
					}
					CrossEntropyBackward(dst, probs, labels, g, 0.5, accumulate)
					return dst, want
				}})
			}
		}
	}
	runCases(t, cases)
}
