package tensor

import (
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Moving elements by regular patterns. One side, called packed, is visited in order;
// the other, called strided, by a nest of loops from a starting offset.

// Slice sets dst[i, j, …] = x[start[0]+i·step[0], start[1]+j·step[1], …]. Steps may be
// negative.
func Slice(dst, x *Array, start, step []int) {
	var buf [maxRank]loop
	loops, offset := sliceLoops(buf[:0], dst.Shape, x.Shape, start, step)
	move(pick, dst, x, loops, offset)
}

// SliceSet sets dst[start[0]+i·step[0], …] = src[i, …].
func SliceSet(dst, src *Array, start, step []int) {
	var buf [maxRank]loop
	loops, offset := sliceLoops(buf[:0], src.Shape, dst.Shape, start, step)
	move(put, src, dst, loops, offset)
}

// sliceLoops is the nest that visits a slice, of the given shape, of an array of shape
// whole, and the offset of its first element.
func sliceLoops(loops []loop, shape, whole, start, step []int) ([]loop, int) {
	stride, offset := SizeOf(whole), 0
	for axis, n := range shape {
		stride /= max(1, whole[axis])
		offset += start[axis] * stride
		loops = nest(loops, n, [3]int{step[axis] * stride})
	}
	return loops, offset
}

// movement is what is done with each pair of elements.
type movement uint8

const (
	pick movement = iota // packed = strided
	put                  // strided = packed
)

// moveJob is a movement of all elements of packed.
type moveJob struct {
	movement
	packed, strided Array
	loops           []loop
	offset          int
}

var moveJobs jobs[moveJob, *moveJob]

func move(m movement, packed, strided *Array, loops []loop, offset int) {
	n := packed.Len()
	if n == 0 {
		return
	}
	if len(loops) == 0 {
		loops = append(loops, loop{n: 1})
	}
	memory := borrowNests()
	memory[0] = append(memory[0][:0], loops...) // a copy, for the caller's to stay on its stack
	moveJobs.run(moveJob{movement: m, packed: *packed, strided: *strided, loops: memory[0], offset: offset}, n, cheapGrain)
	giveBackNests(memory)
}

// DoRange moves elements lo ≤ i < hi of packed.
func (j *moveJob) DoRange(lo, hi int) {
	if j.packed.DType == Float32 {
		moveRange(j, j.packed.F32[lo:hi], j.strided.F32, lo)
	} else {
		moveRange(j, j.packed.F64[lo:hi], j.strided.F64, lo)
	}
}

func moveRange[T simd.Float](j *moveJob, packed, strided []T, lo int) {
	var buf [maxRank]loop
	loops := append(buf[:0], j.loops...)
	row := loops[len(loops)-1]
	c := cursor{loops: loops[:len(loops)-1]}
	c.seek(lo / row.n)
	for first := lo % row.n; len(packed) > 0; first = 0 {
		n := min(row.n-first, len(packed))
		if at := j.offset + c.at[0] + first*row.step[0]; j.movement == pick {
			pickEvery(packed[:n], strided, at, row.step[0])
		} else {
			putEvery(strided, packed[:n], at, row.step[0])
		}
		packed = packed[n:]
		c.next()
	}
}

// pickEvery sets dst[i] = src[at + i·step].
func pickEvery[T simd.Float](dst, src []T, at, step int) {
	if step == 1 && len(dst) > 0 {
		copy(dst, src[at:])
		return
	}
	for i := range dst {
		dst[i] = src[at]
		at += step
	}
}

// putEvery sets dst[at + i·step] = src[i].
func putEvery[T simd.Float](dst, src []T, at, step int) {
	if step == 1 && len(src) > 0 {
		copy(dst[at:], src)
		return
	}
	for _, v := range src {
		dst[at] = v
		at += step
	}
}

// Triangle sets dst to the lower or upper triangle of each matrix of x, the last two
// axes, and to 0 elsewhere. Elements [i, j] with j − i ≤ diagonal are the lower
// triangle, those with j − i ≥ diagonal the upper. dst may be x.
func Triangle(dst, x *Array, diagonal int, lower bool) {
	n := dst.Len()
	if n == 0 {
		return
	}
	cols := dst.Shape[len(dst.Shape)-1]
	triangles.run(triangle{*dst, *x, diagonal, lower}, n/cols, max(1, cheapGrain/cols))
}

// triangle is the job of Triangle.
type triangle struct {
	dst, x   Array
	diagonal int
	lower    bool
}

var triangles jobs[triangle, *triangle]

// DoRange computes rows lo ≤ i < hi, counted through all matrices.
func (t *triangle) DoRange(lo, hi int) {
	if t.dst.DType == Float32 {
		triangleRange(t, t.dst.F32, t.x.F32, lo, hi)
	} else {
		triangleRange(t, t.dst.F64, t.x.F64, lo, hi)
	}
}

func triangleRange[T simd.Float](t *triangle, dst, x []T, lo, hi int) {
	rank := len(t.dst.Shape)
	rows, cols := t.dst.Shape[rank-2], t.dst.Shape[rank-1]
	for i := lo; i < hi; i++ {
		// Columns from ≤ j < to are kept.
		from, to := 0, cols
		if t.lower {
			to = min(max(i%rows+t.diagonal+1, 0), cols)
		} else {
			from = min(max(i%rows+t.diagonal, 0), cols)
		}
		out := dst[i*cols : (i+1)*cols]
		copy(out[from:to], x[i*cols+from:])
		clear(out[:from])
		clear(out[to:])
	}
}
