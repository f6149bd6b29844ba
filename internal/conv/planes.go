package conv

import "github.com/chainrule-go/chainrule/internal/simd"

// Planes stand for a result that is never in memory as a whole, as where only what is pooled
// of it is kept. They are numbered: that of channel c of image n is n·Out + c. Its methods are
// called by several goroutines at once, Give also for the same planes, and keep no slice.
type Planes[F simd.Float] interface {
	// Take is told what planes of the result are, from number first on.
	Take(first int, planes []F)

	// Give sets planes of the result's gradient, from number first on.
	Give(first int, planes []F)
}

// minTasks is how many tasks there are to be where each computes whole images.
const minTasks = wantTasks / 2

// ByPlanes reports whether the convolution may be one to planes, and should: there are so many
// images that a task for each of them is enough, and it is not depthwise, which goes by columns
// of planes that are in memory.
func (s *Shape) ByPlanes() bool { return s.Batch*s.Groups >= minTasks && s.toPlanes() }

// toPlanes reports whether the convolution may be one to planes.
func (s *Shape) toPlanes() bool {
	c := s.collapsed()
	return volume(s.Count) > 0 && !c.depthwise()
}

// ForwardTo is [Forward] to planes, for what is [Shape.ByPlanes]. They are the same bits.
func ForwardTo[F simd.Float](s Shape, y Planes[F], x, w, bias []F, relu bool) {
	s.check(len(x), len(w), s.Batch*s.Out*volume(s.Count))
	forward(s, nil, y, x, w, bias, relu)
}

// InputGradientOf is [InputGradient] of planes, to the same bits.
func InputGradientOf[F simd.Float](s Shape, x []F, y Planes[F], w []F, accumulate bool) {
	s.check(len(x), len(w), s.Batch*s.Out*volume(s.Count))
	inputGradient(s, x, nil, y, w, nil, accumulate)
}

// WeightGradientOf is [WeightGradient] of planes, to the same bits.
func WeightGradientOf[F simd.Float](s Shape, w, x []F, y Planes[F], accumulate bool) {
	s.check(len(x), len(w), s.Batch*s.Out*volume(s.Count))
	weightGradient(s, w, x, nil, y, accumulate)
}

// given is the planes of a gradient with numbers first ≤ i < first + count, of that size. A
// task that asks for the same ones again gets them as they are.
func (w *worker[F]) given(from Planes[F], first, count, size int) []F {
	planes := w.planes.of(count * size)
	if w.have != [2]int{first, count} {
		from.Give(first, planes)
		w.have = [2]int{first, count}
	}
	return planes
}

// image is the channels that product i has of an image.
func (p *product[F]) image(w *worker[F], i int) []F {
	size := volume(p.slide.size)
	if p.from != nil {
		return w.given(p.from, i*p.channels, p.channels, size)
	}
	return p.x[i*p.channels*size : (i+1)*p.channels*size]
}

// result is where count planes of the result go, from number first on.
func (p *product[F]) result(w *worker[F], first, count int) []F {
	size := volume(p.size)
	if p.to != nil {
		return w.planes.of(count * size)
	}
	return p.y[first*size : (first+count)*size]
}

// finished says that planes, from number first on, are what they are to be.
func (p *product[F]) finished(first int, planes []F) {
	if p.to != nil {
		p.to.Take(first, planes)
	}
}

// whole reports whether a task computes all windows of an image.
func (p *product[F]) whole() bool { return p.from != nil || p.to != nil }
