package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestPlanes(t *testing.T) {
	t.Run("float32", testPlanes[float32])
	t.Run("float64", testPlanes[float64])
}

// planeCases calls f for sizes and paddings at which kernels have an edge.
func planeCases(f func(kernel, stride int, padding, size, count [2]int)) {
	for _, kernel := range []int{3, 5} {
		for _, stride := range []int{1, 2} {
			for _, padding := range [][2]int{{0, 0}, {1, 1}, {kernel / 2, kernel / 2}, {0, 1}, {kernel - 1, kernel - 1}} {
				for _, size := range [][2]int{{1, 1}, {2, 3}, {5, 7}, {7, 8}, {4, 9}, {6, 15}, {3, 16}, {5, 17}, {8, 28}, {7, 33}, {6, 66}} {
					var count [2]int
					for axis := range count {
						count[axis] = (size[axis]+2*padding[axis]-kernel)/stride + 1
					}
					if size[0]+2*padding[0] < kernel || size[1]+2*padding[1] < kernel {
						continue
					}
					f(kernel, stride, padding, size, count)
					if count[0] > 1 && size[1] == 17 {
						f(kernel, stride, padding, size, [2]int{count[0] - 1, count[1]}) // the last rows are left out
					}
				}
			}
		}
	}
}

func testPlanes[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	eps := 0x1p-24
	if !is32[T]() {
		eps = 0x1p-53
	}
	const n = 2
	images, results, taps := guardedFloats[T](t, 1<<11, true), guardedFloats[T](t, 1<<11, true), guardedFloats[T](t, n*25*16, true)
	random := func(s []T) []T {
		for i := range s {
			s[i] = T(r.NormFloat64())
		}
		return s
	}
	atEnd := false
	planeCases(func(kernel, stride int, padding, size, count [2]int) {
		atEnd = !atEnd
		c := Planes[T]{
			N: n, Kernel: kernel, Stride: stride, Padding: padding, Size: size, Count: count,
			X: random(cut(images, n*size[0]*size[1], atEnd)), Y: random(cut(results, n*count[0]*count[1], atEnd)), W: random(make([]T, n*kernel*kernel)),
		}
		bias, tolerance := []T{0.25, -0.5}, eps*float64(kernel*kernel+3)*20
		for i := range 4 {
			name := fmt.Sprintf("%d×%d by %d, padding %v, %v to %v, case %d", kernel, kernel, stride, padding, size, count, i)
			if i == 3 {
				bias = nil
			}
			compareSets(t, name+", forward", c.Y, tolerance, func() {
				Fill(c.Y, 7)
				c.Forward(bias, i == 1, i == 2)
			})
			if random(c.Y); stride == 2 {
				compareSets(t, name+", backward", c.X, tolerance, func() {
					Fill(c.X, 7)
					c.Backward(bias, i == 1)
				})
				random(c.X)
			}
		}
		sums := cut(taps, n*kernel*kernel*TapLanes[T](), atEnd)
		compareSets(t, fmt.Sprintf("%d×%d by %d, padding %v, %v to %v, sums", kernel, kernel, stride, padding, size, count), sums, eps*float64(count[0]*count[1])*20, func() {
			Fill(sums, 1)
			c.Sums(sums)
		})
	})
}

// What is not a number comes out as such, and an infinite weight meets nothing outside the rows.
func TestPlanesNaN(t *testing.T) {
	everyForm(t, testPlanesNaN[float32], testPlanesNaN[float64])
}

func testPlanesNaN[T Float](t *testing.T) {
	nan, inf := T(math.NaN()), T(math.Inf(1))
	c := Planes[T]{N: 1, Kernel: 3, Stride: 1, Padding: [2]int{1, 0}, Size: [2]int{2, 4}, Count: [2]int{2, 2}, X: make([]T, 8), Y: make([]T, 4), W: make([]T, 9)}
	Fill(c.X, 1)
	c.X[7] = nan
	c.W[0] = inf
	c.Forward(nil, false, true)
	if c.Y[0] != 0 || c.Y[1] == c.Y[1] || c.Y[2] != inf || c.Y[3] == c.Y[3] {
		t.Errorf("the result is %v, want 0, NaN, +Inf and NaN", c.Y)
	}
}

func TestPlanesPanic(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(c *Planes[float64])
	}{
		{"kernel", func(c *Planes[float64]) { c.Kernel = 4; c.Forward(nil, false, false) }},
		{"stride", func(c *Planes[float64]) { c.Stride = 3; c.Forward(nil, false, false) }},
		{"stride of a gradient", func(c *Planes[float64]) { c.Stride = 1; c.Backward(nil, false) }},
		{"padding", func(c *Planes[float64]) { c.Padding[1] = 3; c.Forward(nil, false, false) }},
		{"beyond the planes", func(c *Planes[float64]) { c.Count[0] = 4; c.Y = make([]float64, 24); c.Forward(nil, false, false) }},
		{"short planes", func(c *Planes[float64]) { c.X = c.X[1:]; c.Backward(nil, false) }},
		{"short result", func(c *Planes[float64]) { c.Y = c.Y[1:]; c.Sums(make([]float64, 2*9*8)) }},
		{"weights", func(c *Planes[float64]) { c.W = c.W[1:]; c.Forward(nil, false, false) }},
		{"bias", func(c *Planes[float64]) { c.Forward(make([]float64, 1), false, false) }},
		{"sums", func(c *Planes[float64]) { c.Sums(make([]float64, 9*8)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			test.run(&Planes[float64]{
				N: 2, Kernel: 3, Stride: 2, Padding: [2]int{1, 1}, Size: [2]int{5, 5}, Count: [2]int{3, 3},
				X: make([]float64, 50), Y: make([]float64, 18), W: make([]float64, 18),
			})
		})
	}
}
