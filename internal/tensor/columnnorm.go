package tensor

import "github.com/chainrule-go/chainrule/internal/simd"

// Normalization of the columns of a matrix [batch, channels], that over the batch where an
// example has one element for each channel: row by row, with vectors of what each column
// has. What is measured is added up in blocks of rows, whatever does them.

// block is the number of rows of a block, blocks the number of these.
func (c *Channels) block() int {
	return max(1, (c.Batch+maxNormBlocks-1)/maxNormBlocks, 4*rowGrain/c.Channels)
}

func (c *Channels) blocks() int { return (c.Batch + c.block() - 1) / c.block() }

func (j *channelNormJob) normalizeColumns() {
	blocks, n, block := j.c.blocks(), j.c.Channels, j.c.block()
	measured := borrow[float64](2 * blocks * n)
	j.kind, j.sums = measureColumns, measured.buf
	j.run()
	means, squares := measured.buf[:blocks*n], measured.buf[blocks*n:]
	for channel := range n {
		mean, sum, count := means[channel], 0.0, 0.0
		for i := range blocks { // Chan, Golub and LeVeque (1979)
			rows := float64(min(block, j.c.Batch-i*block))
			apart := means[i*n+channel] - mean
			sum += squares[i*n+channel] + apart*apart*rows*count/(rows+count)
			mean += apart * rows / (rows + count)
			count += rows
		}
		j.keep(channel, mean, sum/count)
	}
	giveBack(measured)
	j.kind, j.sums = scaleRows, nil
	j.run()
}

// measureColumns sets j.sums and j.slopes, which are [2, channels], if it is wanted.
func (j *channelNormJob) measureColumns(wanted bool) {
	if !wanted {
		return
	}
	blocks, n := j.c.blocks(), j.c.Channels
	measured, sums := borrow[float64](2*blocks*n), j.sums
	j.kind, j.sums = measureColumnGradients, measured.buf
	j.run()
	j.sums = sums
	for channel := range n {
		weight, scale := 1.0, j.statistics.At(n+channel)
		if j.w.Len() > 0 {
			weight = j.w.At(channel)
		}
		var sum, product float64
		for i := range blocks {
			sum, product = sum+measured.buf[i*n+channel], product+measured.buf[(blocks+i)*n+channel]*scale
		}
		count := float64(j.c.Batch)
		j.sums[channel], j.sums[n+channel] = sum, product
		j.slopes[channel], j.slopes[n+channel] = -weight*scale*scale*product/count, -weight*scale*sum/count
	}
	giveBack(measured)
}

// columnBlocks measures blocks of rows lo ≤ i < hi: means and squares of the deviations from
// them, or Σ g and Σ g·(x − mean).
func columnBlocks[T simd.Float](j *channelNormJob, x, g, statistics []T, lo, hi int) {
	n, block, half := j.c.Channels, j.c.block(), len(j.sums)/2
	buffers := borrow[T](3 * n)
	a, b, d := buffers.buf[:n], buffers.buf[n:2*n], buffers.buf[2*n:]
	for i := lo; i < hi; i++ {
		first, end := i*block, min((i+1)*block, j.c.Batch)
		clear(a)
		clear(b)
		if j.kind == measureColumns {
			start := x[first*n : (first+1)*n] // relative to it equal elements are 0
			for r := first + 1; r < end; r++ {
				simd.Sub(d, x[r*n:(r+1)*n], start)
				simd.Add(a, a, d)
			}
			simd.Scale(a, a, 1/T(end-first))
			simd.Add(a, a, start)
		}
		for r := first; r < end; r++ {
			if j.kind == measureColumns {
				simd.Sub(d, x[r*n:(r+1)*n], a)
				simd.Mul(d, d, d)
			} else {
				row := g[r*n : (r+1)*n]
				simd.Add(a, a, row)
				simd.Sub(d, x[r*n:(r+1)*n], statistics[:n])
				simd.Mul(d, d, row)
			}
			simd.Add(b, b, d)
		}
		for k := range n {
			j.sums[i*n+k], j.sums[half+i*n+k] = float64(a[k]), float64(b[k])
		}
	}
	giveBack(buffers)
}

// rowsScaled scales rows lo ≤ i < hi.
func rowsScaled[T simd.Float](dst, x, w, b, statistics []T, columns, lo, hi int) {
	mean, scale := statistics[:columns], statistics[columns:2*columns]
	factor := borrow[T](columns)
	b, zeros := orConstant(b, 0, columns)
	if copy(factor.buf, scale); w != nil {
		simd.Mul(factor.buf, scale, w)
	}
	for i := lo; i < hi; i++ {
		row := dst[i*columns : (i+1)*columns]
		simd.Sub(row, x[i*columns:(i+1)*columns], mean)
		simd.NormalizeRow(row, row, factor.buf, b, 0, 1)
	}
	giveBack(factor)
	giveBackAll(zeros)
}

// rowGradients sets rows lo ≤ i < hi of dst to g·w·scale + (x − mean)·slope + shift, or adds
// that to them.
func rowGradients[T simd.Float](j *channelNormJob, dst, x, w, g, statistics []T, lo, hi int) {
	n := j.c.Channels
	mean, scale := statistics[:n], statistics[n:2*n]
	buffers := borrow[T](5 * n)
	part := func(k int) []T { return buffers.buf[k*n : (k+1)*n] }
	factor, slope, shift, a, b := part(0), part(1), part(2), part(3), part(4)
	if copy(factor, scale); w != nil {
		simd.Mul(factor, scale, w)
	}
	for k := 0; k < n && !j.fixed; k++ {
		slope[k], shift[k] = T(j.slopes[k]), T(j.slopes[n+k])
	}
	for i := lo; i < hi; i++ {
		to := dst[i*n : (i+1)*n]
		simd.Mul(a, g[i*n:(i+1)*n], factor)
		if !j.fixed {
			simd.Sub(b, x[i*n:(i+1)*n], mean)
			simd.NormalizeRow(b, b, slope, shift, 0, 1)
			simd.Add(a, a, b)
		}
		if j.accumulate {
			simd.Add(to, to, a)
		} else {
			copy(to, a)
		}
	}
	giveBack(buffers)
}
