package simd

// This file holds pooling by windows of 2×2 that do not overlap, of one image whose rows
// are pitch elements apart: windows lie beside each other in cols columns and rows rows,
// from the first element on, and what is pooled is [rows, cols]. Other windows are made of
// rows of elements that are at the same place in theirs.

// MaxPool2x2 sets dst to the greatest element of each window, and index to where it
// lies: 0 and 1 in the first row, 2 and 3 in the second. Of equal ones it is the first; a
// NaN is greater than any number, and of several it is the last.
func MaxPool2x2[T Float](dst []T, index []byte, x []T, pitch, cols, rows int) {
	checkPool("MaxPool2x2", len(dst), len(x), pitch, cols, rows)
	if len(index) != len(dst) {
		panicLength("MaxPool2x2", "index", len(index), len(dst))
	}
	maxPool2x2Kernel(dst, index, x, pitch, cols, rows)
}

func maxPool2x2Generic[T Float](dst []T, index []byte, x []T, pitch, cols, rows int) {
	for i := range rows {
		upper, lower := poolRowsOf(x, pitch, cols, i)
		out, place := dst[i*cols:(i+1)*cols], index[i*cols:(i+1)*cols]
		for j := range out {
			greatest, at := upper[2*j], byte(0)
			for k, v := range [3]T{upper[2*j+1], lower[2*j], lower[2*j+1]} {
				if v > greatest || v != v {
					greatest, at = v, byte(k+1)
				}
			}
			out[j], place[j] = greatest, at
		}
	}
}

// MaxPool2x2Backward sets the elements of the windows in dst to 0, but those that index
// names to the elements of grad.
func MaxPool2x2Backward[T Float](dst, grad []T, index []byte, pitch, cols, rows int) {
	checkPool("MaxPool2x2Backward", len(grad), len(dst), pitch, cols, rows)
	if len(index) != len(grad) {
		panicLength("MaxPool2x2Backward", "index", len(index), len(grad))
	}
	maxPool2x2BackwardKernel(dst, grad, index, pitch, cols, rows)
}

func maxPool2x2BackwardGeneric[T Float](dst, grad []T, index []byte, pitch, cols, rows int) {
	for i := range rows {
		upper, lower := poolRowsOf(dst, pitch, cols, i)
		clear(upper)
		clear(lower)
		for j, g := range grad[i*cols : (i+1)*cols] {
			if place := int(index[i*cols+j]); place < 2 {
				upper[2*j+place] = g
			} else {
				lower[2*j+place-2] = g
			}
		}
	}
}

// AvgPool2x2 sets dst to the sum of each window times scale.
func AvgPool2x2[T Float](dst, x []T, pitch, cols, rows int, scale T) {
	checkPool("AvgPool2x2", len(dst), len(x), pitch, cols, rows)
	avgPool2x2Kernel(dst, x, pitch, cols, rows, scale)
}

func avgPool2x2Generic[T Float](dst, x []T, pitch, cols, rows int, scale T) {
	for i := range rows {
		upper, lower := poolRowsOf(x, pitch, cols, i)
		out := dst[i*cols : (i+1)*cols]
		for j := range out {
			out[j] = ((upper[2*j] + lower[2*j]) + (upper[2*j+1] + lower[2*j+1])) * scale
		}
	}
}

// AvgPool2x2Backward sets the elements of each window in dst to that of grad times scale.
func AvgPool2x2Backward[T Float](dst, grad []T, pitch, cols, rows int, scale T) {
	checkPool("AvgPool2x2Backward", len(grad), len(dst), pitch, cols, rows)
	avgPool2x2BackwardKernel(dst, grad, pitch, cols, rows, scale)
}

func avgPool2x2BackwardGeneric[T Float](dst, grad []T, pitch, cols, rows int, scale T) {
	for i := range rows {
		upper, lower := poolRowsOf(dst, pitch, cols, i)
		for j, g := range grad[i*cols : (i+1)*cols] {
			share := g * scale
			upper[2*j], upper[2*j+1], lower[2*j], lower[2*j+1] = share, share, share, share
		}
	}
}

// TakeGreater sets best[i] = x[i] and place[i] = number where x[i] is greater than best[i],
// or NaN. The lengths must be equal.
func TakeGreater[T Float](best, place, x []T, number T) {
	checkPair("TakeGreater", best, place, x)
	takeGreaterKernel(best, place, x, number)
}

func takeGreaterGeneric[T Float](best, place, x []T, number T) {
	for i, v := range x {
		if v > best[i] || v != v {
			best[i], place[i] = v, number
		}
	}
}

// poolRowsOf are the rows of an image that row i of windows lies on, as far as it does.
func poolRowsOf[T Float](x []T, pitch, cols, i int) (upper, lower []T) {
	return x[2*i*pitch:][:2*cols], x[(2*i+1)*pitch:][:2*cols]
}

// checkPool panics unless an image of so many elements has the windows, and what is
// pooled has as many.
func checkPool(op string, pooled, image, pitch, cols, rows int) {
	if cols < 0 || rows < 0 || pitch < 2*cols {
		panicLength(op, "a row", pitch, 2*cols)
	}
	if pooled != cols*rows {
		panicLength(op, "what is pooled", pooled, cols*rows)
	}
	if want := (2*rows-1)*pitch + 2*cols; rows > 0 && image < want {
		panicLength(op, "the image", image, want)
	}
}
