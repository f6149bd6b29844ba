package tensor

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Maximum pooling a row of windows at a time: for each element of the kernel, the elements
// that the windows have at its place are compared with the greatest so far. With a stride,
// those are apart; a row is first dealt out to as many rows as the stride is, in which they
// lie side by side.

// byRows reports whether windows are many enough and so placed that this is possible.
func (p *Pooling) byRows() bool {
	return !p[2].Adaptive && p[2].Count >= 4 && p.kernel() <= 256
}

// rowMemory is memory for a row of windows.
type rowMemory[T simd.Float] struct {
	scratch     *scratch[T]
	best, place []T
	first       []T // number of the first element of each window along the row
	dealt       []T // a row of the image dealt out
	part        int // length of each row of dealt

	taps [keptTaps]rowTap // of the first elements of the kernel along the row
}

// keptTaps is for how many elements rowTaps are kept, which take divisions to make.
const keptTaps = 12

// rowTap says for an element of the kernel which windows have it inside, and where that of
// the first lies: in which dealt row, and at which place.
type rowTap struct{ first, last, phase, at int }

func newRowTap(width *PoolAxis, kx int) rowTap {
	at := kx*width.Dilation - width.Padding
	first, last := inside(at, width.Size, width.Stride, width.Count)
	at += first * width.Stride
	if first >= last {
		at = 0
	}
	return rowTap{first, last, at % width.Stride, at / width.Stride}
}

func newRowMemory[T simd.Float](p *Pooling) rowMemory[T] {
	width := &p[2]
	n, part := width.Count, (width.Size+width.Stride-1)/width.Stride
	m := rowMemory[T]{scratch: borrow[T](3*n + part*width.Stride), part: part}
	m.best, m.place, m.first, m.dealt = m.scratch.buf[:n], m.scratch.buf[n:2*n], m.scratch.buf[2*n:3*n], m.scratch.buf[3*n:]
	for i := range n {
		first, _ := width.taps(i, width.start(i))
		m.first[i] = T(first)
	}
	for kx := range min(keptTaps, width.Kernel) {
		m.taps[kx] = newRowTap(width, kx)
	}
	return m
}

func maxRows[T simd.Float, I place](p *Pooling, pooled, image []T, index []I, m *rowMemory[T]) {
	depth, height, width := &p[0], &p[1], &p[2]
	for i := range depth.Count {
		z := depth.start(i)
		firstZ, endZ := depth.taps(i, z)
		for i := range height.Count {
			y := height.start(i)
			firstY, endY := height.taps(i, y)
			simd.Fill(m.best, T(math.Inf(-1)))
			simd.AddScalar(m.place, m.first, T((firstZ*height.Kernel+firstY)*width.Kernel))
			for kz := firstZ; kz < endZ; kz++ {
				for ky := firstY; ky < endY; ky++ {
					row := image[((z+kz*depth.Dilation)*height.Size+y+ky*height.Dilation)*width.Size:][:width.Size]
					m.deal(row, width.Stride)
					m.take(width, row, (kz*height.Kernel+ky)*width.Kernel)
				}
			}
			copy(pooled[:width.Count], m.best)
			pooled = pooled[width.Count:]
			for i, v := range m.place {
				index[i] = I(v)
			}
			index = index[width.Count:]
		}
	}
}

// deal deals a row out: element i goes to row i%stride.
func (m *rowMemory[T]) deal(row []T, stride int) {
	switch stride {
	case 1:
	case 2:
		even, odd := m.dealt[:len(row)/2], m.dealt[m.part:][:len(row)/2]
		for i := range even {
			pair := row[2*i : 2*i+2]
			even[i], odd[i] = pair[0], pair[1]
		}
		if len(row)%2 == 1 {
			m.dealt[len(row)/2] = row[len(row)-1]
		}
	default:
		for phase := range min(stride, len(row)) {
			to := m.dealt[phase*m.part:]
			for i := phase; i < len(row); i += stride {
				to[i/stride] = row[i]
			}
		}
	}
}

// take compares the elements of a row of the kernel, the first of which has this number.
func (m *rowMemory[T]) take(width *PoolAxis, row []T, number int) {
	for kx := range width.Kernel {
		var tap rowTap
		if kx < keptTaps {
			tap = m.taps[kx]
		} else {
			tap = newRowTap(width, kx)
		}
		if tap.first >= tap.last {
			continue
		}
		from := row
		if width.Stride > 1 {
			from = m.dealt[tap.phase*m.part:]
		}
		n := tap.last - tap.first
		simd.TakeGreater(m.best[tap.first:tap.last], m.place[tap.first:tap.last], from[tap.at:tap.at+n], T(number+kx))
	}
}
