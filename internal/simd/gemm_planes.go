package simd

import "fmt"

// Planes convolves planes one by one, each with a kernel of its own, as are the channels of a
// depthwise convolution:
//
//	Y[p, i] = Σ W[p, k] · X[p, i·Stride − Padding + k]
//
// over the elements k of the kernel that lie in the plane's rows; columns outside are 0.
// The methods run it. See [PlanesFit].
type Planes[T Float] struct {
	N              int // planes
	Kernel, Stride int // along both axes
	Padding        [2]int
	Size, Count    [2]int // of the planes of X and of Y
	X, Y           []T    // [N, Size…], [N, Count…]
	W              []T    // [N, Kernel, Kernel]

	Next int // for Sums: how many planes on those are that come next, which are fetched meanwhile
}

// PlanesFit reports whether Planes convolves with kernels of that height and width, strides
// and padding.
func PlanesFit(kernel, stride, padding [2]int) bool {
	return kernel[0] == kernel[1] && (kernel[0] == 3 || kernel[0] == 5) && stride[0] == stride[1] && (stride[0] == 1 || stride[0] == 2) &&
		max(padding[0], padding[1]) < kernel[0] && min(padding[0], padding[1]) >= 0
}

// Forward sets Y to the convolution, plus a bias [N], unless that is nil. With accumulate it is
// added to Y; with relu it is the greater of the sum and 0.
func (c *Planes[T]) Forward(bias []T, accumulate, relu bool) {
	if c.check("Planes.Forward", bias) {
		c.forward(bias, accumulate, relu)
	}
}

// Backward sets X to the gradient of the planes, given that of the result as Y, plus a bias
// [N], unless that is nil; with accumulate it is added to X. The stride must be 2: with 1 it is
// Forward with kernels that are turned around.
func (c *Planes[T]) Backward(bias []T, accumulate bool) {
	if c.Stride != 2 {
		panic(fmt.Sprintf("simd: Planes.Backward: a stride of %d", c.Stride))
	}
	if c.check("Planes.Backward", bias) {
		c.backward(bias, accumulate)
	}
}

// Sums adds to sums [N, Kernel, Kernel, TapLanes], those of each element of the kernels, the
// products of X and the gradient of the result, Y: sum i is of columns i, i+TapLanes … of Y.
func (c *Planes[T]) Sums(sums []T) {
	if !c.check("Planes.Sums", nil) {
		return
	}
	if want := c.N * c.Kernel * c.Kernel * TapLanes[T](); len(sums) != want {
		panicLength("Planes.Sums", "sums", len(sums), want)
	}
	c.sums(sums)
}

// check panics unless lengths fit. It reports whether there is something to do.
func (c *Planes[T]) check(op string, bias []T) bool {
	k, valid := c.Kernel, c.N >= 0
	for axis := range 2 {
		reach := (c.Count[axis]-1)*c.Stride + k
		valid = valid && c.Size[axis] >= 1 && c.Count[axis] >= 1 && reach <= c.Size[axis]+2*c.Padding[axis]
	}
	if !valid || !PlanesFit([2]int{k, k}, [2]int{c.Stride, c.Stride}, c.Padding) {
		panic(fmt.Sprintf("simd: %s: %d planes of %v, kernels of %d×%d, stride %d, padding %v, to %v", op, c.N, c.Size, k, k, c.Stride, c.Padding, c.Count))
	}
	for _, s := range []struct {
		name   string
		n, one int
	}{{"X", len(c.X), c.Size[0] * c.Size[1]}, {"Y", len(c.Y), c.Count[0] * c.Count[1]}} {
		if s.n != c.N*s.one {
			panicLength(op, s.name, s.n, c.N*s.one)
		}
	}
	if op != "Planes.Sums" && len(c.W) != c.N*k*k {
		panicLength(op, "W", len(c.W), c.N*k*k)
	}
	if bias != nil && len(bias) != c.N {
		panicLength(op, "bias", len(bias), c.N)
	}
	return c.N > 0
}

// planeRow is products of n elements of a row of Y with every Stride-th of X: their first
// elements' indices in the planes, the first one's column in Y, and the element of the kernel.
type planeRow struct{ y, x, n, column, k int }

// rows calls f for all products of a plane.
func (c *Planes[T]) rows(f func(r planeRow)) {
	for i := range c.Count[0] {
		for k := range c.Kernel * c.Kernel {
			row, first := i*c.Stride-c.Padding[0]+k/c.Kernel, k%c.Kernel-c.Padding[1]
			if row < 0 || row >= c.Size[0] {
				continue
			}
			from := max(0, (c.Stride-1-first)/c.Stride)
			to := min(c.Count[1], (c.Size[1]-first+c.Stride-1)/c.Stride)
			if from < to {
				f(planeRow{i*c.Count[1] + from, row*c.Size[1] + from*c.Stride + first, to - from, from, k})
			}
		}
	}
}

// plane is plane p, and its kernel, if there are any.
func (c *Planes[T]) plane(p int) (x, y, w []T) {
	in, out, kernel := c.Size[0]*c.Size[1], c.Count[0]*c.Count[1], c.Kernel*c.Kernel
	if len(c.W) > 0 {
		w = c.W[p*kernel:][:kernel]
	}
	return c.X[p*in:][:in], c.Y[p*out:][:out], w
}

// start makes dst what products are added to, for plane p.
func start[T Float](dst, bias []T, p int, accumulate bool) {
	if !accumulate {
		clear(dst)
	}
	if bias != nil {
		for i := range dst {
			dst[i] += bias[p]
		}
	}
}

func (c *Planes[T]) forwardGeneric(bias []T, accumulate, relu bool) {
	for p := range c.N {
		x, y, w := c.plane(p)
		start(y, bias, p, accumulate)
		c.rows(func(r planeRow) {
			from := r.x
			row, weight := y[r.y:r.y+r.n], w[r.k]
			for i := range row {
				row[i] += weight * x[from]
				from += c.Stride
			}
		})
		if relu {
			reluGeneric(y, y)
		}
	}
}

func (c *Planes[T]) backwardGeneric(bias []T, accumulate bool) {
	for p := range c.N {
		x, y, w := c.plane(p)
		start(x, bias, p, accumulate)
		c.rows(func(r planeRow) {
			to := r.x
			for _, v := range y[r.y : r.y+r.n] {
				x[to] += w[r.k] * v
				to += c.Stride
			}
		})
	}
}

func (c *Planes[T]) sumsGeneric(sums []T) {
	lanes := TapLanes[T]()
	for p := range c.N {
		x, y, _ := c.plane(p)
		taps := sums[p*c.Kernel*c.Kernel*lanes:]
		c.rows(func(r planeRow) {
			tap, from := taps[r.k*lanes:][:lanes], r.x
			for i, v := range y[r.y : r.y+r.n] {
				tap[(r.column+i)&(len(tap)-1)] += v * x[from]
				from += c.Stride
			}
		})
	}
}
