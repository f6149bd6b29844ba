package simd

// This file holds conversions of type and of layout.

// BytesToFloats sets dst[i] = src[i]·scale + shift. len(src) must be len(dst).
func BytesToFloats[T Float](dst []T, src []byte, scale, shift T) {
	if len(src) != len(dst) {
		panicLength("BytesToFloats", "src", len(src), len(dst))
	}
	bytesToFloatsKernel(dst, src, scale, shift)
}

func bytesToFloatsGeneric[T Float](dst []T, src []byte, scale, shift T) {
	dst = dst[:len(src)]
	for i, b := range src {
		dst[i] = T(T(b)*scale) + shift // the conversion keeps the product from being fused
	}
}

// Float32To64 sets dst[i] = src[i]. The lengths must be equal.
func Float32To64(dst []float64, src []float32) {
	if len(src) != len(dst) {
		panicLength("Float32To64", "src", len(src), len(dst))
	}
	float32To64Kernel(dst, src)
}

func float32To64Generic(dst []float64, src []float32) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = float64(v)
	}
}

// Float64To32 sets dst[i] to src[i] rounded to the nearest float32. The lengths
// must be equal.
func Float64To32(dst []float32, src []float64) {
	if len(src) != len(dst) {
		panicLength("Float64To32", "src", len(src), len(dst))
	}
	float64To32Kernel(dst, src)
}

func float64To32Generic(dst []float32, src []float64) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = float32(v)
	}
}

// Transpose sets dst, a [cols, rows] matrix, to the transpose of src, a
// [rows, cols] matrix. They must not overlap.
func Transpose[T Float](dst, src []T, rows, cols int) {
	if len(src) != rows*cols {
		panicLength("Transpose", "src", len(src), rows*cols)
	}
	if len(dst) != rows*cols {
		panicLength("Transpose", "dst", len(dst), rows*cols)
	}
	transposeKernel(dst, rows, src, cols, rows, cols)
}

// TransposeStrided is Transpose for matrices whose rows are not next to each other:
// those of dst are dstRow elements apart, those of src srcRow.
func TransposeStrided[T Float](dst []T, dstRow int, src []T, srcRow, rows, cols int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	if want := extent(rows, srcRow, cols, 1); len(src) < want {
		panicLength("TransposeStrided", "src", len(src), want)
	}
	if want := extent(cols, dstRow, rows, 1); len(dst) < want {
		panicLength("TransposeStrided", "dst", len(dst), want)
	}
	transposeKernel(dst, dstRow, src, srcRow, rows, cols)
}

// transposeBlock is the side of the square blocks Transpose walks in: a block of
// the source and one of the destination stay in the first-level cache together.
const transposeBlock = 32

func transposeGeneric[T Float](dst []T, dstRow int, src []T, srcRow, rows, cols int) {
	transposeRegion(dst, dstRow, src, srcRow, 0, rows, 0, cols)
}

// transposeRegion transposes rows [r0, r1) and columns [c0, c1) of src.
func transposeRegion[T Float](dst []T, dstRow int, src []T, srcRow, r0, r1, c0, c1 int) {
	for i0 := r0; i0 < r1; i0 += transposeBlock {
		i1 := min(i0+transposeBlock, r1)
		for j0 := c0; j0 < c1; j0 += transposeBlock {
			j1 := min(j0+transposeBlock, c1)
			for i := i0; i < i1; i++ {
				for j := j0; j < j1; j++ {
					dst[j*dstRow+i] = src[i*srcRow+j]
				}
			}
		}
	}
}

// Gather sets dst[i] = src[index[i]]. len(index) must be len(dst); an index
// outside src panics.
func Gather[T Float](dst, src []T, index []int) {
	if len(index) != len(dst) {
		panicLength("Gather", "index", len(index), len(dst))
	}
	dst = dst[:len(index)]
	for i, j := range index {
		dst[i] = src[j]
	}
}
