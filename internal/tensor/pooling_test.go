package tensor

import (
	"math"
	"testing"
)

func sliding(size, kernel, stride, padding, dilation, count int) PoolAxis {
	return PoolAxis{Size: size, Count: count, Kernel: kernel, Stride: stride, Padding: padding, Dilation: dilation}
}

// poolings are windows of all kinds, on planes so many.
var poolings = []struct {
	name   string
	p      Pooling
	planes int
}{
	{"pairs", Pooling{WholeAxis(1), sliding(6, 2, 2, 0, 1, 3), sliding(16, 2, 2, 0, 1, 8)}, 5},
	{"pairs with a rest", Pooling{WholeAxis(1), sliding(5, 2, 2, 0, 1, 2), sliding(11, 2, 2, 0, 1, 5)}, 3},
	{"pairs with a part", Pooling{WholeAxis(1), sliding(5, 2, 2, 0, 1, 3), sliding(7, 2, 2, 0, 1, 4)}, 3},
	{"no planes", Pooling{WholeAxis(1), sliding(4, 2, 2, 0, 1, 2), sliding(4, 2, 2, 0, 1, 2)}, 0},
	{"signals", Pooling{WholeAxis(1), WholeAxis(1), sliding(9, 3, 2, 1, 1, 5)}, 4},
	{"overlapping", Pooling{WholeAxis(1), sliding(7, 3, 2, 1, 1, 4), sliding(8, 3, 1, 1, 1, 8)}, 6},
	{"dilated", Pooling{WholeAxis(1), sliding(7, 2, 1, 1, 3, 6), sliding(8, 3, 2, 0, 2, 2)}, 2},
	{"with gaps", Pooling{WholeAxis(1), sliding(7, 2, 3, 0, 1, 2), sliding(9, 1, 4, 0, 1, 3)}, 2},
	{"volumes", Pooling{sliding(4, 2, 2, 1, 1, 3), sliding(5, 3, 2, 1, 1, 3), sliding(3, 2, 1, 0, 1, 2)}, 3},
	{"many elements", Pooling{WholeAxis(1), sliding(20, 17, 3, 8, 1, 7), sliding(21, 18, 2, 9, 1, 11)}, 2},
	{"all elements", Pooling{WholeAxis(1), sliding(20, 20, 20, 0, 1, 1), sliding(21, 21, 21, 0, 1, 1)}, 3},
	{"parts", Pooling{WholeAxis(1), AdaptiveAxis(7, 3), AdaptiveAxis(4, 6)}, 3},
	{"parts of volumes", Pooling{AdaptiveAxis(5, 2), WholeAxis(3), AdaptiveAxis(4, 3)}, 2},
	{"one part", Pooling{WholeAxis(1), AdaptiveAxis(7, 1), AdaptiveAxis(5, 1)}, 4},
	{"pairs in pieces", Pooling{WholeAxis(1), sliding(40, 2, 2, 0, 1, 20), sliding(40, 2, 2, 0, 1, 20)}, 60},
	{"overlapping in pieces", Pooling{WholeAxis(1), sliding(40, 3, 2, 1, 1, 20), sliding(40, 3, 2, 1, 1, 20)}, 60},
}

// window calls f with the elements of window i of an axis, and how many it has if those in
// the padding count.
func (a PoolAxis) elements(i int) (inside []int, counted int) {
	if a.Adaptive {
		for k := int(math.Floor(float64(i*a.Size) / float64(a.Count))); k < int(math.Ceil(float64((i+1)*a.Size)/float64(a.Count))); k++ {
			inside = append(inside, k)
		}
		return inside, len(inside)
	}
	for k := range a.Kernel {
		at := i*a.Stride - a.Padding + k*a.Dilation
		if at >= 0 && at < a.Size {
			inside = append(inside, at)
		}
		if at < a.Size+a.Padding {
			counted++
		}
	}
	return inside, counted
}

// windowsOf lists the elements of each window on a plane, in row-major order, and how many
// they are with the padding.
func windowsOf(p Pooling) (windows [][]int, counted []int) {
	for i := range p[0].Count {
		for j := range p[1].Count {
			for k := range p[2].Count {
				zs, a := p[0].elements(i)
				ys, b := p[1].elements(j)
				xs, c := p[2].elements(k)
				var window []int
				for _, z := range zs {
					for _, y := range ys {
						for _, x := range xs {
							window = append(window, (z*p[1].Size+y)*p[2].Size+x)
						}
					}
				}
				windows, counted = append(windows, window), append(counted, a*b*c)
			}
		}
	}
	return windows, counted
}

func TestMaxPool(t *testing.T) {
	var cases []testCase
	for _, s := range poolings {
		p, size := s.p, s.p.plane()
		windows, _ := windowsOf(p)
		// pool makes an image with several greatest elements and some NaN, and pools it.
		pool := func(r *random) (x, y, index *Array, chosen []int) {
			x = r.array(s.planes, size)
			for i := range x.Len() {
				x.Set(i, float64(r.IntN(4)))
				if r.IntN(30) == 0 {
					x.Set(i, math.NaN())
				}
			}
			y, index = r.garbage(s.planes, len(windows)), r.garbage(p.IndexSize(r.dtype, s.planes*len(windows)))
			MaxPool(y, x, index, &p)
			for plane := range s.planes {
				for _, window := range windows {
					best := window[0]
					for _, at := range window[1:] {
						if v, most := x.At(plane*size+at), x.At(plane*size+best); v > most || math.IsNaN(v) {
							best = at
						}
					}
					chosen = append(chosen, best)
				}
			}
			return x, y, index, chosen
		}
		element := func(i, chosen int) int { return i/max(1, len(windows))*size + chosen }
		cases = append(cases, testCase{"MaxPool of " + s.name, func(r *random) (*Array, []float64) {
			x, y, _, chosen := pool(r)
			var want []float64
			for i, at := range chosen {
				want = append(want, x.At(element(i, at)))
			}
			return y, want
		}}, testCase{"MaxPool without an index of " + s.name, func(r *random) (*Array, []float64) {
			x, y, _, _ := pool(r)
			z := r.garbage(y.Shape...)
			MaxPool(z, x, nil, &p)
			return z, valuesOf(y)
		}}, testCase{"MaxPoolIndices of " + s.name, func(r *random) (*Array, []float64) {
			_, y, index, chosen := pool(r)
			list, got := make([]int, y.Len()), New(Float64, []int{y.Len()})
			MaxPoolIndices(list, index, &p)
			want := make([]float64, y.Len())
			for i := range list {
				got.Set(i, float64(list[i]))
				want[i] = float64(chosen[i])
			}
			return &got, want
		}})
		for _, accumulate := range []bool{false, true} {
			cases = append(cases, testCase{name("MaxPoolBackward of ", s.name, " accumulate=", accumulate), func(r *random) (*Array, []float64) {
				x, y, index, chosen := pool(r)
				g, dst := r.array(y.Shape...), r.garbage(x.Shape...)
				want := make([]float64, x.Len())
				if accumulate {
					dst = r.array(x.Shape...)
					want = valuesOf(dst)
				}
				for i, at := range chosen {
					want[element(i, at)] += g.At(i)
				}
				MaxPoolBackward(dst, g, index, &p, accumulate)
				return dst, want
			}})
		}
	}
	runCases(t, cases)
}

func TestAvgPool(t *testing.T) {
	var cases []testCase
	for _, s := range poolings {
		dilated := false
		for _, a := range s.p {
			dilated = dilated || a.Dilation > 1
		}
		if dilated {
			continue
		}
		for _, a := range []Averaging{{Pooling: s.p}, {Pooling: s.p, ExcludePadding: true}, {Pooling: s.p, Divisor: 3}} {
			windows, counted := windowsOf(s.p)
			size := s.p.plane()
			share := func(i int) float64 {
				switch {
				case a.Divisor != 0:
					return 1 / a.Divisor
				case a.ExcludePadding:
					return 1 / float64(len(windows[i]))
				}
				return 1 / float64(counted[i])
			}
			what := name(" of ", s.name, " exclude=", a.ExcludePadding, " divisor=", a.Divisor)
			cases = append(cases, testCase{"AvgPool" + what, func(r *random) (*Array, []float64) {
				x, y := r.array(s.planes, size), r.garbage(s.planes, len(windows))
				AvgPool(y, x, &a)
				want := make([]float64, y.Len())
				for i := range want {
					for _, at := range windows[i%len(windows)] {
						want[i] += x.At(i/len(windows)*size+at) * share(i%len(windows))
					}
				}
				return y, want
			}})
			for _, accumulate := range []bool{false, true} {
				cases = append(cases, testCase{name("AvgPoolBackward", what, " accumulate=", accumulate), func(r *random) (*Array, []float64) {
					g, dst := r.array(s.planes, len(windows)), r.garbage(s.planes, size)
					want := make([]float64, dst.Len())
					if accumulate {
						dst = r.array(s.planes, size)
						want = valuesOf(dst)
					}
					for i := range g.Len() {
						for _, at := range windows[i%len(windows)] {
							want[i/len(windows)*size+at] += g.At(i) * share(i%len(windows))
						}
					}
					AvgPoolBackward(dst, g, &a, accumulate)
					return dst, want
				}})
			}
		}
	}
	runCases(t, cases)
}

func TestPoolAxisEmpty(t *testing.T) {
	for _, test := range []struct {
		a    PoolAxis
		want bool
	}{
		{sliding(3, 2, 1, 0, 1, 2), false}, {sliding(1, 2, 1, 1, 2, 1), true}, {sliding(2, 2, 1, 1, 2, 2), false}, {AdaptiveAxis(3, 5), false},
	} {
		if got := test.a.Empty(); got != test.want {
			t.Errorf("%+v: %v", test.a, got)
		}
	}
}
