package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// shapes are convolutions with something special each.
var shapes = []struct {
	name string
	Shape
}{
	{"1×1", flat(2, 5, 7, 1, 6, 5, 1, 1, 1, 0, 1)},
	{"3×3", flat(2, 3, 4, 1, 8, 9, 3, 3, 1, 0, 1)},
	{"3×3 padded", flat(2, 2, 13, 1, 28, 28, 3, 3, 1, 1, 1)},
	{"5×5 padded", flat(1, 2, 3, 1, 14, 14, 5, 5, 1, 2, 1)},
	{"3×3 stride 2", flat(2, 3, 5, 1, 17, 19, 3, 3, 2, 1, 1)},
	{"1×1 stride 2", flat(2, 3, 5, 1, 8, 8, 1, 1, 2, 0, 1)},
	{"1×1 stride 2 of odd sizes", flat(3, 6, 26, 2, 9, 11, 1, 1, 2, 0, 1)},
	{"1×1 stride 2, rows of several vectors", flat(2, 30, 5, 1, 10, 90, 1, 1, 2, 0, 1)},
	{"1×1 stride 2, padded", flat(2, 3, 5, 1, 7, 8, 1, 1, 2, 1, 1)},
	{"1×1 stride 2 along rows", Shape{Batch: 2, In: 3, Out: 4, Groups: 1, Size: [3]int{1, 5, 8}, Kernel: [3]int{1, 1, 1}, Stride: [3]int{1, 1, 2}, Dilation: [3]int{1, 1, 1}}.counted()},
	{"3×3 stride 2 of many weights", flat(2, 130, 140, 1, 7, 8, 3, 3, 2, 1, 1)},
	{"signal stride 2", Shape{Batch: 2, In: 3, Out: 4, Groups: 1, Size: [3]int{1, 1, 2500}, Kernel: [3]int{1, 1, 5}, Stride: [3]int{1, 1, 2}, Padding: [3]int{0, 0, 2}, Dilation: [3]int{1, 1, 1}}.counted()},
	{"volume 1×1×1 stride 2", Shape{Batch: 2, In: 3, Out: 4, Groups: 1, Size: [3]int{5, 6, 7}, Kernel: [3]int{1, 1, 1}, Stride: [3]int{2, 2, 2}, Dilation: [3]int{1, 1, 1}}.counted()},
	{"volume 1×1×1 stride 2, frames of one row, padded", Shape{Batch: 1, In: 2, Out: 9, Groups: 1, Size: [3]int{2, 1, 2600}, Kernel: [3]int{1, 1, 1}, Stride: [3]int{1, 2, 2}, Padding: [3]int{0, 2, 0}, Dilation: [3]int{1, 1, 1}}.counted()},
	{"2×2 stride 3", flat(1, 2, 2, 1, 11, 10, 2, 2, 3, 1, 1)},
	{"4×4 stride 4", flat(2, 3, 30, 1, 16, 16, 4, 4, 4, 0, 1)},
	{"3×3 stride 2 dilation 2", flat(1, 2, 3, 1, 15, 13, 3, 3, 2, 2, 2)},
	{"3×2 dilation 3", flat(2, 2, 3, 1, 12, 11, 3, 2, 1, 1, 3)},
	{"groups", flat(2, 6, 4, 2, 7, 7, 3, 3, 1, 1, 1)},
	{"groups stride 2", flat(2, 4, 8, 4, 7, 7, 3, 3, 2, 1, 1)},
	{"depthwise", flat(2, 5, 5, 5, 9, 9, 3, 3, 1, 1, 1)},
	{"depthwise, rows of several vectors", flat(3, 9, 9, 9, 12, 35, 3, 3, 1, 1, 1)},
	{"depthwise by 2", flat(2, 5, 5, 5, 9, 18, 3, 3, 2, 1, 1)},
	{"depthwise by 2 of an even size", flat(2, 5, 5, 5, 12, 68, 3, 3, 2, 1, 1)},
	{"depthwise by 2, not padded", flat(2, 3, 3, 3, 8, 9, 3, 3, 2, 0, 1)},
	{"depthwise 5×5", flat(2, 7, 7, 7, 11, 20, 5, 5, 1, 2, 1)},
	{"depthwise 5×5 by 2", flat(2, 3, 3, 3, 14, 40, 5, 5, 2, 2, 1)},
	{"depthwise 5×5, much padding", flat(1, 2, 2, 2, 3, 2, 5, 5, 1, 4, 1)},
	{"depthwise dilated", flat(1, 3, 3, 3, 9, 8, 3, 3, 1, 2, 2)},
	{"depthwise 2×2", flat(1, 3, 3, 3, 9, 8, 2, 2, 1, 0, 1)},
	{"depthwise by 2 down only", Shape{Batch: 1, In: 3, Out: 3, Groups: 3, Size: [3]int{1, 9, 8}, Kernel: [3]int{1, 3, 3}, Stride: [3]int{1, 2, 1}, Padding: [3]int{0, 1, 1}, Dilation: [3]int{1, 1, 1}}.counted()},
	{"depthwise, many images", flat(40, 2, 2, 2, 28, 28, 3, 3, 1, 1, 1)},
	{"depthwise multiplied", flat(2, 3, 9, 3, 10, 9, 3, 3, 2, 1, 1)},
	{"small images", flat(5, 20, 30, 1, 3, 2, 3, 3, 1, 1, 1)},
	{"one element", flat(2, 4, 5, 1, 1, 1, 3, 3, 1, 1, 1)},
	{"many channels", flat(1, 150, 70, 1, 4, 7, 3, 3, 1, 1, 1)},
	{"many rows", flat(1, 4, 400, 1, 4, 5, 3, 3, 1, 1, 1)},
	{"many weights, small images", flat(5, 120, 1000, 1, 3, 3, 3, 3, 2, 1, 1)},
	{"1×1 of many weights, small images", flat(3, 900, 1200, 1, 2, 3, 1, 1, 1, 0, 1)},
	{"large image", flat(1, 2, 3, 1, 30, 70, 3, 3, 1, 1, 1)},
	{"batch", flat(40, 2, 5, 1, 6, 6, 3, 3, 1, 1, 1)},
	{"empty batch", flat(0, 4, 8, 1, 6, 6, 3, 3, 1, 1, 1)},
	{"padding beyond the kernel", flat(1, 2, 2, 1, 4, 4, 2, 2, 1, 3, 1)},
	{"tiles", flat(9, 16, 17, 1, 14, 15, 3, 3, 1, 1, 1)},
	{"tiles of a large image", flat(1, 17, 16, 1, 50, 44, 3, 3, 1, 0, 1)},
	{"tiles of 5×5", flat(3, 16, 18, 1, 14, 15, 5, 5, 1, 2, 1)},
	{"tiles of 5×5, not padded", flat(3, 17, 16, 1, 13, 14, 5, 5, 1, 0, 1)},
	{"tiles of many channels", flat(12, 97, 100, 1, 7, 7, 3, 3, 1, 1, 1)},
	{"stride 2 by tiles", flat(16, 50, 48, 1, 18, 18, 3, 3, 2, 1, 1)},
	{"stride 2 by tiles of 4×4", flat(9, 33, 48, 1, 16, 32, 3, 3, 2, 1, 1)},
	{"stride 2 by tiles, odd sizes, not padded", flat(9, 34, 32, 1, 33, 17, 3, 3, 2, 0, 1)},
	{"stride 2 by tiles, much padding, images in two parts", flat(8, 48, 34, 1, 29, 45, 3, 3, 2, 2, 1)},
	{"4×4 stride 2 by tiles", flat(7, 17, 35, 1, 16, 18, 4, 4, 2, 1, 1)},
	{"4×4 stride 2 by tiles, not padded", flat(7, 32, 18, 1, 17, 18, 4, 4, 2, 0, 1)},
	{"5×5 stride 2 by tiles", flat(6, 18, 32, 1, 16, 17, 5, 5, 2, 2, 1)},
	{"6×6 stride 2 by tiles", flat(5, 18, 33, 1, 18, 15, 6, 6, 2, 2, 1)},
	{"many channels, padding beyond the kernel", flat(9, 16, 17, 1, 14, 15, 3, 3, 1, 3, 1)},
	{"many channels, stride 2, padding beyond the kernel", flat(9, 34, 32, 1, 17, 33, 4, 4, 2, 4, 1)},
	{"signal", Shape{Batch: 2, In: 3, Out: 4, Groups: 1, Size: [3]int{1, 1, 3000}, Kernel: [3]int{1, 1, 7}, Stride: [3]int{1, 1, 1}, Padding: [3]int{0, 0, 3}, Dilation: [3]int{1, 1, 1}}.counted()},
	{"column", Shape{Batch: 2, In: 3, Out: 4, Groups: 1, Size: [3]int{1, 20, 5}, Kernel: [3]int{1, 3, 1}, Stride: [3]int{1, 1, 1}, Padding: [3]int{0, 1, 0}, Dilation: [3]int{1, 2, 1}}.counted()},
	{"column stride 2", Shape{Batch: 2, In: 3, Out: 4, Groups: 1, Size: [3]int{1, 20, 5}, Kernel: [3]int{1, 3, 1}, Stride: [3]int{1, 2, 1}, Padding: [3]int{0, 1, 0}, Dilation: [3]int{1, 1, 1}}.counted()},
	{"volume", Shape{Batch: 2, In: 3, Out: 4, Groups: 1, Size: [3]int{5, 6, 7}, Kernel: [3]int{3, 2, 3}, Stride: [3]int{1, 1, 1}, Padding: [3]int{1, 0, 1}, Dilation: [3]int{1, 2, 1}}.counted()},
	{"volume stride 2", Shape{Batch: 1, In: 2, Out: 3, Groups: 1, Size: [3]int{6, 7, 8}, Kernel: [3]int{2, 3, 3}, Stride: [3]int{2, 2, 2}, Padding: [3]int{1, 1, 1}, Dilation: [3]int{1, 1, 1}}.counted()},
	{"volume 1×1×1", Shape{Batch: 2, In: 3, Out: 4, Groups: 1, Size: [3]int{5, 3, 4}, Kernel: [3]int{1, 1, 1}, Stride: [3]int{1, 1, 1}, Dilation: [3]int{1, 1, 1}}.counted()},
	{"volume 3×1×1", Shape{Batch: 2, In: 3, Out: 4, Groups: 1, Size: [3]int{5, 3, 4}, Kernel: [3]int{3, 1, 1}, Stride: [3]int{2, 1, 1}, Padding: [3]int{2, 0, 0}, Dilation: [3]int{1, 1, 1}}.counted()},
}

// flat is a convolution of images with the same stride, padding and dilation along both axes.
func flat(batch, in, out, groups, height, width, kh, kw, stride, padding, dilation int) Shape {
	return Shape{
		Batch: batch, In: in, Out: out, Groups: groups,
		Size: [3]int{1, height, width}, Kernel: [3]int{1, kh, kw},
		Stride: [3]int{1, stride, stride}, Padding: [3]int{0, padding, padding}, Dilation: [3]int{1, dilation, dilation},
	}.counted()
}

// counted is s with as many windows as there are.
func (s Shape) counted() Shape {
	for i := range 3 {
		s.Count[i] = (s.Size[i]+2*s.Padding[i]-s.Dilation[i]*(s.Kernel[i]-1)-1)/s.Stride[i] + 1
	}
	return s
}

// each calls f for all products of elements that the convolution is made of, with their
// indices in y, x and w.
func (s *Shape) each(f func(y, x, w int)) {
	in, out := s.In/s.Groups, s.Out/s.Groups
	size, count, kernel := volume(s.Size), volume(s.Count), volume(s.Kernel)
	for i := range count {
		for k := range kernel {
			at, inside := 0, true
			for axis := range 3 {
				j := along(i, axis, s.Count)*s.Stride[axis] - s.Padding[axis] + along(k, axis, s.Kernel)*s.Dilation[axis]
				inside = inside && j >= 0 && j < s.Size[axis]
				at = at*s.Size[axis] + j
			}
			if !inside {
				continue
			}
			for n := range s.Batch {
				for o := range s.Out {
					for c := range in {
						f((n*s.Out+o)*count+i, (n*s.In+o/out*in+c)*size+at, (o*in+c)*kernel+k)
					}
				}
			}
		}
	}
}

// along is the index along an axis of element i of a box.
func along(i, axis int, size [3]int) int {
	for a := 2; a > axis; a-- {
		i /= size[a]
	}
	return i % size[axis]
}

// reference collects sums of products, and how large their rounding errors may be.
type reference struct{ sum, size []float64 }

func newReference(n int) reference { return reference{make([]float64, n), make([]float64, n)} }

func (r *reference) add(i int, v float64) {
	r.sum[i] += v
	r.size[i] += math.Abs(v)
}

func (r *reference) clone() reference { return reference{slices.Clone(r.sum), slices.Clone(r.size)} }

func check[F simd.Float](t *testing.T, what string, got []F, want reference) {
	t.Helper()
	eps := 0x1p-52
	if sizeOf[F]() == 4 {
		eps = 0x1p-23
	}
	const units = 60 // tiles lose some digits
	for i, v := range got {
		if !(math.Abs(float64(v)-want.sum[i]) <= eps*units*(want.size[i]+1e-30)) {
			t.Fatalf("%s: element %d is %v, want %v ± %v", what, i, v, want.sum[i], eps*units*want.size[i])
		}
	}
}

func random[F simd.Float](r *rand.Rand, n int) []F {
	values := make([]F, n)
	for i := range values {
		values[i] = F(r.NormFloat64())
	}
	return values
}

// operands are arrays of random numbers of a convolution's shapes.
func operands[F simd.Float](s *Shape) (x, w, y []F) {
	r := rand.New(rand.NewPCG(3, uint64(s.Out)))
	return random[F](r, s.Batch*s.In*volume(s.Size)), random[F](r, s.Out*s.In/s.Groups*volume(s.Kernel)), random[F](r, s.Batch*s.Out*volume(s.Count))
}

func TestConvolutions(t *testing.T) {
	for _, test := range shapes {
		t.Run(test.name, func(t *testing.T) {
			t.Run("float32", func(t *testing.T) { testConvolution[float32](t, test.Shape) })
			t.Run("float64", func(t *testing.T) { testConvolution[float64](t, test.Shape) })
		})
	}
}

func testConvolution[F simd.Float](t *testing.T, s Shape) {
	x, w, g := operands[F](&s)
	sumY, sumX, sumW := newReference(len(g)), newReference(len(x)), newReference(len(w))
	s.each(func(i, j, k int) {
		sumY.add(i, float64(x[j])*float64(w[k]))
		sumX.add(j, float64(g[i])*float64(w[k]))
		sumW.add(k, float64(g[i])*float64(x[j]))
	})
	r := rand.New(rand.NewPCG(5, 6))
	for _, accumulate := range []bool{false, true} {
		for _, withBias := range []bool{false, true} {
			name := fmt.Sprintf("accumulate %v, bias %v", accumulate, withBias)
			wantY, wantX, wantW := sumY.clone(), sumX.clone(), sumW.clone()
			var biasOut, biasIn []F
			if withBias {
				biasOut, biasIn = random[F](r, s.Out), random[F](r, s.In)
				addBias(wantY, biasOut, volume(s.Count))
				addBias(wantX, biasIn, volume(s.Size))
			}
			y, dx, dw := random[F](r, len(g)), random[F](r, len(x)), random[F](r, len(w))
			if accumulate {
				for i, v := range dx {
					wantX.add(i, float64(v))
				}
				for i, v := range dw {
					wantW.add(i, float64(v))
				}
			}
			Forward(s, y, x, w, biasOut, false)
			check(t, name+", forward", y, wantY)
			positive := slices.Clone(y)
			simd.ReLU(positive, positive)
			if Forward(s, y, x, w, biasOut, true); !slices.Equal(y, positive) {
				t.Fatalf("%s: what is below 0 is not cut off", name)
			}
			InputGradient(s, dx, g, w, biasIn, accumulate)
			check(t, name+", gradient of the images", dx, wantX)
			WeightGradient(s, dw, x, g, accumulate)
			check(t, name+", gradient of the weights", dw, wantW)
		}
	}
}

// addBias adds the bias of channels of that size.
func addBias[F simd.Float](r reference, bias []F, size int) {
	for i := range r.sum {
		r.add(i, float64(bias[i/size%len(bias)]))
	}
}

// Some shapes have gradients of weights that take several images at a time.
func TestShapesOfSeveralImages(t *testing.T) {
	for _, test := range shapes {
		if !strings.Contains(test.name, "many weights, small images") {
			continue
		}
		s := test.collapsed()
		g := gradient[float32]{batch: s.Batch, groups: s.Groups, channels: s.In / s.Groups, out: s.Out / s.Groups}
		g.windows(&s)
		if g.cut(); g.group < 2 || g.few {
			t.Errorf("%s: one image at a time", test.name)
		}
	}
}

// The shapes for tiles with a stride of 2 go by tiles.
func TestStridedShapes(t *testing.T) {
	sides := map[[2]int]bool{}
	for _, test := range shapes {
		if !strings.Contains(test.name, "stride 2 by tiles") {
			continue
		}
		for _, backward := range []bool{false, true} {
			shape, ok := test.strided(backward)
			if !ok {
				t.Errorf("%s, backward %v: by windows", test.name, backward)
			}
			sides[[2]int{shape.side, shape.out}] = true
		}
	}
	for _, want := range [][2]int{{3, 3}, {3, 4}, {4, 3}, {4, 4}, {5, 4}, {6, 4}} {
		if !sides[want] {
			t.Errorf("kernels of %d×%d by tiles of %d×%d are not tested", want[0], want[0], want[1], want[1])
		}
	}
}

// NaN and infinities come where they belong and nowhere else, by tiles too.
func TestInfinitiesStayWhereTheyBelong(t *testing.T) {
	t.Run("few channels", func(t *testing.T) { testInfinities(t, flat(4, 16, 16, 1, 16, 16, 3, 3, 1, 1, 1)) })
	t.Run("5×5", func(t *testing.T) { testInfinities(t, flat(4, 16, 16, 1, 9, 9, 5, 5, 1, 2, 1)) })
	t.Run("many channels", func(t *testing.T) { testInfinities(t, flat(12, 97, 100, 1, 7, 7, 3, 3, 1, 1, 1)) })
	t.Run("stride 2", func(t *testing.T) { testInfinities(t, flat(9, 33, 48, 1, 16, 32, 3, 3, 2, 1, 1)) })
	t.Run("stride 2, 4×4", func(t *testing.T) { testInfinities(t, flat(7, 17, 35, 1, 16, 18, 4, 4, 2, 1, 1)) })
}

func testInfinities(t *testing.T, s Shape) {
	x, w, g := operands[float32](&s)
	for i := range w {
		w[i] = max(w[i], -w[i]) + 0.1 // no infinities cancel
	}
	at := 2*s.Size[2] + 3 // no window reaches over the edge
	nan := float32(math.NaN())
	x[(s.In+3)*volume(s.Size)+at], g[(s.Out+2)*volume(s.Count)+at] = nan, nan
	wantY, wantX, wantW := newReference(len(g)), newReference(len(x)), newReference(len(w))
	s.each(func(i, j, k int) {
		wantY.add(i, float64(x[j])*float64(w[k]))
		wantX.add(j, float64(g[i])*float64(w[k]))
		wantW.add(k, float64(g[i])*float64(x[j]))
	})
	for _, special := range []float32{nan, float32(math.Inf(1))} {
		x[(s.In+3)*volume(s.Size)+at], g[(s.Out+2)*volume(s.Count)+at] = special, special
		for _, accumulate := range []bool{false, true} {
			y, dx, dw := make([]float32, len(g)), make([]float32, len(x)), make([]float32, len(w))
			Forward(s, y, x, w, nil, false)
			InputGradient(s, dx, g, w, nil, accumulate)
			WeightGradient(s, dw, x, g, accumulate)
			for _, r := range []struct {
				name string
				got  []float32
				want reference
			}{{"result", y, wantY}, {"gradient of the images", dx, wantX}, {"gradient of the weights", dw, wantW}} {
				for i, v := range r.got {
					if got, want := float64(v), r.want.sum[i]; got-got == 0 != (want-want == 0) {
						t.Fatalf("%v, accumulate %v: element %d of the %s is %v, want %v", special, accumulate, i, r.name, got, want)
					}
				}
			}
		}
	}
}
