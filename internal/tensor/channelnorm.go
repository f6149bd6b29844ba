package tensor

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Normalization of arrays [batch, channels, size], in runs of size elements of one example
// and channel: over the batch for each channel, or over groups of channels for each example.
// The first needs two passes over memory, one to measure and one to write; a group of one
// example lies in one piece, which stays in a cache.

// Channels is the layout of what is normalized.
type Channels struct {
	Batch, Channels, Size int
	Groups                int // channels are normalized in so many groups, each example by itself; 0: each channel over the batch
}

// Sets is the number of sets that are normalized each by itself.
func (c *Channels) Sets() int {
	if c.Groups == 0 {
		return c.Channels
	}
	return c.Batch * c.Groups
}

// columns reports whether each set is a column of a matrix [batch, channels].
func (c *Channels) columns() bool { return c.Groups == 0 && c.Size == 1 }

// ChannelNorm sets dst = (x − mean)·scale·w + b, with mean and scale of each set. w and b
// have an element for each channel, or none for 1 and 0. statistics [2, sets] gets means and
// scales, variance [sets] the variances if it is not nil.
func ChannelNorm(dst, x, w, b, statistics, variance *Array, c Channels, eps float64) {
	j := channelNormJob{kind: normalizeSets, c: c, dst: *dst, x: *x, w: *w, b: *b, statistics: *statistics, eps: eps}
	if variance != nil {
		j.variance = *variance
	}
	switch {
	case x.Len() == 0: // whose moments are none
		Fill(statistics, math.NaN())
		if variance != nil {
			Fill(variance, math.NaN())
		}
		return
	case c.columns():
		j.normalizeColumns()
		return
	case c.Groups > 0:
		j.run()
		return
	}
	j.kind = measureRuns
	measured := borrow[float64](2 * c.Batch * c.Channels)
	j.sums = measured.buf
	j.run()
	for channel := range c.Channels {
		j.combine(channel)
	}
	giveBack(measured)
	j.kind, j.sums = scaleRuns, nil
	j.run()
}

// combine makes the statistics of a channel of those of its runs.
func (j *channelNormJob) combine(channel int) {
	n, step, size := j.c.Batch, j.c.Channels, float64(j.c.Size)
	means, squares := j.sums[:n*step], j.sums[n*step:]
	mean, sum := 0.0, 0.0
	for i := channel; i < n*step; i += step {
		mean += means[i] - means[channel]
	}
	mean = means[channel] + mean/float64(n)
	for i := channel; i < n*step; i += step {
		sum += squares[i] + (means[i]-mean)*(means[i]-mean)*size
	}
	j.keep(channel, mean, sum/(float64(n)*size))
}

// keep stores the statistics of a set.
func (j *channelNormJob) keep(set int, mean, variance float64) {
	j.statistics.Set(set, mean)
	j.statistics.Set(j.c.Sets()+set, ScaleOf(variance, j.eps))
	if j.variance.Len() > 0 {
		j.variance.Set(set, variance)
	}
}

// ChannelScale sets dst = (x − mean)·scale·w + b with the means and scales of the channels
// that statistics has.
func ChannelScale(dst, x, w, b, statistics *Array, c Channels) {
	kind := scaleRuns
	if c.columns() {
		kind = scaleRows
	}
	j := channelNormJob{kind: kind, c: c, dst: *dst, x: *x, w: *w, b: *b, statistics: *statistics}
	j.run()
}

// ChannelNormBackward is the gradient of ChannelNorm, or of ChannelScale if fixed is true,
// for g, that of the result: it sets dx, or adds to it, and sets sums [2, channels] to
// Σ g·(x − mean)·scale and Σ g, the gradients of w and b. What is nil is not wanted.
func ChannelNormBackward(dx, sums, g, x, w, statistics *Array, c Channels, fixed, accumulate bool) {
	j := channelNormJob{kind: gradientSets, c: c, x: *x, g: *g, w: *w, statistics: *statistics, fixed: fixed, accumulate: accumulate}
	if dx != nil {
		j.dst = *dx
	}
	if x.Len() == 0 {
		if sums != nil {
			Fill(sums, 0)
		}
		return
	}
	runs := c.Batch * c.Channels
	if c.columns() { // which are summed up as a whole
		runs = c.Channels
	}
	measured := borrow[float64](2*runs + 2*c.Channels)
	j.sums, j.slopes = measured.buf[:2*runs], measured.buf[2*runs:]
	switch {
	case c.columns():
		j.measureColumns(sums != nil || !fixed)
		j.kind = gradientRows
	case c.Groups == 0:
		if sums != nil || !fixed {
			j.kind = measureGradients
			j.run()
		}
		for channel := range c.Channels {
			j.combineGradients(channel)
		}
		j.kind = gradientRuns
	}
	if dx != nil || j.kind == gradientSets {
		j.run()
	}
	for channel := 0; channel < c.Channels && sums != nil; channel++ {
		var gw, gb float64
		for i := channel; i < runs; i += c.Channels {
			gb, gw = gb+j.sums[i], gw+j.sums[runs+i]
		}
		sums.Set(channel, gw)
		sums.Set(c.Channels+channel, gb)
	}
	giveBack(measured)
}

// combineGradients makes slope and shift of a channel of the sums of its runs, and the sums
// of products to those of products with what is normalized.
func (j *channelNormJob) combineGradients(channel int) {
	n, step := j.c.Batch, j.c.Channels
	weight, scale := 1.0, j.statistics.At(step+channel)
	if j.w.Len() > 0 {
		weight = j.w.At(channel)
	}
	var sum, product float64
	for i := channel; i < n*step; i += step {
		j.sums[n*step+i] *= scale
		sum, product = sum+j.sums[i], product+j.sums[n*step+i]
	}
	count := float64(n * j.c.Size)
	j.slopes[channel], j.slopes[step+channel] = -weight*scale*scale*product/count, -weight*scale*sum/count
}

type channelNormKind uint8

const (
	measureRuns      channelNormKind = iota // sums: means, and squares of deviations from them
	scaleRuns                               // dst = (x − mean)·scale·w + b
	measureGradients                        // sums: Σ g, and Σ g·(x − mean)
	gradientRuns                            // dst = g·w·scale + (x − mean)·slope + shift
	normalizeSets                           // all of it for sets in one piece
	gradientSets
	measureColumns // as the first four, for a matrix, in blocks of rows or row by row
	measureColumnGradients
	scaleRows
	gradientRows
)

// channelNormJob is one pass over all runs.
type channelNormJob struct {
	kind                                  channelNormKind
	c                                     Channels
	dst, x, w, b, g, statistics, variance Array
	slopes                                []float64 // [2, channels]: slopes and shifts
	sums                                  []float64 // [2, runs]
	eps                                   float64
	fixed, accumulate                     bool
}

var channelNormJobs jobs[channelNormJob, *channelNormJob]

// run does the job for all units, which are sets or runs.
func (j *channelNormJob) run() {
	units, size := j.c.Batch*j.c.Channels, j.c.Size
	switch j.kind {
	case normalizeSets, gradientSets:
		units, size = j.c.Sets(), size*j.c.Channels/j.c.Groups
	case measureColumns, measureColumnGradients:
		units, size = j.c.blocks(), cheapGrain
	case scaleRows, gradientRows:
		units, size = j.c.Batch, j.c.Channels
	}
	if units > 0 {
		channelNormJobs.run(*j, units, max(1, cheapGrain/max(1, size)))
	}
}

// DoRange does units lo ≤ i < hi.
func (j *channelNormJob) DoRange(lo, hi int) {
	if j.x.DType == Float32 {
		channelRange(j, j.dst.F32, j.x.F32, j.w.F32, j.b.F32, j.g.F32, j.statistics.F32, lo, hi)
	} else {
		channelRange(j, j.dst.F64, j.x.F64, j.w.F64, j.b.F64, j.g.F64, j.statistics.F64, lo, hi)
	}
}

func channelRange[T simd.Float](j *channelNormJob, dst, x, w, b, g, statistics []T, lo, hi int) {
	switch j.kind {
	case measureColumns, measureColumnGradients:
		columnBlocks(j, x, g, statistics, lo, hi)
		return
	case scaleRows:
		rowsScaled(dst, x, w, b, statistics, j.c.Channels, lo, hi)
		return
	case gradientRows:
		rowGradients(j, dst, x, w, g, statistics, lo, hi)
		return
	}
	c := &j.c
	n, sets := c.Size, c.Sets()
	var spare []T
	if j.accumulate {
		s := borrow[T](n)
		defer giveBack(s)
		spare = s.buf
	}
	weight := func(channel int) T {
		if w == nil {
			return 1
		}
		return w[channel]
	}
	scale := func(i, set int) {
		channel, shift := i%c.Channels, T(0)
		if b != nil {
			shift = b[channel]
		}
		simd.Normalize(dst[i*n:(i+1)*n], x[i*n:(i+1)*n], statistics[set], statistics[sets+set]*weight(channel), shift)
	}
	gradient := func(i, set int, slope, shift float64) {
		to, from, factor := dst[i*n:(i+1)*n], g[i*n:(i+1)*n], statistics[sets+set]*weight(i%c.Channels)
		if j.accumulate {
			to = spare
		}
		if j.fixed {
			simd.Scale(to, from, factor)
		} else {
			simd.NormalizeGradient(to, from, x[i*n:(i+1)*n], statistics[set], factor, T(slope), T(shift))
		}
		if j.accumulate {
			to = dst[i*n : (i+1)*n]
			simd.Add(to, to, spare)
		}
	}
	runs := c.Batch * c.Channels
	for i := lo; i < hi; i++ {
		switch j.kind {
		case measureRuns:
			j.sums[i], j.sums[runs+i] = simd.Moments(x[i*n : (i+1)*n])
		case scaleRuns:
			scale(i, i%c.Channels)
		case measureGradients:
			j.sums[i], j.sums[runs+i] = simd.GradientSums(g[i*n:(i+1)*n], x[i*n:(i+1)*n], statistics[i%c.Channels])
		case gradientRuns:
			gradient(i, i%c.Channels, j.slopes[i%c.Channels], j.slopes[c.Channels+i%c.Channels])
		case normalizeSets:
			members := c.Channels / c.Groups
			mean, squares := simd.Moments(x[i*members*n : (i+1)*members*n])
			j.keep(i, mean, squares/float64(members*n))
			for k := range members {
				scale(i*members+k, i)
			}
		case gradientSets:
			members := c.Channels / c.Groups
			factor := float64(statistics[sets+i])
			var sum, product float64
			for k := i * members; k < (i+1)*members; k++ {
				s, p := simd.GradientSums(g[k*n:(k+1)*n], x[k*n:(k+1)*n], statistics[i])
				p *= factor
				j.sums[k], j.sums[runs+k] = s, p
				sum, product = sum+s*float64(weight(k%c.Channels)), product+p*float64(weight(k%c.Channels))
			}
			count := float64(members * n)
			for k := i * members; k < (i+1)*members && dst != nil; k++ {
				gradient(k, i, -factor*factor*product/count, -factor*sum/count)
			}
		}
	}
}
