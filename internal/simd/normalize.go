package simd

// This file holds normalization: what makes numbers of mean 0 and variance 1 of others, and
// its gradients.

// Moments returns the mean of x and the sum of the squares of the deviations from it, 0 and
// 0 of an empty slice. Equal elements deviate by 0. It goes block by block, as sums do.
func Moments[T Float](x []T) (mean, squares float64) {
	count := 0
	for len(x) > 0 {
		block := x[:min(sumBlock, len(x))]
		x = x[len(block):]
		m, s := momentsKernel(block, 1/T(len(block)))
		// Chan, Golub and LeVeque (1979).
		n := float64(len(block))
		apart, all := float64(m)-mean, n+float64(count)
		squares += float64(s) + apart*apart*n*float64(count)/all
		if count == 0 {
			mean = float64(m)
		} else {
			mean += apart * n / all
		}
		count += len(block)
	}
	return mean, squares
}

func momentsGeneric[T Float](x []T, inverse T) (mean, squares T) {
	first := x[0]
	sum := lanes(x, func(acc, x T) T { return acc + (x - first) })
	mean = first + T(sum*inverse)
	return mean, lanes(x, func(acc, x T) T { return acc + T((x-mean)*(x-mean)) })
}

// GradientSums returns Σ g[i] and Σ g[i]·(x[i] − mean). The lengths must be equal.
func GradientSums[T Float](g, x []T, mean T) (sum, product float64) {
	checkUnary("GradientSums", g, x)
	for len(g) > 0 {
		n := min(sumBlock, len(g))
		s, p := gradientSumsKernel(g[:n], x[:n], mean)
		sum, product = sum+float64(s), product+float64(p)
		g, x = g[n:], x[n:]
	}
	return sum, product
}

func gradientSumsGeneric[T Float](g, x []T, mean T) (sum, product T) {
	var a, b [8]T
	for i, v := range g {
		a[i&7] += v
		b[i&7] += T(v * (x[i] - mean))
	}
	return sumOfLanes(a), sumOfLanes(b)
}

// WeightedSums is GradientSums of g[i]·w[i] in place of g[i].
func WeightedSums[T Float](g, x, w []T, mean T) (sum, product float64) {
	checkPair("WeightedSums", g, x, w)
	for len(g) > 0 {
		n := min(sumBlock, len(g))
		s, p := weightedSumsKernel(g[:n], x[:n], w[:n], mean)
		sum, product = sum+float64(s), product+float64(p)
		g, x, w = g[n:], x[n:], w[n:]
	}
	return sum, product
}

func weightedSumsGeneric[T Float](g, x, w []T, mean T) (sum, product T) {
	var a, b [8]T
	for i, v := range g {
		v *= w[i]
		a[i&7] += v
		b[i&7] += T(v * (x[i] - mean))
	}
	return sumOfLanes(a), sumOfLanes(b)
}

func sumOfLanes[T Float](acc [8]T) T {
	return ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]))
}

// normalization is what x is normalized by.
type normalization[T Float] struct{ mean, scale, shift T }

// Normalize sets dst[i] = (x[i] − mean)·scale + shift. dst may be x.
func Normalize[T Float](dst, x []T, mean, scale, shift T) {
	checkUnary("Normalize", dst, x)
	c := normalization[T]{mean, scale, shift}
	normalizeKernel(dst, x, &c)
}

func normalizeGeneric[T Float](dst, x []T, c *normalization[T]) {
	mean, scale, shift := c.mean, c.scale, c.shift
	apply(dst, x, func(x T) T { return T((x-mean)*scale) + shift })
}

// NormalizeRow sets dst[i] = (x[i] − mean)·scale·w[i] + b[i]. dst may be x.
func NormalizeRow[T Float](dst, x, w, b []T, mean, scale T) {
	checkPair("NormalizeRow", dst, w, b)
	checkUnary("NormalizeRow", dst, x)
	c := normalization[T]{mean: mean, scale: scale}
	normalizeRowKernel(dst, x, w, b, &c)
}

func normalizeRowGeneric[T Float](dst, x, w, b []T, c *normalization[T]) {
	for i, v := range x {
		dst[i] = T((v-c.mean)*c.scale*w[i]) + b[i]
	}
}

// gradientNormalization is what the gradient of a normalized x is made of.
type gradientNormalization[T Float] struct{ mean, scale, slope, shift T }

// NormalizeGradient sets dst[i] = g[i]·scale + (x[i] − mean)·slope + shift. dst may be g or x.
func NormalizeGradient[T Float](dst, g, x []T, mean, scale, slope, shift T) {
	checkPair("NormalizeGradient", dst, g, x)
	c := gradientNormalization[T]{mean, scale, slope, shift}
	normalizeGradientKernel(dst, g, x, &c)
}

func normalizeGradientGeneric[T Float](dst, g, x []T, c *gradientNormalization[T]) {
	mean, scale, slope, shift := c.mean, c.scale, c.slope, c.shift
	zip(dst, g, x, func(g, x T) T { return T(g*scale) + (T((x-mean)*slope) + shift) })
}

// NormalizeRowGradient sets dst[i] = g[i]·w[i]·scale + (x[i] − mean)·slope + shift, and adds
// g[i]·(x[i] − mean)·scale to gw[i] and g[i] to gb[i]. dst may be g, x or w.
func NormalizeRowGradient[T Float](dst, gw, gb, g, x, w []T, mean, scale, slope, shift T) {
	checkPair("NormalizeRowGradient", dst, g, x)
	checkPair("NormalizeRowGradient", dst, gw, gb)
	checkUnary("NormalizeRowGradient", dst, w)
	c := gradientNormalization[T]{mean, scale, slope, shift}
	normalizeRowGradientKernel(dst, gw, gb, g, x, w, &c)
}

func normalizeRowGradientGeneric[T Float](dst, gw, gb, g, x, w []T, c *gradientNormalization[T]) {
	for i, v := range g {
		d, scaled := x[i]-c.mean, v*c.scale
		gw[i] += T(scaled * d)
		gb[i] += v
		dst[i] = T(scaled*w[i]) + (T(d*c.slope) + c.shift)
	}
}
