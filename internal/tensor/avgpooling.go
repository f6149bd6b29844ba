package tensor

import "github.com/chainrule-go/chainrule/internal/simd"

func avgPlanes[T simd.Float](j *poolJob, pooled, image []T) {
	p, size, windows := &j.p, j.p.plane(), j.p.Windows()
	pairs, share := p.pairs(), T(j.share(0.25))
	one := p.whole() && windows == 1
	row := borrow[T](p[2].Size)
	for len(image) > 0 || len(pooled) > 0 {
		to, from := pooled[:windows], image[:size]
		pooled, image = pooled[windows:], image[size:]
		switch {
		case j.kind == avgPool && pairs:
			simd.AvgPool2x2(to, from, p[2].Size, p[2].Count, p[1].Count, share)
		case j.kind == avgPool && one:
			to[0] = simd.Sum(from) * T(j.share(1/float64(size)))
		case j.kind == avgPool:
			avgPlane(j, to, from, row.buf)
		case pairs && !j.accumulate:
			simd.AvgPool2x2Backward(from, to, p[2].Size, p[2].Count, p[1].Count, share)
			clearBesidePairs(p, from)
		case one && !j.accumulate:
			simd.Fill(from, to[0]*T(j.share(1/float64(size))))
		default:
			if !j.accumulate {
				clear(from)
			}
			avgPlaneBackward(j, from, to, row.buf)
		}
	}
	giveBack(row)
}

// whole reports whether every window is all of the plane.
func (p *Pooling) whole() bool {
	for i := range p {
		first, end := p[i].taps(0, 0)
		if p[i].Count != 1 || p[i].start(0) != 0 || first != 0 || end != p[i].Size || p[i].Kernel != p[i].Size && !p[i].Adaptive {
			return false
		}
	}
	return true
}

// share is what a sum is multiplied by: otherwise, or one by the divisor that is given.
func (j *poolJob) share(otherwise float64) float64 {
	if j.divisor != 0 {
		return 1 / j.divisor
	}
	return otherwise
}

// number is by how many elements along an axis the mean of window i is divided.
func (j *poolJob) number(axis, i, start int) float64 {
	if j.excludePadding {
		first, end := j.p[axis].taps(i, start)
		return float64(end - first)
	}
	return float64(j.p[axis].counted(i, start))
}

// avgPlane adds up rows that the windows lie on, whole, and then the elements of each
// window.
func avgPlane[T simd.Float](j *poolJob, pooled, image, sum []T) {
	depth, height, width := &j.p[0], &j.p[1], &j.p[2]
	for i := range depth.Count {
		z := depth.start(i)
		firstZ, endZ := depth.taps(i, z)
		deep := j.number(0, i, z)
		for i := range height.Count {
			y := height.start(i)
			firstY, endY := height.taps(i, y)
			high := deep * j.number(1, i, y)
			to := pooled[:width.Count]
			pooled = pooled[width.Count:]
			first := true
			for kz := firstZ; kz < endZ; kz++ {
				for ky := firstY; ky < endY; ky++ {
					row := image[((z+kz)*height.Size+y+ky)*width.Size:][:width.Size]
					if first {
						copy(sum, row)
						first = false
					} else {
						simd.Add(sum, sum, row)
					}
				}
			}
			if first { // the window lies in the padding
				clear(sum)
			}
			for i := range to {
				x := width.start(i)
				firstX, endX := width.taps(i, x)
				var s T
				for kx := firstX; kx < endX; kx++ {
					s += sum[x+kx]
				}
				to[i] = s * T(j.share(1/(high*j.number(2, i, x))))
			}
		}
	}
}

// avgPlaneBackward adds the shares of grad to the elements of image, by way of a row.
func avgPlaneBackward[T simd.Float](j *poolJob, image, grad, row []T) {
	depth, height, width := &j.p[0], &j.p[1], &j.p[2]
	for i := range depth.Count {
		z := depth.start(i)
		firstZ, endZ := depth.taps(i, z)
		deep := j.number(0, i, z)
		for i := range height.Count {
			y := height.start(i)
			firstY, endY := height.taps(i, y)
			high := deep * j.number(1, i, y)
			clear(row)
			for i, g := range grad[:width.Count] {
				x := width.start(i)
				firstX, endX := width.taps(i, x)
				share := g * T(j.share(1/(high*j.number(2, i, x))))
				for kx := firstX; kx < endX; kx++ {
					row[x+kx] += share
				}
			}
			grad = grad[width.Count:]
			for kz := firstZ; kz < endZ; kz++ {
				for ky := firstY; ky < endY; ky++ {
					to := image[((z+kz)*height.Size+y+ky)*width.Size:][:width.Size]
					simd.Add(to, to, row)
				}
			}
		}
	}
}
