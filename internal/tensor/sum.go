package tensor

import "github.com/chainrule-go/chainrule/internal/simd"

// Sum sets dst to the sums of x over the set of axes.
func Sum(dst, x *Array, axes uint64) {
	if dst.DType == Float32 {
		sumGroups(dst.F32, x.F32, x.Shape, axes, false)
	} else {
		sumGroups(dst.F64, x.F64, x.Shape, axes, false)
	}
}

// SumTo undoes a broadcast: it sums x over the axes along which dst's shape would have
// to be repeated, and adds the result to dst if accumulate is set.
func SumTo(dst, x *Array, accumulate bool) {
	var axes uint64
	missing := len(x.Shape) - len(dst.Shape)
	for i, d := range x.Shape {
		if i < missing || dst.Shape[i-missing] != d {
			axes |= 1 << i
		}
	}
	if dst.DType == Float32 {
		sumGroups(dst.F32, x.F32, x.Shape, axes, accumulate)
	} else {
		sumGroups(dst.F64, x.F64, x.Shape, axes, accumulate)
	}
}

// sumGroups sums over the last group of neighbouring axes that are reduced, into
// scratch if there are more groups in front, and goes on with these.
func sumGroups[T simd.Float](dst, x []T, shape []int, axes uint64, accumulate bool) {
	end := len(shape)
	for end > 0 && (axes>>(end-1)&1 == 0 || shape[end-1] == 1) {
		end--
	}
	start := end
	for start > 0 && (axes>>(start-1)&1 != 0 || shape[start-1] == 1) {
		start--
	}
	outer, n, inner := SizeOf(shape[:start]), SizeOf(shape[start:end]), SizeOf(shape[end:])
	if start > 0 && axes&(1<<start-1) != 0 && hasReduced(shape[:start], axes) {
		s := borrow[T](outer * inner)
		sumGroup(s.buf, x, outer, n, inner, false)
		var buffer [8]int
		rest := append(append(buffer[:0], shape[:start]...), inner)
		sumGroups(dst, s.buf, rest, axes&(1<<start-1), accumulate)
		giveBack(s)
		return
	}
	sumGroup(dst, x, outer, n, inner, accumulate)
}

func hasReduced(shape []int, axes uint64) bool {
	for i, d := range shape {
		if axes>>i&1 != 0 && d != 1 {
			return true
		}
	}
	return false
}

// sumGroup sums x [outer, n, inner] over its middle axis.
func sumGroup[T simd.Float](dst, x []T, outer, n, inner int, accumulate bool) {
	if inner == 1 {
		for i := range outer {
			s := simd.Sum(x[i*n : (i+1)*n])
			if accumulate {
				s += dst[i]
			}
			dst[i] = s
		}
		return
	}
	for i := range outer {
		simd.SumRows(dst[i*inner:(i+1)*inner], x[i*n*inner:(i+1)*n*inner], n, inner, accumulate)
	}
}

// GatherRows sets row i of dst to row index[i] of x [n, …].
func GatherRows(dst, x *Array, index []int) {
	row := SizeOf(x.Shape[1:])
	if dst.DType == Float32 {
		gatherRows(dst.F32, x.F32, index, row)
	} else {
		gatherRows(dst.F64, x.F64, index, row)
	}
}

func gatherRows[T simd.Float](dst, x []T, index []int, row int) {
	for i, k := range index {
		copy(dst[i*row:(i+1)*row], x[k*row:(k+1)*row])
	}
}

// ScatterAddRows adds row i of g to row index[i] of dst, in order of i.
func ScatterAddRows(dst, g *Array, index []int) {
	row := SizeOf(g.Shape[1:])
	if dst.DType == Float32 {
		scatterAddRows(dst.F32, g.F32, index, row)
	} else {
		scatterAddRows(dst.F64, g.F64, index, row)
	}
}

func scatterAddRows[T simd.Float](dst, g []T, index []int, row int) {
	for i, k := range index {
		d := dst[k*row : (k+1)*row]
		simd.Add(d, d, g[i*row:(i+1)*row])
	}
}
