package drawing

import (
	"cmp"
	"math"
	"slices"
)

// The places along a layer are found as by Brandes and Köpf, "Fast and Simple Horizontal
// Coordinate Assignment", 2001: vertices are aligned with a neighbour in the layer before
// as long as the lines do not cross, and the aligned blocks are packed. Doing that from
// above and from below, from the left and from the right gives four candidates, and the
// mean of the middle two keeps the distances between neighbours that each of them keeps.

// candidates is the number of ways to place: bit 0 is set for from below, bit 1 for from
// the right.
const (
	candidates = 4
	fromBelow  = 1
	fromRight  = 2
)

// placement is what places a vertex along its layer.
type placement struct {
	root        *vertex     // of the block of aligned vertices that this is in
	left, right []neighbour // of a root: the blocks beside its own
	candidates  [candidates]float64
}

// neighbour is a block beside another, and the least distance between their middles.
type neighbour struct {
	root     *vertex
	distance float64
}

// placeX places vertices along their layers, without changing their order.
func (l *layered) placeX() {
	crossed := l.crossedPoints()
	for i := range candidates {
		layers := l.order()
		before := func(v *vertex) []*vertex { return v.up }
		if i&fromBelow != 0 {
			slices.Reverse(layers)
			before = func(v *vertex) []*vertex { return v.down }
		}
		if i&fromRight != 0 {
			for _, layer := range layers {
				slices.Reverse(layer)
			}
		}
		align(layers, before, crossed)
		for _, root := range pack(layers) {
			if i&fromRight != 0 {
				root.x = -root.x
			}
		}
		for _, layer := range layers {
			for _, v := range layer {
				v.candidates[i] = v.root.x
			}
		}
	}
	for _, layer := range l.layers {
		number(layer)
	}
	l.combine()
}

// combine aligns the candidates with the narrowest, at the side they were packed to, and
// takes the mean of the middle two.
func (l *layered) combine() {
	var least, greatest, shift [candidates]float64
	narrowest := 0
	for i := range candidates {
		least[i], greatest[i] = math.Inf(1), math.Inf(-1)
		for _, layer := range l.layers {
			first, last := layer[0], layer[len(layer)-1]
			least[i] = min(least[i], first.candidates[i]-first.width/2)
			greatest[i] = max(greatest[i], last.candidates[i]+last.width/2)
		}
		if greatest[i]-least[i] < greatest[narrowest]-least[narrowest] {
			narrowest = i
		}
	}
	for i := range candidates {
		shift[i] = least[narrowest] - least[i]
		if i&fromRight != 0 {
			shift[i] = greatest[narrowest] - greatest[i]
		}
	}
	start := math.Inf(1)
	for _, layer := range l.layers {
		for _, v := range layer {
			x := v.candidates
			for i := range x {
				x[i] += shift[i]
			}
			slices.Sort(x[:])
			v.x = (x[1] + x[2]) / 2
			start = min(start, v.x-v.width/2)
		}
	}
	for _, layer := range l.layers {
		for _, v := range layer {
			v.x -= start
		}
	}
}

// segment is the part of an edge between two layers.
type segment struct{ from, to *vertex }

// crossedPoints are the segments that cross one between two points of a long edge.
// Vertices are not aligned along them, because long edges are to be straight.
func (l *layered) crossedPoints() map[segment]bool {
	crossed := map[segment]bool{}
	for i, layer := range l.layers[1:] {
		left, next := 0, 0 // where the last long edge came from; the first vertex right of it
		for at, v := range layer {
			right := len(l.layers[i])
			if v.afterPoint() {
				right = v.up[0].place
			} else if at < len(layer)-1 {
				continue
			}
			for ; next <= at; next++ {
				to := layer[next]
				for _, from := range to.up {
					if !to.afterPoint() && (from.place < left || from.place > right) {
						crossed[segment{from, to}] = true
					}
				}
			}
			left = right
		}
	}
	return crossed
}

// afterPoint reports whether v and the vertex above it are points of one edge.
func (v *vertex) afterPoint() bool { return v.box == nil && v.up[0].box == nil }

// align makes blocks: it gives each vertex the root of a neighbour in the layer before,
// from the left, where that crosses no alignment there is.
func align(layers [][]*vertex, before func(v *vertex) []*vertex, crossed map[segment]bool) {
	for _, layer := range layers {
		number(layer)
		taken := -1 // place of the last vertex that has been aligned with
		for _, v := range layer {
			v.root = v
			for _, u := range v.middle(before(v)) {
				if u.place > taken && !crossed[segment{u, v}] && !crossed[segment{v, u}] {
					v.root, taken = u.root, u.place
					break
				}
			}
		}
	}
}

// middle is the one or two of the neighbours that v is best aligned with. Operations are
// aligned with each other where they can be, so that leaves stand beside the main line.
func (v *vertex) middle(near []*vertex) []*vertex {
	near = slices.Clone(near)
	switch {
	case v.leaf():
		near = slices.DeleteFunc(near, func(u *vertex) bool { return !u.onLeaves() })
	case !v.onLeaves():
		near = slices.DeleteFunc(near, (*vertex).leaf)
	}
	if len(near) == 0 {
		return nil
	}
	slices.SortFunc(near, func(a, b *vertex) int { return cmp.Compare(a.place, b.place) })
	return near[(len(near)-1)/2 : len(near)/2+1]
}

// onLeaves reports whether v hangs from leaves alone.
func (v *vertex) onLeaves() bool {
	return !slices.ContainsFunc(v.up, func(u *vertex) bool { return !u.leaf() })
}

func (v *vertex) leaf() bool { return len(v.up) == 0 }

// pack puts every block as far to the left as those beside it allow, and then as close
// to those on its right as it gets without moving them. It returns the roots.
func pack(layers [][]*vertex) []*vertex {
	roots := blocks(layers)
	for _, root := range roots {
		root.x = 0
		for _, n := range root.left {
			root.x = max(root.x, n.root.x+n.distance)
		}
	}
	for _, root := range slices.Backward(roots) {
		limit := math.Inf(1)
		for _, n := range root.right {
			limit = min(limit, n.root.x-n.distance)
		}
		if len(root.right) > 0 {
			root.x = max(root.x, limit)
		}
	}
	return roots
}

// blocks finds which blocks are beside each other. It returns the roots, those of blocks
// on the left before those on their right.
func blocks(layers [][]*vertex) []*vertex {
	for _, layer := range layers {
		for _, v := range layer {
			v.left, v.right = nil, nil
		}
	}
	var roots []*vertex
	for _, layer := range layers {
		for i, v := range layer {
			if i > 0 {
				u := layer[i-1]
				distance := (u.width+v.width)/2 + gapX
				v.root.left = append(v.root.left, neighbour{u.root, distance})
				u.root.right = append(u.root.right, neighbour{v.root, distance})
			}
		}
	}
	waits := map[*vertex]int{} // neighbours on the left that have no place in the order
	for _, layer := range layers {
		for _, v := range layer {
			if waits[v] = len(v.left); v.root == v && waits[v] == 0 {
				roots = append(roots, v)
			}
		}
	}
	for i := 0; i < len(roots); i++ {
		for _, n := range roots[i].right {
			if waits[n.root]--; waits[n.root] == 0 {
				roots = append(roots, n.root)
			}
		}
	}
	return roots
}
