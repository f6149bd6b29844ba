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
	if t.kernel == 1 && taps == 1 {
		simd.TransposeStrided(t.to[(group*t.in+first)*t.out+from:], t.out, t.from[(group*t.out+from)*t.in+first:], t.in, to-from, end-first)
		return
	}
	for c := first; c < end; c++ {
		to := t.to[((group*t.in+c)*t.out+from)*taps:][:(to-from)*taps]
		kernels := t.from[((group*t.out+from)*t.in+c)*t.kernel:]
		next := t.in * t.kernel // of results
		switch {
		case taps == 9 && t.kernel == 9:
			for at := 0; len(to) > 0; at += next {
				k := (*[9]F)(kernels[at:])
				*(*[9]F)(to) = [9]F{k[8], k[7], k[6], k[5], k[4], k[3], k[2], k[1], k[0]}
				to = to[9:]
			}
		case taps == 1:
			at := t.order[0]
			for i := range to {
				to[i] = kernels[at]
				at += next
			}
		case taps == 2:
			a, b := t.order[0], t.order[1]
			for at := 0; len(to) > 1; at += next {
				to[0], to[1] = kernels[at+a], kernels[at+b]
				to = to[2:]
			}
		case taps == 4:
			a, b, c, d := t.order[0], t.order[1], t.order[2], t.order[3]
			for at := 0; len(to) > 3; at += next {
				to[0], to[1], to[2], to[3] = kernels[at+a], kernels[at+b], kernels[at+c], kernels[at+d]
				to = to[4:]
			}
		default:
			for at := 0; len(to) > 0; at += next {
				for i, k := range t.order {
					to[i] = kernels[at+k]
				}
				to = to[taps:]
			}
		}
	}
}
