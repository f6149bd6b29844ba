package tensor

import "github.com/chainrule-go/chainrule/internal/simd"

// Normalization of the columns of a matrix [batch, channels], that over the batch where an
// example has one element for each channel: row by row, with vectors of what each column
// has. What is measured is added up in blocks of rows, whatever does them.

// block is the number of rows of a block, blocks the number of these.
func (c *Channels) block() int {
	return max(1, (c.Batch+maxNormBlocks-1)/maxNormBlocks, 8*rowGrain/c.Channels)
}

func (c *Channels) blocks() int { return (c.Batch + c.block() - 1) / c.block() }

func (j *channelNormJob) normalizeColumns() {
	blocks, n, block := j.c.blocks(), j.c.Channels, j.c.block()
	measured, joined := borrow[float64](2*blocks*n), borrow[float64](2*n)
	j.kind, j.sums = measureColumns, measured.buf
	j.run()
	mean, sum := joined.buf[:n], joined.buf[n:]
	copy(mean, measured.buf)
	copy(sum, measured.buf[blocks*n:])
	for i := 1; i < blocks; i++ { // Chan, Golub and LeVeque (1979)
		count, rows := float64(i*block), float64(min(block, j.c.Batch-i*block))
		share, cross := rows/(rows+count), rows*count/(rows+count)
		means, squares := measured.buf[i*n:(i+1)*n], measured.buf[(blocks+i)*n:(blocks+i+1)*n]
		for channel, m := range mean {
			apart := means[channel] - m
			mean[channel] = m + apart*share
			sum[channel] += squares[channel] + apart*apart*cross
		}
	}
	for channel := range n {
		j.keep(channel, mean[channel], sum[channel]/float64(j.c.Batch))
	}
	giveBack(measured)
	giveBack(joined)
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
	sum, product := sums[:n], sums[n:2*n]
	copy(sum, measured.buf)
	copy(product, measured.buf[blocks*n:])
	for i := 1; i < blocks; i++ {
		simd.Add(sum, sum, measured.buf[i*n:(i+1)*n])
		simd.Add(product, product, measured.buf[(blocks+i)*n:(blocks+i+1)*n])
	}
	giveBack(measured)
	count := float64(j.c.Batch)
	for channel := range n {
		weight, scale := 1.0, j.statistics.At(n+channel)
		if j.w.Len() > 0 {
			weight = j.w.At(channel)
		}
		product[channel] *= scale
		j.slopes[channel], j.slopes[n+channel] = -weight*scale*scale*product[channel]/count, -weight*scale*sum[channel]/count
	}
}

// columnBlocks measures blocks of rows lo ≤ i < hi: means and squares of the deviations from
// them, or Σ g and Σ g·(x − mean).
func columnBlocks[T simd.Float](j *channelNormJob, x, g, statistics []T, lo, hi int) {
	n, block, half := j.c.Channels, j.c.block(), len(j.sums)/2
	buffers := borrow[T](3 * n)
	a, b, zeros := buffers.buf[:n], buffers.buf[n:2*n], buffers.buf[2*n:]
	clear(zeros)
	for i := lo; i < hi; i++ {
		from, to := i*block*n, min((i+1)*block, j.c.Batch)*n
		x := x[from:to]
		clear(a)
		clear(b)
		if j.kind == measureColumns {
			start := x[:n] // relative to it equal elements are 0
			fourRows(x, start, func(rows [4][]T, _ int) { simd.ColumnSums(a, rows, start) })
			simd.Scale(a, a, 1/T(len(x)/n))
			simd.Add(a, a, start)
			fourRows(x, a, func(rows [4][]T, _ int) { simd.ColumnSquares(b, rows, a) })
		} else {
			g, mean := g[from:to], statistics[:n]
			fourRows(x, mean, func(rows [4][]T, at int) {
				var upstream [4][]T
				fourOf(&upstream, g[at:], zeros)
				simd.ColumnGradientSums(a, b, upstream, rows, mean)
			})
		}
		first, second := j.sums[i*n:(i+1)*n], j.sums[half+i*n:half+(i+1)*n]
		for k, v := range a {
			first[k], second[k] = float64(v), float64(b[k])
		}
	}
	giveBack(buffers)
}

// fourRows calls f with four rows of x at a time, of the length of other, and where they begin.
// For those that are missing at the end it has other, of which nothing is added up.
func fourRows[T simd.Float](x, other []T, f func(rows [4][]T, at int)) {
	var rows [4][]T
	for at := 0; at < len(x); at += 4 * len(other) {
		fourOf(&rows, x[at:], other)
		f(rows, at)
	}
}

func fourOf[T simd.Float](rows *[4][]T, x, other []T) {
	n := len(other)
	for k := range rows {
		if rows[k] = other; (k+1)*n <= len(x) {
			rows[k] = x[k*n : (k+1)*n]
		}
	}
}

// rowsScaled scales rows lo ≤ i < hi.
func rowsScaled[T simd.Float](dst, x, w, b, statistics []T, columns, lo, hi int) {
	mean, scale := statistics[:columns], statistics[columns:2*columns]
	factor := borrow[T](columns)
	b, zeros := orConstant(b, 0, columns)
	if copy(factor.buf, scale); w != nil {
		simd.Mul(factor.buf, scale, w)
	}
	lo, hi = lo*columns, hi*columns
	simd.NormalizeColumns(dst[lo:hi], x[lo:hi], mean, factor.buf, b)
	giveBack(factor)
	giveBackAll(zeros)
}

// rowGradients sets rows lo ≤ i < hi of dst to g·w·scale + (x − mean)·slope + shift, or adds
// that to them.
func rowGradients[T simd.Float](j *channelNormJob, dst, x, w, g, statistics []T, lo, hi int) {
	n := j.c.Channels
	mean, scale := statistics[:n], statistics[n:2*n]
	buffers := borrow[T](4 * n)
	part := func(k int) []T { return buffers.buf[k*n : (k+1)*n] }
	factor, slope, shift, spare := part(0), part(1), part(2), part(3)
	if copy(factor, scale); w != nil {
		simd.Mul(factor, scale, w)
	}
	for k := 0; k < n && !j.fixed; k++ {
		slope[k], shift[k] = T(j.slopes[k]), T(j.slopes[n+k])
	}
	if !j.fixed && !j.accumulate {
		lo, hi = lo*n, hi*n
		simd.NormalizeColumnsGradient(dst[lo:hi], g[lo:hi], x[lo:hi], mean, factor, slope, shift)
	} else {
		for i := lo; i < hi; i++ {
			to, from := dst[i*n:(i+1)*n], g[i*n:(i+1)*n]
			row := to
			if j.accumulate {
				row = spare
			}
			if j.fixed {
				simd.Mul(row, from, factor)
			} else {
				simd.NormalizeColumnsGradient(row, from, x[i*n:(i+1)*n], mean, factor, slope, shift)
			}
			if j.accumulate {
				simd.Add(to, to, spare)
			}
		}
	}
	giveBack(buffers)
}
