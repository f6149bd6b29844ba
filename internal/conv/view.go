package conv

import "github.com/chainrule-go/chainrule/internal/simd"

// A tap is an element of a kernel along an axis.
type tap struct {
	k  int // its index
	at int // how far behind a window's beginning it lies in the image
}

// slide says how windows slide over images: window i along an axis begins at i·step, and
// its elements are taps.
type slide struct {
	size [3]int // of the images
	grid [3]int // windows
	step [3]int
	taps [3][]tap // at ascends

	plane, frame int // distances of channels, and of what is next to each other along the first axis
}

// kernel is the number of elements of a window.
func (s *slide) kernel() int { return len(s.taps[0]) * len(s.taps[1]) * len(s.taps[2]) }

// reach is the range of the distances at which taps are along an axis.
func (s *slide) reach(axis int) (least, most int) {
	taps := s.taps[axis]
	return taps[0].at, taps[len(taps)-1].at
}

// on makes the windows slide over images of that size whose channels follow each other.
func (s *slide) on(size [3]int) {
	s.size, s.plane, s.frame = size, volume(size), size[1]*size[2]
}

// box is a range of windows or elements along each axis.
type box struct{ first, end [3]int }

// around is the windows among which those with numbers from ≤ i < to are.
func (s *slide) around(from, to int) box {
	b := box{end: s.grid}
	rowFirst, rowLast := from/s.grid[2], (to-1)/s.grid[2]
	zFirst, zLast := rowFirst/s.grid[1], rowLast/s.grid[1]
	b.first[0], b.end[0] = zFirst, zLast+1
	if zFirst == zLast {
		b.first[1], b.end[1] = rowFirst-zFirst*s.grid[1], rowLast-zFirst*s.grid[1]+1
	}
	if rowFirst == rowLast {
		b.first[2], b.end[2] = from-rowFirst*s.grid[2], to-rowFirst*s.grid[2]
	}
	return b
}

// source is the elements that the windows in b have.
func (s *slide) source(b box) box {
	for axis := range 3 {
		least, most := s.reach(axis)
		b.first[axis] = b.first[axis]*s.step[axis] + least
		b.end[axis] = (b.end[axis]-1)*s.step[axis] + most + 1
	}
	return b
}

// view is some channels of an image, or a copy of a part of them, on which windows next to
// each other begin at elements next to each other.
type view[F simd.Float] struct {
	src           []F
	channel, z, y int    // distances of elements
	next          [2]int // distances of windows along the first two axes
	phase         int    // the distance of columns that are next to each other in the image, with a step along the rows
	windows       box    // that lie on it
	origin        int    // where the first window begins
}

// view makes a view of channels of an image, which begins there, for the windows in b.
func (w *worker[F]) view(s *slide, image []F, channels int, b box) view[F] {
	part := s.source(b)
	if s.step[2] == 1 && s.inside(part) {
		v := view[F]{src: image, channel: s.plane, z: s.frame, y: s.size[2], windows: b}
		v.next = [2]int{s.step[0] * v.z, s.step[1] * v.y}
		v.origin = part.first[0]*v.z + part.first[1]*v.y + part.first[2]
		return v
	}
	if s.step[2] == 2 && s.kernel() == 1 && s.inside(part) {
		return w.everySecond(s, image, channels, b, part)
	}
	v := w.copied(s, image, channels, b, part)
	v.next = [2]int{s.step[0] * v.z, s.step[1] * v.y}
	return v
}

// inside reports whether the part lies in the image.
func (s *slide) inside(part box) bool {
	for axis, n := range s.size {
		if part.first[axis] < 0 || part.end[axis] > n {
			return false
		}
	}
	return true
}

// windowSets is a distance in elements at which channels would fall on few sets of the cache.
const windowSets = 256

// everySecond is a view of a copy of the elements that windows of one element with a step of 2 along
// the rows have, one next to the other.
func (w *worker[F]) everySecond(s *slide, image []F, channels int, b, part box) view[F] {
	depth, height, width := b.end[0]-b.first[0], b.end[1]-b.first[1], b.end[2]-b.first[2]
	v := view[F]{channel: apart(depth * height * width), next: [2]int{height * width, width}, windows: b}
	if row := s.step[1] * s.size[2]; depth == 1 && height*row == s.plane && height*width%windowSets != 0 {
		// The rows of all channels are as far apart.
		v.channel = height * width
		v.src = w.images.of(channels * v.channel)
		simd.EverySecond(v.src, width, image[part.first[0]*s.frame+part.first[1]*s.size[2]+part.first[2]:], row, channels*height, width)
		return v
	}
	v.src = w.images.of(channels * v.channel)
	for c := range channels {
		for z := range depth {
			at := c*s.plane + (part.first[0]+z*s.step[0])*s.frame + part.first[1]*s.size[2] + part.first[2]
			simd.EverySecond(v.src[c*v.channel+z*height*width:], width, image[at:], s.step[1]*s.size[2], height, width)
		}
	}
	return v
}

// copied is a view of a copy of the part.
func (w *worker[F]) copied(s *slide, image []F, channels int, b, part box) view[F] {
	step := s.step[2]
	if channels < fewChannels && step == 1 {
		return w.copiedRows(s, image, channels, b, part)
	}
	width := (part.end[2] - part.first[2] + step - 1) / step * step
	height, depth := part.end[1]-part.first[1], part.end[0]-part.first[0]
	w.rows.Src, w.rows.Offsets, w.rows.Runs = image, w.rows.Offsets[:0], w.rows.Runs[:0]
	for c := range channels {
		w.rows.Offsets = append(w.rows.Offsets, c*s.plane)
	}
	zeros := 0
	outside := func() {
		if zeros > 0 {
			w.rows.Runs = append(w.rows.Runs, simd.Run{At: -1, N: zeros})
		}
		zeros = 0
	}
	first, end := max(part.first[2], 0), min(part.end[2], s.size[2])
	for z := part.first[0]; z < part.end[0]; z++ {
		for y := part.first[1]; y < part.end[1]; y++ {
			if z < 0 || z >= s.size[0] || y < 0 || y >= s.size[1] || first >= end {
				zeros += width
				continue
			}
			zeros += first - part.first[2]
			outside()
			w.rows.Runs = append(w.rows.Runs, simd.Run{At: z*s.frame + y*s.size[2] + first, N: end - first})
			zeros += width - (end - part.first[2])
		}
	}
	outside()
	pitch := simd.RowPitch(depth * height * width)
	if step > 1 {
		unit := step * simd.RowPitch(1)
		pitch = (pitch + unit - 1) / unit * unit
	} else {
		pitch |= simd.RowPitch(1) // channels that are whole pages apart would fall on the same sets of the cache
	}
	v := view[F]{src: w.images.of(channels * pitch), channel: pitch, z: height * width, y: width, windows: b}
	w.rows.PackRows(v.src, pitch)
	if step > 1 {
		v.phase = len(v.src) / step
		v.channel, v.z, v.y = v.channel/step, v.z/step, v.y/step
		apart := w.apart.of(len(v.src))
		simd.Deinterleave(apart, v.src, step)
		v.src = apart
	}
	return v
}

// fewChannels is from how many channels on rows are copied for all of them together.
const fewChannels = 8

// copiedRows is copied, row by row.
func (w *worker[F]) copiedRows(s *slide, image []F, channels int, b, part box) view[F] {
	width, height, depth := part.end[2]-part.first[2], part.end[1]-part.first[1], part.end[0]-part.first[0]
	v := view[F]{channel: depth * height * width, z: height * width, y: width, windows: b}
	v.src = w.images.of(channels * v.channel)
	first, end := max(part.first[2], 0), min(part.end[2], s.size[2])
	to := v.src
	for c := range channels {
		for z := part.first[0]; z < part.end[0]; z++ {
			for y := part.first[1]; y < part.end[1]; y++ {
				row := to[:width]
				to = to[width:]
				if z < 0 || z >= s.size[0] || y < 0 || y >= s.size[1] || first >= end {
					clear(row)
					continue
				}
				clear(row[:first-part.first[2]])
				copy(row[first-part.first[2]:], image[c*s.plane+z*s.frame+y*s.size[2]+first:][:end-first])
				clear(row[end-part.first[2]:])
			}
		}
	}
	return v
}

// offsets appends where the elements first ≤ i < end of windows are, of all channels, from
// where the window begins.
func (v *view[F]) offsets(list []int, s *slide, first, end int) []int {
	kernel := s.kernel()
	for i := first; i < end; {
		channel := i / kernel
		skip, n := i-channel*kernel, min((channel+1)*kernel, end)-i
		if channel > first/kernel && n == kernel && len(list) >= kernel {
			// As for the channel before.
			for _, at := range list[len(list)-kernel:] {
				list = append(list, at+v.channel)
			}
		} else {
			list = v.tapOffsets(list, s, channel*v.channel, skip, skip+n)
		}
		i += n
	}
	return list
}

// tapOffsets is offsets for the elements first ≤ k < end of a channel.
func (v *view[F]) tapOffsets(list []int, s *slide, channel, first, end int) []int {
	var least [3]int
	for axis := range 3 {
		least[axis], _ = s.reach(axis)
	}
	rows, row := len(s.taps[1]), len(s.taps[2])
	for k := first; k < end; k++ {
		dz, dy, dx := s.taps[0][k/(rows*row)].at-least[0], s.taps[1][k/row%rows].at-least[1], s.taps[2][k%row].at-least[2]
		at := channel + dz*v.z + dy*v.y
		if step := s.step[2]; step > 1 {
			at += dx%step*v.phase + dx/step
		} else {
			at += dx
		}
		list = append(list, at)
	}
	return list
}

// start is where the window with these numbers along the axes begins.
func (v *view[F]) start(z, y, x int) int {
	return v.origin + (z-v.windows.first[0])*v.next[0] + (y-v.windows.first[1])*v.next[1] + x - v.windows.first[2]
}

// runs appends where the windows with numbers from ≤ i < to begin.
func (v *view[F]) runs(list []simd.Run, s *slide, from, to int) []simd.Run {
	for from < to {
		row := from / s.grid[2]
		x, z := from-row*s.grid[2], row/s.grid[1]
		y := row - z*s.grid[1]
		n := min(s.grid[2]-x, to-from)
		at := v.start(z, y, x)
		if last := len(list) - 1; last >= 0 && list[last].At+list[last].N == at {
			list[last].N += n
		} else {
			list = append(list, simd.Run{At: at, N: n})
		}
		from += n
	}
	return list
}
