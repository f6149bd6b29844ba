package simd

// This file holds normalization of the columns of a matrix, row by row: means and factors are
// slices with an element for each column. What adds up takes four rows at a time.

// ColumnSums adds the four differences x[k][i] − origin[i] to sums[i]. The lengths must be
// equal.
func ColumnSums[T Float](sums []T, x [4][]T, origin []T) {
	checkColumns("ColumnSums", sums, x, origin)
	columnSumsKernel(sums, x[0], x[1], x[2], x[3], origin)
}

func columnSumsGeneric[T Float](sums, x0, x1, x2, x3, origin []T) {
	for i, o := range origin {
		sums[i] = sums[i] + (x0[i] - o) + (x1[i] - o) + (x2[i] - o) + (x3[i] - o)
	}
}

// ColumnSquares adds the four (x[k][i] − mean[i])² to squares[i]. The lengths must be equal.
func ColumnSquares[T Float](squares []T, x [4][]T, mean []T) {
	checkColumns("ColumnSquares", squares, x, mean)
	columnSquaresKernel(squares, x[0], x[1], x[2], x[3], mean)
}

func columnSquaresGeneric[T Float](squares, x0, x1, x2, x3, mean []T) {
	for i, m := range mean {
		a, b, c, d := x0[i]-m, x1[i]-m, x2[i]-m, x3[i]-m
		squares[i] = squares[i] + T(a*a) + T(b*b) + T(c*c) + T(d*d)
	}
}

// ColumnGradientSums adds the four g[k][i] to sums[i], and the four g[k][i]·(x[k][i] − mean[i])
// to products[i]. The lengths must be equal.
func ColumnGradientSums[T Float](sums, products []T, g, x [4][]T, mean []T) {
	checkColumns("ColumnGradientSums", sums, g, mean)
	checkColumns("ColumnGradientSums", products, x, mean)
	columnGradientSumsKernel(sums, products, g[0], g[1], g[2], g[3], x[0], x[1], x[2], x[3], mean)
}

func columnGradientSumsGeneric[T Float](sums, products, g0, g1, g2, g3, x0, x1, x2, x3, mean []T) {
	for i, m := range mean {
		a, b, c, d := g0[i], g1[i], g2[i], g3[i]
		product := products[i] + T(a*(x0[i]-m)) + T(b*(x1[i]-m)) + T(c*(x2[i]-m)) + T(d*(x3[i]-m))
		sums[i], products[i] = sums[i]+a+b+c+d, product
	}
}

func checkColumns[T Float](op string, dst []T, x [4][]T, other []T) {
	checkPair(op, dst, x[0], x[1])
	checkPair(op, dst, x[2], x[3])
	checkUnary(op, dst, other)
}

// NormalizeColumns sets dst[i] = (x[i] − mean[k])·w[k] + b[k] for matrices with a column k for
// each element of mean, w and b. dst may be x. Those of columns must have equal lengths, of
// which that of dst and x is a multiple.
func NormalizeColumns[T Float](dst, x, mean, w, b []T) {
	checkUnary("NormalizeColumns", dst, x)
	checkPair("NormalizeColumns", mean, w, b)
	if columns := checkMatrix("NormalizeColumns", dst, mean); columns > 0 {
		normalizeColumnsKernel(dst, x, mean, w, b, columns)
	}
}

func normalizeColumnsGeneric[T Float](dst, x, mean, w, b []T, columns int) {
	for ; len(x) > 0; dst, x = dst[columns:], x[columns:] {
		for k, v := range x[:columns] {
			dst[k] = T((v-mean[k])*w[k]) + b[k]
		}
	}
}

// NormalizeColumnsGradient sets dst[i] = g[i]·w[k] + (x[i] − mean[k])·slope[k] + shift[k], as
// NormalizeColumns does. dst may be g or x.
func NormalizeColumnsGradient[T Float](dst, g, x, mean, w, slope, shift []T) {
	checkPair("NormalizeColumnsGradient", dst, g, x)
	checkPair("NormalizeColumnsGradient", mean, w, slope)
	checkUnary("NormalizeColumnsGradient", mean, shift)
	if columns := checkMatrix("NormalizeColumnsGradient", dst, mean); columns > 0 {
		normalizeColumnsGradientKernel(dst, g, x, mean, w, slope, shift, columns)
	}
}

func normalizeColumnsGradientGeneric[T Float](dst, g, x, mean, w, slope, shift []T, columns int) {
	for ; len(x) > 0; dst, g, x = dst[columns:], g[columns:], x[columns:] {
		for k, v := range g[:columns] {
			dst[k] = T(v*w[k]) + (T((x[k]-mean[k])*slope[k]) + shift[k])
		}
	}
}

// checkMatrix is the number of columns of x, which has none without elements. There are
// elements of each in other.
func checkMatrix[T Float](op string, x, other []T) int {
	if len(x) == 0 {
		return 0
	}
	if len(other) == 0 || len(x)%len(other) != 0 {
		panicLengths(op, len(x), len(other))
	}
	return len(other)
}
