package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPool2x2(t *testing.T) { everyForm(t, testPool2x2[float32], testPool2x2[float64]) }

// testPool2x2 compares the four functions with their references on images that end where
// memory ends, with rows of all lengths at which vectors of one size or another are full.
func testPool2x2[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const longest, deepest = 67, 3
	imageMemory, pooledMemory := guardedFloats[T](t, 2*deepest*(2*longest+3), true), guardedFloats[T](t, deepest*longest, true)
	indexMemory := guarded(t, deepest*longest, true)
	for cols := range longest {
		for rows := range deepest + 1 {
			for slack := range 4 {
				pitch := 2*cols + slack
				size := 0
				if rows > 0 {
					size = (2*rows-1)*pitch + 2*cols
				}
				image, pooled := imageMemory[len(imageMemory)-size:], pooledMemory[len(pooledMemory)-rows*cols:]
				index := indexMemory[len(indexMemory)-rows*cols:]
				x, g, places := make([]T, size), make([]T, rows*cols), make([]byte, rows*cols)
				for i := range x {
					if x[i] = T(r.IntN(3)); slack > 1 { // some are equal
						x[i] = anything[T](r)
					}
				}
				for i := range g {
					g[i], places[i] = T(r.NormFloat64()), byte(r.IntN(4))
				}
				check := func(function string, got, want []T) {
					t.Helper()
					if at := differs(got, want); at >= 0 {
						t.Fatalf("%s of %d×%d windows, rows of %d: element %d is %v, want %v", function, rows, cols, pitch, at, got[at], want[at])
					}
				}
				wantPooled, wantImage, wantIndex := make([]T, rows*cols), make([]T, size), make([]byte, rows*cols)
				fill := func() {
					Fill(pooled, -7)
					Fill(image, -7)
					Fill(wantImage, -7)
				}

				fill()
				copy(image, x)
				MaxPool2x2(pooled, index, image, pitch, cols, rows)
				maxPool2x2Generic(wantPooled, wantIndex, x, pitch, cols, rows)
				check("MaxPool2x2", pooled, wantPooled)
				if !slices.Equal(index, wantIndex) {
					t.Fatalf("MaxPool2x2 of %d×%d windows, rows of %d: index %v, want %v", rows, cols, pitch, index, wantIndex)
				}
				AvgPool2x2(pooled, image, pitch, cols, rows, 0.3)
				avgPool2x2Generic(wantPooled, x, pitch, cols, rows, 0.3)
				check("AvgPool2x2", pooled, wantPooled)

				fill()
				copy(pooled, g)
				copy(index, places)
				MaxPool2x2Backward(image, pooled, index, pitch, cols, rows)
				maxPool2x2BackwardGeneric(wantImage, g, places, pitch, cols, rows)
				check("MaxPool2x2Backward", image, wantImage)
				fill()
				copy(pooled, g)
				AvgPool2x2Backward(image, pooled, pitch, cols, rows, 0.3)
				avgPool2x2BackwardGeneric(wantImage, g, pitch, cols, rows, 0.3)
				check("AvgPool2x2Backward", image, wantImage)
			}
		}
	}
}

// differs is where two slices differ in a bit, NaN excepted, or −1.
func differs[T Float](got, want []T) int {
	for i := range got {
		if !within(got[i], want[i], 0, 0) {
			return i
		}
	}
	return -1
}

// What the functions compute, said without their references.
func TestPool2x2Values(t *testing.T) {
	everyForm(t, testPool2x2Values[float32], testPool2x2Values[float64])
}

func testPool2x2Values[T Float](t *testing.T) {
	const cols, rows, pitch = 21, 2, 43
	x := make([]T, 2*rows*pitch)
	for i := range rows {
		for j := range cols {
			for place := range 4 { // the greatest one wanders, and one is equal to it
				x[(2*i+place/2)*pitch+2*j+place%2] = T(max((place-j)&3, 1) + 10*j)
			}
		}
	}
	y, index := make([]T, rows*cols), make([]byte, rows*cols)
	MaxPool2x2(y, index, x, pitch, cols, rows)
	mean := make([]T, rows*cols)
	AvgPool2x2(mean, x, pitch, cols, rows, 0.25)
	back, shared := slices.Clone(x), slices.Clone(x)
	MaxPool2x2Backward(back, y, index, pitch, cols, rows)
	AvgPool2x2Backward(shared, y, pitch, cols, rows, 0.5)
	for i := range rows * cols {
		j := i % cols
		if want := T(3 + 10*j); y[i] != want || int(index[i]) != (j+3)&3 || mean[i] != T(1.75+10*float64(j)) {
			t.Fatalf("window %d: greatest %v at %d, mean %v", i, y[i], index[i], mean[i])
		}
		for place := range 4 {
			at := (2*(i/cols)+place/2)*pitch + 2*j + place%2
			want := T(0)
			if place == (j+3)&3 {
				want = y[i]
			}
			if back[at] != want || shared[at] != y[i]/2 {
				t.Fatalf("window %d, place %d: gradients %v and %v", i, place, back[at], shared[at])
			}
		}
	}
}

func TestTakeGreater(t *testing.T) {
	everyForm(t, testTakeGreater[float32], testTakeGreater[float64])
}

func testTakeGreater[T Float](t *testing.T) {
	nan := T(math.NaN())
	best, place := []T{1, 2, 3, nan, 5, nan, T(math.Inf(-1))}, []T{0, 0, 0, 0, 0, 0, 0}
	TakeGreater(best, place, []T{2, 2, 1, 9, nan, nan, T(math.Inf(-1))}, 4)
	for i, want := range [][2]T{{2, 4}, {2, 0}, {3, 0}, {nan, 0}, {nan, 4}, {nan, 4}, {T(math.Inf(-1)), 0}} {
		if !within(best[i], want[0], 0, 0) || place[i] != want[1] {
			t.Errorf("element %d is %v at %v, want %v", i, best[i], place[i], want)
		}
	}
}

// Slices that do not fit panic.
func TestPool2x2Lengths(t *testing.T) {
	for _, c := range []struct{ dst, index, x, pitch, cols, rows int }{
		{3, 3, 10, 4, 2, 1}, {2, 1, 10, 4, 2, 1}, {2, 2, 7, 4, 2, 1}, {2, 2, 10, 3, 2, 1}, {0, 0, 0, 4, -1, 0},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			MaxPool2x2(make([]float32, c.dst), make([]byte, c.index), make([]float32, c.x), c.pitch, c.cols, c.rows)
		})
	}
}
