package tensor

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Connectionist temporal classification (Graves et al., 2006): the probability of labels is
// the sum over all alignments, which go through a lattice of states: the labels, with a blank
// before, between and behind them. A step of time is an operation on vectors, one of blanks
// and one of labels.
//
// Numbers are logarithms, of which the greatest is taken out every few steps, so that what
// counts is near 0, where logarithms are exact. Probabilities, scaled at each step, would need
// no exponentials, but states that are unlikely so far would vanish, and with them alignments
// that are all there is: of 100 labels of probability 10⁻⁴ each, in little more time than
// that, what leads to the end has 10⁻⁴⁰⁰ of what is likely on the way.

// CTC describes the computation for a batch.
type CTC struct {
	Batch, Classes   int
	Example, Instant int // how many elements examples, and times, are apart
	Time             int
	Blank            int
	Lengths          []int // how much of the time is its own, for each example
	Counts           []int // how many labels, for each example
	Labels           []int // of all examples, one behind the other

	// Saved is what Backward needs, set by Forward unless it is nil.
	Saved *Array
}

// SavedSize is the number of elements of Saved.
func (c *CTC) SavedSize() int { return c.Batch * c.Time * c.pitch() }

// pitch is the size of a row of states, where there are most.
func (c *CTC) pitch() int {
	most := 0
	for _, n := range c.Counts {
		most = max(most, n)
	}
	return latticeRow(most)
}

// grain is the number of examples in a piece of work.
func (c *CTC) grain() int { return max(1, rowGrain/(c.Time*c.pitch())) }

// latticeRow is the size of a row of the states of so many labels: one blank more than there
// are labels, a place that no alignment comes to, and the labels.
func latticeRow(labels int) int { return 2*labels + 2 }

// Forward sets losses [batch] to the negative logarithms of the probabilities of the labels,
// by x, the logarithms of probabilities of classes.
func (c *CTC) Forward(losses, x *Array) {
	ctcJobs.run(ctcJob{CTC: *c, losses: *losses, x: *x}, c.Batch, c.grain())
}

// Backward sets dst, or adds to it, the gradient of x, from g, that of losses. Losses that are
// not finite have none.
func (c *CTC) Backward(dst, g, losses, x *Array, accumulate bool) {
	ctcJobs.run(ctcJob{
		CTC: *c, dst: *dst, g: *g, losses: *losses, x: *x, backward: true, accumulate: accumulate,
	}, c.Batch, c.grain())
}

type ctcJob struct {
	CTC
	losses, x, dst, g    Array
	backward, accumulate bool
}

var ctcJobs jobs[ctcJob, *ctcJob]

// DoRange computes examples lo ≤ i < hi.
func (j *ctcJob) DoRange(lo, hi int) {
	if j.x.DType == Float32 {
		ctcRange(j, elements32, lo, hi)
	} else {
		ctcRange(j, elements64, lo, hi)
	}
}

func ctcRange[T simd.Float](j *ctcJob, of func(*Array) []T, lo, hi int) {
	pitch := j.pitch()
	s := borrow[T](4 * pitch)
	first := 0
	for i := range hi {
		labels := j.Labels[first : first+j.Counts[i]]
		first += len(labels)
		if i < lo {
			continue
		}
		l := lattice[T]{
			labels: labels, blank: j.Blank, time: j.Lengths[i],
			x: of(&j.x)[i*j.Example:], classes: j.Classes, instant: j.Instant,
		}
		scratch := s.buf
		l.skip, scratch = scratch[:len(labels)+1], scratch[pitch:]
		l.setSkips()
		var saved []T
		if j.Saved != nil {
			saved = of(j.Saved)[i*j.Time*pitch:][:j.Time*pitch]
		}
		switch {
		case !j.backward:
			of(&j.losses)[i] = l.forward(saved, scratch)
		default:
			dst := of(&j.dst)[i*j.Example:]
			if !j.accumulate {
				for t := range j.Time {
					clear(dst[t*j.Instant:][:j.Classes])
				}
			}
			if g := of(&j.g)[i]; g != 0 && !isInf(of(&j.losses)[i]) {
				l.backward(dst, g, saved, scratch)
			}
		}
	}
	giveBack(s)
}

func isInf[T simd.Float](x T) bool { return math.IsInf(float64(x), 0) }

// lattice is the states of one example.
type lattice[T simd.Float] struct {
	labels           []int
	blank            int
	time             int
	x                []T // the first instant is at 0
	classes, instant int

	// skip is for each label 0 if an alignment may come to it from the label before, which
	// must be another, or −Inf; and −Inf behind the last.
	skip []T
}

func (l *lattice[T]) setSkips() {
	for k := range l.skip {
		l.skip[k] = T(math.Inf(-1))
		if k > 0 && k < len(l.labels) && l.labels[k] != l.labels[k-1] {
			l.skip[k] = 0
		}
	}
}

// at are the logarithms of the probabilities of classes at time t.
func (l *lattice[T]) at(t int) []T { return l.x[t*l.instant:][:l.classes] }

// apart are the blanks of a row and its labels, with the place before them.
func (l *lattice[T]) apart(row []T) (blanks, labels []T) {
	n := len(l.labels)
	return row[:n+1], row[n+1:]
}

// steadyEvery is after how many steps the greatest logarithm is taken out.
const steadyEvery = 8

// steady subtracts the greatest element, which it returns, every few steps.
func steady[T simd.Float](row []T, t int) float64 {
	if t%steadyEvery != 0 {
		return 0
	}
	largest := simd.MaxOf(row)
	if x := float64(largest); math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	simd.AddScalar(row, row, -largest)
	return float64(largest)
}

// forward returns −ln p. With B(k) and L(k) the logarithm of the probability to be in blank k
// and in label k, which is behind it, a step is
//
//	B(k) ← ln(e^B(k) + e^L(k−1)) + x(blank)
//	L(k) ← ln(e^L(k) + e^B(k) + e^(L(k−1)+skip(k))) + x(label k)
//
// saved, unless it is nil, gets the rows of all times.
func (l *lattice[T]) forward(saved, scratch []T) T {
	n := len(l.labels)
	size := latticeRow(n)
	pitch := len(scratch) / 3
	before, row := scratch[:size], scratch[pitch:][:size]
	emitted := scratch[2*pitch:][:n]
	simd.Fill(before, T(math.Inf(-1)))
	before[0] = 0
	taken := 0.0
	for t := range l.time {
		if saved != nil {
			row, saved = saved[:size], saved[pitch:]
		}
		blanks, labels := l.apart(before)
		nextBlanks, nextLabels := l.apart(row)
		x := l.at(t)
		simd.LogAddExp(nextBlanks, blanks, labels)
		simd.AddScalar(nextBlanks, nextBlanks, x[l.blank])
		nextLabels[0] = T(math.Inf(-1))
		if n > 0 {
			for k, label := range l.labels {
				emitted[k] = x[label]
			}
			simd.LogAddExp3(nextLabels[1:], labels[1:], blanks[:n], labels[:n], l.skip[:n])
			simd.Add(nextLabels[1:], nextLabels[1:], emitted)
		}
		taken += steady(row, t)
		before, row = row, before
	}
	last := [2]T{before[n], before[size-1]} // without labels, the latter is the empty place
	return -T(float64(simd.LogSumExp(last[:])) + taken)
}

// backward adds g times the gradient to dst, where x has it. With B′ and L′ for what follows a
// time, from the end,
//
//	B′(k) ← ln(e^(B′(k)+x(blank)) + e^(L′(k)+x(label k)))
//	L′(k) ← ln(e^(L′(k)+x(label k)) + e^(B′(k+1)+x(blank)) + e^(L′(k+1)+x(label k+1)+skip(k+1)))
//
// e^(B+B′) and e^(L+L′) have the sum p at any time, so that their shares are a softmax,
// whatever was taken out of them; these are −∂(−ln p)/∂x of the class of each state.
func (l *lattice[T]) backward(dst []T, g T, saved, scratch []T) {
	n := len(l.labels)
	size := latticeRow(n)
	pitch := len(scratch) / 3
	after, emitted, shares := scratch[:size], scratch[pitch:][:size], scratch[2*pitch:][:size]
	simd.Fill(after, T(math.Inf(-1)))
	after[n], after[size-1] = 0, 0
	if n == 0 {
		after[1] = T(math.Inf(-1))
	}
	blanks, labels := l.apart(after)
	emittedBlanks, emittedLabels := emitted[:n+1], emitted[n+1:]
	emittedLabels[n] = T(math.Inf(-1)) // behind the last
	for t := l.time - 1; ; t-- {
		simd.Add(shares, after, saved[t*pitch:][:size])
		simd.SoftmaxRows(shares, 1)
		simd.Scale(shares, shares, -g)
		shareBlanks, shareLabels := l.apart(shares)
		d, x := dst[t*l.instant:][:l.classes], l.at(t)
		d[l.blank] += simd.Sum(shareBlanks)
		for k, label := range l.labels {
			d[label] += shareLabels[1+k]
		}
		if t == 0 {
			return
		}
		simd.AddScalar(emittedBlanks, blanks, x[l.blank])
		for k, label := range l.labels {
			emittedLabels[k] = labels[1+k] + x[label]
		}
		steady(emitted, t)
		simd.LogAddExp(blanks, emittedBlanks, emittedLabels)
		if n > 0 {
			simd.LogAddExp3(labels[1:], emittedLabels[:n], emittedBlanks[1:], emittedLabels[1:], l.skip[1:])
		}
	}
}
