package tensor

import (
	"testing"
)

func TestMovements(t *testing.T) {
	var cases []testCase
	for _, s := range []struct{ whole, start, step, shape []int }{
		{[]int{7}, []int{1}, []int{2}, []int{3}},
		{[]int{7}, []int{6}, []int{-3}, []int{3}},
		{[]int{3, 5}, []int{1, 0}, []int{1, 1}, []int{2, 5}},
		{[]int{3, 5}, []int{2, 4}, []int{-1, -2}, []int{3, 2}},
		{[]int{4, 3, 6}, []int{0, 1, 2}, []int{2, 1, 1}, []int{2, 1, 4}},
		{[]int{3, 5}, []int{1, 1}, []int{1, 1}, []int{0, 2}},
		{[]int{200, 300}, []int{1, 2}, []int{1, 1}, []int{190, 290}},
		{[]int{200, 300}, []int{199, 1}, []int{-1, 3}, []int{200, 99}},
	} {
		source := func(index []int) int {
			flat := 0
			for axis, size := range s.whole {
				flat = flat*size + s.start[axis] + index[axis]*s.step[axis]
			}
			return flat
		}
		cases = append(cases, testCase{name("Slice", s), func(r *random) (*Array, []float64) {
			x, dst := r.array(s.whole...), r.garbage(s.shape...)
			Slice(dst, x, s.start, s.step)
			want := make([]float64, dst.Len())
			for i, index := range indices(s.shape) {
				want[i] = x.At(source(index))
			}
			return dst, want
		}}, testCase{name("SliceSet", s), func(r *random) (*Array, []float64) {
			dst, src := r.array(s.whole...), r.array(s.shape...)
			want := valuesOf(dst)
			for i, index := range indices(s.shape) {
				want[source(index)] = src.At(i)
			}
			SliceSet(dst, src, s.start, s.step)
			return dst, want
		}})
	}
	for _, p := range []struct{ shape, perm []int }{
		{[]int{5}, []int{0}}, {[]int{3, 5}, []int{1, 0}}, {[]int{2, 3, 4}, []int{2, 0, 1}}, {[]int{2, 3, 4}, []int{0, 2, 1}},
		{[]int{2, 3, 4, 5}, []int{0, 2, 1, 3}}, {[]int{2, 3, 4, 5}, []int{3, 2, 1, 0}}, {[]int{3, 0, 2}, []int{2, 1, 0}},
		{[]int{200, 301}, []int{1, 0}}, {[]int{4, 130, 100}, []int{0, 2, 1}}, {[]int{40, 7, 150}, []int{1, 2, 0}},
	} {
		cases = append(cases, testCase{name("Permute", p), func(r *random) (*Array, []float64) {
			x := r.array(p.shape...)
			shape := make([]int, len(p.perm))
			for to, from := range p.perm {
				shape[to] = p.shape[from]
			}
			dst := r.garbage(shape...)
			Permute(dst, x, p.perm)
			want, from := make([]float64, dst.Len()), make([]int, len(p.perm))
			for i, index := range indices(shape) {
				for axis, source := range p.perm {
					from[source] = index[axis]
				}
				want[i] = at(x, from)
			}
			return dst, want
		}})
	}
	for _, shape := range [][]int{{3, 5}, {2, 4, 4}, {1, 1}, {0, 3}, {200, 301}} {
		for _, diagonal := range []int{-2, 0, 1, 7} {
			for _, lower := range []bool{true, false} {
				cases = append(cases, testCase{name("Triangle", shape, diagonal, lower), func(r *random) (*Array, []float64) {
					x, dst := r.array(shape...), r.garbage(shape...)
					Triangle(dst, x, diagonal, lower)
					want := valuesOf(x)
					for i, index := range indices(shape) {
						offset := index[len(index)-1] - index[len(index)-2]
						if lower && offset > diagonal || !lower && offset < diagonal {
							want[i] = 0
						}
					}
					return dst, want
				}})
			}
		}
	}
	runCases(t, cases)
}

func TestIndexing(t *testing.T) {
	var cases []testCase
	for _, s := range []struct {
		shape []int
		count int
	}{{[]int{4}, 6}, {[]int{4, 3}, 1}, {[]int{4, 3}, 9}, {[]int{5, 2, 3}, 4}, {[]int{3, 0}, 2}, {[]int{3, 2}, 0}, {[]int{500, 70}, 900}, {[]int{3000, 70}, 1000}, {[]int{200_000, 1}, 900}} {
		index := make([]int, s.count)
		for i := range index {
			index[i] = (7*i + 2) % s.shape[0]
		}
		picked := append([]int{s.count}, s.shape[1:]...)
		row := SizeOf(s.shape[1:])
		cases = append(cases, testCase{name("GatherRows", s), func(r *random) (*Array, []float64) {
			x, dst := r.array(s.shape...), r.garbage(picked...)
			GatherRows(dst, x, index)
			var want []float64
			values := valuesOf(x)
			for _, i := range index {
				want = append(want, values[i*row:(i+1)*row]...)
			}
			return dst, want
		}})
		for _, accumulate := range []bool{false, true} {
			cases = append(cases, testCase{name("ScatterRows", s, " accumulate=", accumulate), func(r *random) (*Array, []float64) {
				dst, g, scatter := r.garbage(s.shape...), r.array(picked...), ScatterRows
				want := make([]float64, dst.Len())
				if accumulate {
					dst, scatter = r.array(s.shape...), ScatterAddRows
					want = valuesOf(dst)
				}
				for i, to := range index {
					for j := range row {
						want[to*row+j] += g.At(i*row + j)
					}
				}
				scatter(dst, g, index)
				return dst, want
			}})
		}
	}
	for _, s := range []struct {
		shape, indexShape []int
		axis              int
	}{
		{[]int{5}, []int{8}, 0}, {[]int{3, 4}, []int{2, 4}, 0}, {[]int{3, 4}, []int{3, 6}, 1}, {[]int{3, 4}, []int{2, 2}, 1},
		{[]int{2, 3, 4}, []int{2, 5, 3}, 1}, {[]int{2, 3}, []int{0, 3}, 0}, {[]int{150, 200}, []int{150, 90}, 1}, {[]int{60, 10, 90}, []int{60, 30, 90}, 1},
	} {
		index := make([]int, SizeOf(s.indexShape))
		for i := range index {
			index[i] = (5*i + i/7) % s.shape[s.axis]
		}
		element := func(i int, position []int) int {
			flat := 0
			for axis, size := range s.shape {
				p := position[axis]
				if axis == s.axis {
					p = index[i]
				}
				flat = flat*size + p
			}
			return flat
		}
		cases = append(cases, testCase{name("Gather", s), func(r *random) (*Array, []float64) {
			x, dst := r.array(s.shape...), r.garbage(s.indexShape...)
			Gather(dst, x, index, s.indexShape, s.axis)
			want := make([]float64, dst.Len())
			for i, position := range indices(s.indexShape) {
				want[i] = x.At(element(i, position))
			}
			return dst, want
		}}, testCase{name("ScatterAdd", s), func(r *random) (*Array, []float64) {
			dst, g := r.array(s.shape...), r.array(s.indexShape...)
			want := valuesOf(dst)
			for i, position := range indices(s.indexShape) {
				want[element(i, position)] += g.At(i)
			}
			ScatterAdd(dst, g, index, s.indexShape, s.axis)
			return dst, want
		}})
	}
	runCases(t, cases)
}

func TestWindows(t *testing.T) {
	var cases []testCase
	for _, s := range []struct {
		shape []int
		w     Windows
	}{
		{[]int{1, 1, 3, 3}, Windows{Kernel: [2]int{2, 2}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Count: [2]int{2, 2}}},
		{[]int{2, 3, 5, 4}, Windows{Kernel: [2]int{3, 2}, Stride: [2]int{2, 1}, Padding: [2]int{1, 0}, Dilation: [2]int{1, 2}, Count: [2]int{3, 2}}},
		{[]int{1, 2, 4, 6}, Windows{Kernel: [2]int{1, 5}, Stride: [2]int{1, 3}, Padding: [2]int{0, 4}, Dilation: [2]int{1, 1}, Count: [2]int{4, 4}}},
		{[]int{4, 8, 30, 31}, Windows{Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}, Count: [2]int{30, 31}}},
		{[]int{0, 2, 3, 3}, Windows{Kernel: [2]int{2, 2}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Count: [2]int{2, 2}}},
	} {
		rows := s.shape[1] * s.w.Kernel[0] * s.w.Kernel[1]
		columns := []int{s.shape[0], rows, s.w.Count[0] * s.w.Count[1]}
		// element is where an element of columns lies on the images, or −1.
		element := func(index []int) int {
			kernel, window := index[1]%(s.w.Kernel[0]*s.w.Kernel[1]), index[2]
			place := [2]int{kernel / s.w.Kernel[1], kernel % s.w.Kernel[1]}
			from := [2]int{window / s.w.Count[1], window % s.w.Count[1]}
			flat := index[0]*s.shape[1] + index[1]/(s.w.Kernel[0]*s.w.Kernel[1])
			for axis := range 2 {
				p := from[axis]*s.w.Stride[axis] - s.w.Padding[axis] + place[axis]*s.w.Dilation[axis]
				if p < 0 || p >= s.shape[2+axis] {
					return -1
				}
				flat = flat*s.shape[2+axis] + p
			}
			return flat
		}
		cases = append(cases, testCase{name("Unfold", s), func(r *random) (*Array, []float64) {
			x, dst := r.array(s.shape...), r.garbage(columns...)
			Unfold(dst, x, s.w)
			want := make([]float64, dst.Len())
			for i, index := range indices(columns) {
				if e := element(index); e >= 0 {
					want[i] = x.At(e)
				}
			}
			return dst, want
		}}, testCase{name("Fold", s), func(r *random) (*Array, []float64) {
			x, dst := r.array(columns...), r.garbage(s.shape...)
			Fold(dst, x, s.w)
			want := make([]float64, dst.Len())
			for i, index := range indices(columns) {
				if e := element(index); e >= 0 {
					want[e] += x.At(i)
				}
			}
			return dst, want
		}})
	}
	runCases(t, cases)
}
