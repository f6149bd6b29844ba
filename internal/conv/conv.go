package conv

import "github.com/chainrule-go/chainrule/internal/simd"

// Forward sets y to the convolution of x with w, plus bias [Out], unless that is nil; with
// relu, to the greater of that and 0.
// It panics if lengths do not fit the shape. y must not overlap the others.
//
// Work is spread over the worker pool. Forward and the gradients allocate nothing in
// steady state, and may be called from several goroutines at once.
func Forward[F simd.Float](s Shape, y, x, w, bias []F, relu bool) {
	s.check(len(x), len(w), len(y))
	forward(s, y, nil, x, w, bias, relu)
}

func forward[F simd.Float](s Shape, y []F, to Planes[F], x, w, bias []F, relu bool) {
	s = s.collapsed()
	if s.depthwise() {
		t := planes(&s, depthwiseForward, x, y, w)
		t.bias, t.accumulate, t.relu = bias, false, relu
		t.run()
		return
	}
	p := forwardProduct(&s, y, to, x, w, bias, relu)
	if !p.runStrided(&s, false) {
		p.run()
	}
	p.done()
}

// forwardProduct is the product that a convolution is.
func forwardProduct[F simd.Float](s *Shape, y []F, to Planes[F], x, w, bias []F, relu bool) *product[F] {
	p := get[F, product[F]](&products)
	p.batch, p.groups, p.channels, p.rows = s.Batch, s.Groups, s.In/s.Groups, s.Out/s.Groups
	p.x, p.a, p.y, p.to, p.bias, p.accumulate, p.relu = x, w, y, to, bias, false, relu
	p.windows(s)
	p.size, p.first, p.every = s.Count, [3]int{}, [3]int{1, 1, 1}
	return p
}

// windows makes the windows those of the convolution.
func (p *slide) windows(s *Shape) {
	p.on(s.Size)
	p.grid, p.step = s.Count, s.Stride
	for axis := range 3 {
		p.taps[axis] = p.taps[axis][:0]
		for k := range s.Kernel[axis] {
			p.taps[axis] = append(p.taps[axis], tap{k, k*s.Dilation[axis] - s.Padding[axis]})
		}
	}
}

// done gives p back, without what it refers to.
func (p *product[F]) done() {
	p.x, p.from, p.a, p.y, p.to, p.bias, p.odd = nil, nil, nil, nil, nil, nil, nil
	put[F](&products, p)
}

// InputGradient sets x to the gradient of a convolution's images, given that of its result
// and its weights, plus bias [In], unless that is nil: the adjoint of the convolution. With
// accumulate it is added to x. Otherwise it is as Forward.
func InputGradient[F simd.Float](s Shape, x, y, w, bias []F, accumulate bool) {
	s.check(len(x), len(w), len(y))
	inputGradient(s, x, y, nil, w, bias, accumulate)
}

func inputGradient[F simd.Float](s Shape, x, y []F, from Planes[F], w, bias []F, accumulate bool) {
	s = s.collapsed()
	if s.depthwise() {
		depthwiseInputGradient(&s, x, y, w, bias, accumulate)
		return
	}
	p := inputProduct(&s, x, y, from, bias, accumulate)
	if s.spreads() && len(x) > 0 && s.Out*volume(s.Count) > 0 {
		p.size, p.every, p.first = s.Size, s.Stride, [3]int{}
		if p.residue(&s); sizeOf[F]() == 8 || !p.tiled() || s.spreadsLess(&p.slide) {
			p.done()
			spread(s, x, y, from, w, bias, accumulate)
			return
		}
	}
	p.on(s.Count)
	p.a, p.size = w, s.Size
	tiled := p.runStrided(&s, true)
	p.done()
	if !tiled {
		byWindows(s, x, y, from, w, bias, accumulate)
	}
}

// inputProduct is what products for the gradient of images have in common.
func inputProduct[F simd.Float](s *Shape, x, y []F, from Planes[F], bias []F, accumulate bool) *product[F] {
	p := get[F, product[F]](&products)
	p.batch, p.groups, p.channels, p.rows = s.Batch, s.Groups, s.Out/s.Groups, s.In/s.Groups
	p.x, p.from, p.y, p.bias, p.accumulate, p.relu = y, from, x, bias, accumulate, false
	return p
}

// byWindows computes the gradient of images as products with windows of the gradient of the result, one for each
// residue of positions by the stride.
func byWindows[F simd.Float](s Shape, x, y []F, from Planes[F], w, bias []F, accumulate bool) {
	p := inputProduct(&s, x, y, from, bias, accumulate)
	turned := get[F, buffer[F]](&buffers)
	p.a = turned.of(len(w))
	p.size, p.every = s.Size, s.Stride
	var residues [3]int // that have elements
	for axis := range residues {
		residues[axis] = min(s.Stride[axis], s.Size[axis])
	}
	if p.pairs(&s, residues[2]) {
		p.odd = inputProduct(&s, x, y, from, bias, accumulate)
		p.odd.size, p.odd.every = p.size, p.every
		residues[2] = 1
	}
	for r := range volume(residues) {
		p.first = [3]int{r / (residues[1] * residues[2]), r / residues[2] % residues[1], r % residues[2]}
		p.residue(&s)
		p.turn(&s, w)
		if p.odd != nil {
			p.odd.a = p.a[p.groups*p.rows*p.channels*p.kernel():]
			p.odd.first = [3]int{p.first[0], p.first[1], 1}
			p.odd.residue(&s)
			p.odd.turn(&s, w)
		}
		p.run()
	}
	put[F](&buffers, turned)
	if p.odd != nil {
		p.odd.done()
	}
	p.done()
}

// residue makes the windows those, on the gradient of Y, of the elements of X at first,
// first + Stride and so on. Element k of the kernel leads from element i of Y to element
// i·Stride − Padding + k·Dilation of X.
func (p *product[F]) residue(s *Shape) {
	p.on(s.Count)
	p.step = [3]int{1, 1, 1}
	for axis := range 3 {
		p.grid[axis] = max(0, ceilDiv(s.Size[axis]-p.first[axis], s.Stride[axis]))
		p.taps[axis] = p.taps[axis][:0]
		for k := s.Kernel[axis] - 1; k >= 0; k-- {
			if at := p.first[axis] + s.Padding[axis] - k*s.Dilation[axis]; at%s.Stride[axis] == 0 {
				p.taps[axis] = append(p.taps[axis], tap{k, at / s.Stride[axis]})
			}
		}
	}
}
