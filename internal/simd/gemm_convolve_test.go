package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// windowRuns are runs of windows, by their lengths: those of images of a few widths, long
// ones, and shorter ones than fit into a vector.
var windowRuns = [][]int{
	{1}, {7}, {16}, {33}, {2, 1, 70, 1, 40, 3}, {28, 28, 28}, {5, 14, 14, 14, 3}, {4, 4, 4, 4, 4, 4, 4, 4, 4}, {1, 1, 1, 1, 1, 2, 1, 1, 90, 1}, {3, 3, 3, 3, 3, 3, 3},
}

func TestWindows(t *testing.T) {
	everyForm(t, testWindows[float32], testWindows[float64])
}

func testWindows[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	source, target := guardedFloats[T](t, 4000, true), guardedFloats[T](t, 1<<16, true)
	for i := range source {
		source[i] = T(r.NormFloat64())
	}
	for _, lengths := range windowRuns {
		for _, rows := range []int{1, 2, 9} {
			for _, atEnd := range []bool{false, true} {
				w := &Windows[T]{Src: cut(source, 500, atEnd)}
				for range rows {
					w.Offsets = append(w.Offsets, r.IntN(60))
				}
				w.Offsets[r.IntN(rows)] = 60
				for i, n := range lengths {
					run := Run{At: r.IntN(len(w.Src) - 60 - n + 1), N: n}
					switch i {
					case 0:
						run.At = 0
					case len(lengths) - 1:
						run.At = len(w.Src) - 60 - n // up to the end of memory
					case 2, 4:
						run.At = -1
					}
					w.Runs = append(w.Runs, run)
				}
				name := fmt.Sprintf("runs %v, %d rows", lengths, rows)
				n := w.Len()
				panel := GemmPanel[T]()
				compareWindows(t, name+", panels", w, cut(target, PackedBLen[T](n, rows), atEnd), w.PackB, func(p, j int) int { return j/panel*panel*rows + p*panel + j%panel })
				pitch := RowPitch(n) + 16
				compareWindows(t, name+", rows", w, cut(target, pitch*rows, atEnd), func(dst []T) { w.PackRows(dst, pitch) }, func(p, j int) int { return p*pitch + j })
			}
		}
	}
}

// compareWindows compares what pack writes with the definition; element (p, j) is at index.
func compareWindows[T Float](t *testing.T, name string, w *Windows[T], dst []T, pack func(dst []T), index func(p, j int) int) {
	t.Helper()
	Fill(dst, T(math.NaN()))
	pack(dst)
	j := 0
	for _, run := range w.Runs {
		for i := range run.N {
			for p, offset := range w.Offsets {
				var want T
				if run.At >= 0 {
					want = w.Src[run.At+i+offset]
				}
				if got := dst[index(p, j)]; got != want {
					t.Fatalf("%s: element %d of window %d is %v, want %v", name, p, j, got, want)
				}
			}
			j++
		}
	}
}

func TestDeinterleave(t *testing.T) {
	everyForm(t, testDeinterleave[float32], testDeinterleave[float64])
}

func testDeinterleave[T Float](t *testing.T) {
	for _, step := range []int{1, 2, 3, 4, 5} {
		for _, n := range []int{0, 1, 3, 4, 8, 15, 16, 17, 40} {
			for _, atEnd := range []bool{false, true} {
				src, dst := guardedFloats[T](t, n*step, atEnd), guardedFloats[T](t, n*step, atEnd)
				for i := range src {
					src[i] = T(i)
				}
				Deinterleave(dst, src, step)
				for i, v := range dst {
					if want := T(i%n*step + i/n); v != want {
						t.Fatalf("%d elements, every %d: element %d is %v, want %v", n*step, step, i, v, want)
					}
				}
			}
		}
	}
}

func TestWindowsPanic(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(w *Windows[float64])
	}{
		{"short panels", func(w *Windows[float64]) { w.PackB(make([]float64, 2*GemmPanel[float64]()-1)) }},
		{"short rows", func(w *Windows[float64]) { w.PackRows(make([]float64, 31), 16) }},
		{"pitch too small", func(w *Windows[float64]) { w.Runs[0].N = 17; w.PackRows(make([]float64, 64), 16) }},
		{"odd pitch", func(w *Windows[float64]) { w.PackRows(make([]float64, 64), 20) }},
		{"offset beyond the images", func(w *Windows[float64]) { w.Offsets[1] = 17; w.PackRows(make([]float64, 64), 16) }},
		{"negative offset", func(w *Windows[float64]) { w.Offsets[1] = -1; w.PackRows(make([]float64, 64), 16) }},
		{"window beyond the images", func(w *Windows[float64]) { w.Runs[0].At = 1; w.PackRows(make([]float64, 64), 16) }},
		{"empty run", func(w *Windows[float64]) { w.Runs[0].N = 0; w.PackRows(make([]float64, 64), 16) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			c.run(&Windows[float64]{Src: make([]float64, 20), Offsets: []int{0, 16}, Runs: []Run{{At: 0, N: 4}}})
		})
	}
}
