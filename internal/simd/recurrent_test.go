package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// rowsKernel is a kernel on rows of matrices for tests.
type rowsKernel[T Float] struct {
	name     string
	pieces   []int // how many times the state's size the rows of each operand have
	run, ref func(s [][]T, rows int)

	// want is what the operands are afterwards for one row of one unit, in float64; nil
	// where an operand is not written.
	want func(s [][]float64) [][]float64
}

func recurrentCases[T Float]() []rowsKernel[T] {
	return []rowsKernel[T]{
		{"lstm", []int{1, 1, 1, 4},
			func(s [][]T, rows int) { LSTM(s[0], s[1], s[2], s[3], rows) },
			func(s [][]T, rows int) { lstmGeneric(s[0], s[1], s[2], s[3], rows) },
			func(s [][]float64) [][]float64 {
				h, c, gates := lstmUnit(s[2][0], s[3])
				return [][]float64{{h}, {c}, nil, gates}
			}},
		{"lstmBackward", []int{1, 1, 1, 1, 4, 4},
			func(s [][]T, rows int) { LSTMBackward(s[0], s[1], s[2], s[3], s[4], s[5], rows) },
			func(s [][]T, rows int) { lstmBackwardGeneric(s[0], s[1], s[2], s[3], s[4], s[5], rows) },
			nil},
		{"gru", []int{1, 1, 4},
			func(s [][]T, rows int) { GRU(s[0], s[1], s[2], rows) },
			func(s [][]T, rows int) { gruGeneric(s[0], s[1], s[2], rows) },
			func(s [][]float64) [][]float64 {
				h, gates := gruUnit(s[1][0], s[2])
				return [][]float64{{h}, nil, gates}
			}},
		{"gruBackward", []int{1, 1, 4, 4},
			func(s [][]T, rows int) { GRUBackward(s[0], s[1], s[2], s[3], rows) },
			func(s [][]T, rows int) { gruBackwardGeneric(s[0], s[1], s[2], s[3], rows) },
			nil},
	}
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// lstmUnit and gruUnit are a step of one unit as the literature writes it.
func lstmUnit(prev float64, g []float64) (h, c float64, gates []float64) {
	i, f, z, o := logistic(g[0]), logistic(g[1]), math.Tanh(g[2]), logistic(g[3])
	c = f*prev + i*z
	return o * math.Tanh(c), c, []float64{i, f, z, o}
}

func gruUnit(prev float64, g []float64) (h float64, gates []float64) {
	r, z := logistic(g[1]), logistic(g[2])
	n := math.Tanh(g[0] + r*g[3])
	return (1-z)*n + z*prev, []float64{n, r, z, g[3]}
}

// TestRecurrentKernels compares every instruction set with the references, and with each
// other bit by bit, at edges of memory, beside gradients of 0 and values that are no
// numbers.
func TestRecurrentKernels(t *testing.T) {
	t.Run("float32", testRecurrentKernels[float32])
	t.Run("float64", testRecurrentKernels[float64])
}

func testRecurrentKernels[T Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	for _, k := range recurrentCases[T]() {
		t.Run(k.name, func(t *testing.T) {
			for _, n := range []int{1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 129} {
				for _, rows := range []int{1, 2, 5} {
					before := make([][]T, len(k.pieces))
					for i, p := range k.pieces {
						before[i] = make([]T, p*n*rows)
						for j := range before[i] {
							switch before[i][j] = T(0.7 * rng.NormFloat64()); rng.IntN(16) {
							case 0:
								before[i][j] = 0
							case 1:
								before[i][j] = T(math.NaN())
							}
						}
					}
					k.compare(t, before, n, rows)
				}
			}
		})
	}
}

func (k *rowsKernel[T]) compare(t *testing.T, before [][]T, n, rows int) {
	t.Helper()
	want := cloned(before)
	k.ref(want, rows)
	var first [][]T
	for _, set := range instructionSets() {
		for _, atEnd := range []bool{true, false} {
			got := make([][]T, len(before))
			for i, s := range before {
				got[i] = guardedFloats[T](t, len(s), atEnd)
				copy(got[i], s)
			}
			set.with(func() { k.run(got, rows) })
			if set != noAssembly && first == nil {
				first = cloned(got)
			}
			for i := range got {
				for j := range got[i] {
					if !within(got[i][j], want[i][j], 16, 64*epsilon[T]()) {
						t.Fatalf("%v, n=%d, %d rows: operand %d[%d] is %v, reference %v", set, n, rows, i, j, got[i][j], want[i][j])
					}
					if set != noAssembly && !within(got[i][j], first[i][j], 0, 0) {
						t.Fatalf("%v, n=%d, %d rows: operand %d[%d] is %v, of a smaller set %v", set, n, rows, i, j, got[i][j], first[i][j])
					}
				}
			}
		}
	}
}

func cloned[T Float](s [][]T) [][]T {
	c := make([][]T, len(s))
	for i := range s {
		c[i] = slices.Clone(s[i])
	}
	return c
}

// TestRecurrentSteps holds the kernels against steps of single units, and their gradients
// against differences of these.
func TestRecurrentSteps(t *testing.T) {
	everyForm(t, testRecurrentSteps[float32], testRecurrentSteps[float64])
}

func testRecurrentSteps[T Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	near := func(name string, got T, want float64) {
		t.Helper()
		if !(math.Abs(float64(got)-want) <= 40*epsilon[T]()+1e-9) {
			t.Fatalf("%s is %v, want %v", name, got, want)
		}
	}
	for _, k := range recurrentCases[T]() {
		if k.want == nil {
			continue
		}
		for range 50 {
			s, wide := make([][]T, len(k.pieces)), make([][]float64, len(k.pieces))
			for i, p := range k.pieces {
				for range p {
					x := T(2 * rng.NormFloat64())
					s[i], wide[i] = append(s[i], x), append(wide[i], float64(x))
				}
			}
			k.run(s, 1)
			for i, operand := range k.want(wide) {
				for j, want := range operand {
					near(fmt.Sprintf("%s: operand %d[%d]", k.name, i, j), s[i][j], want)
				}
			}
		}
	}
	for range 50 {
		x := make([]float64, 7) // gates, prev, dh, dc
		for i := range x {
			x[i] = float64(T(2 * rng.NormFloat64()))
		}
		lstm := func(x []float64) float64 {
			h, c, _ := lstmUnit(x[4], x[:4])
			return x[5]*h + x[6]*c
		}
		_, c, gates := lstmUnit(x[4], x[:4])
		dc, dgates := []T{T(x[6])}, make([]T, 4)
		LSTMBackward(dc, []T{T(x[5])}, []T{T(c)}, []T{T(x[4])}, rounded[T](gates), dgates, 1)
		for i, want := range slopes(lstm, x)[:5] {
			near(fmt.Sprintf("the gradient of argument %d of an LSTM", i), append(dgates, dc...)[i], want)
		}

		gru := func(x []float64) float64 {
			h, _ := gruUnit(x[4], x[:4])
			return x[5] * h
		}
		_, gates = gruUnit(x[4], x[:4])
		dh := []T{T(x[5])}
		GRUBackward(dh, []T{T(x[4])}, rounded[T](gates), dgates, 1)
		for i, want := range slopes(gru, x)[:5] {
			near(fmt.Sprintf("the gradient of argument %d of a GRU", i), append(dgates, dh...)[i], want)
		}
	}
}

func rounded[T Float](x []float64) []T {
	y := make([]T, len(x))
	for i := range x {
		y[i] = T(x[i])
	}
	return y
}

// slopes differentiates f by differences of fourth order.
func slopes(f func(x []float64) float64, x []float64) []float64 {
	d := make([]float64, len(x))
	for i := range x {
		d[i] = differences(func(v float64) float64 {
			y := slices.Clone(x)
			y[i] = v
			return f(y)
		})(x[i])
	}
	return d
}

func TestRecurrentLengths(t *testing.T) {
	s := make([]float64, 12)
	for name, f := range map[string]func(){
		"rows that do not divide": func() { LSTM(s[:3], s[:3], s[:3], s[:12], 2) },
		"no rows":                 func() { GRU(s[:3], s[:3], s[:12], 0) },
		"short gates":             func() { LSTM(s[:3], s[:3], s[:3], s[:11], 1) },
		"short state":             func() { GRUBackward(s[:3], s[:2], s[:12], s[:12], 1) },
		"short gradient":          func() { LSTMBackward(s[:3], s[:3], s[:3], s[:3], s[:12], s[:11], 1) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
	LSTM(s[:0], s[:0], s[:0], s[:0], 0)
}

// BenchmarkRecurrent measures a step of 32 sequences and 128 units.
func BenchmarkRecurrent(b *testing.B) {
	const n, rows = 128, 32
	for _, k := range recurrentCases[float32]() {
		s := make([][]float32, len(k.pieces))
		rng := rand.New(rand.NewPCG(3, 4))
		for i, p := range k.pieces {
			s[i] = make([]float32, p*n*rows)
			for j := range s[i] {
				s[i][j] = normal[float32](rng)
			}
		}
		for _, set := range instructionSets() {
			b.Run(k.name+"/"+set.String(), func(b *testing.B) {
				set.with(func() {
					for b.Loop() {
						k.run(s, rows)
					}
				})
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(n*rows), "ns/unit")
			})
		}
	}
}
