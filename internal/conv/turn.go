package conv

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// turning makes weights [groups, out, in, kernel] those of the gradient of images, [groups, in,
// out, taps], whose taps are some elements of the kernel in another order. Its tasks take some
// channels of images, on several goroutines at once.
type turning[F simd.Float] struct {
	to, from                []F
	groups, out, in, kernel int
	order                   []int // elements of the kernel
	blocks                  int   // tasks for a group
}

// Channels of images and of results that are turned at a time, so that what is read and what is
// written is in the first-level cache.
const turnIn, turnOut = 32, 16

// turn makes p.a the weights that belong to the windows, [groups, in, out·taps].
func (p *product[F]) turn(s *Shape, w []F) {
	t := get[F, turning[F]](&turnings)
	t.to, t.from, t.groups, t.out, t.in, t.kernel = p.a, w, p.groups, p.channels, p.rows, volume(s.Kernel)
	t.order = t.order[:0]
	for _, z := range p.taps[0] {
		for _, y := range p.taps[1] {
			for _, x := range p.taps[2] {
				t.order = append(t.order, (z.k*s.Kernel[1]+y.k)*s.Kernel[2]+x.k)
			}
		}
	}
	t.blocks = ceilDiv(t.in, turnIn)
	parallel.For(t.groups*t.blocks, ceilDiv(taskWork, max(1, 8*min(t.in, turnIn)*t.out*len(t.order))), t)
	t.to, t.from = nil, nil
	put[F](&turnings, t)
}

// DoRange turns blocks of channels of images.
func (t *turning[F]) DoRange(lo, hi int) {
	for i := lo; i < hi; i++ {
		group, first := i/t.blocks, i%t.blocks*turnIn
		for o := 0; o < t.out; o += turnOut {
			t.block(group, first, min(first+turnIn, t.in), o, min(o+turnOut, t.out))
		}
	}
}

// block turns channels first ≤ c < end of images and from ≤ o < to of results.
func (t *turning[F]) block(group, first, end, from, to int) {
	taps := len(t.order)
	for o := from; o < to; o++ {
		for c := first; c < end; c++ {
			kernel := t.from[((group*t.out+o)*t.in+c)*t.kernel:][:t.kernel]
			turned := t.to[((group*t.in+c)*t.out+o)*taps:][:taps]
			if taps == 9 && t.kernel == 9 {
				k := (*[9]F)(kernel)
				*(*[9]F)(turned) = [9]F{k[8], k[7], k[6], k[5], k[4], k[3], k[2], k[1], k[0]}
				continue
			}
			for i, k := range t.order {
				turned[i] = kernel[k]
			}
		}
	}
}
