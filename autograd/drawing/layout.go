package drawing

import (
	"cmp"
	"fmt"
	"slices"
)

// vertex is a box, or a point where an edge crosses a layer.
type vertex struct {
	box           *box // nil for a point
	again         bool // the box is drawn in full elsewhere
	layer, place  int  // place is the position in the layer
	width, height float64
	x, y          float64 // centre
	up, down      []*vertex
	order         float64 // while layers are sorted
	placement
}

// edge is drawn through its points, from top to bottom.
type edge []*vertex

// layered is a graph with a place for everything.
type layered struct {
	vertices []*vertex // the boxes
	layers   [][]*vertex
	edges    []edge
}

const (
	gapX, gapY = 20.0, 38.0 // between boxes
	farLayers  = 3          // layers further down, a leaf is drawn again
	sweeps     = 16         // in search of few crossings
	maxPoints  = 300_000    // of all edges: time and memory grow with them
)

// pair is an edge before it has points.
type pair struct{ from, to *vertex }

// arrange places vertices, given in topological order, and the edges between them.
// Leaves are drawn again where they are used far below; their copies come last in
// vertices. It returns an error if edges would have more than maxPoints points.
func arrange(vertices []*vertex, pairs []pair) (*layered, error) {
	l := &layered{vertices: vertices}
	l.assign(pairs)
	l.repeatLeaves(pairs)
	points := 0
	for _, p := range pairs {
		points += p.to.layer - p.from.layer - 1
	}
	if points > maxPoints {
		return nil, fmt.Errorf("the %d edges between %d nodes cross layers %d times, more than %d: draw fewer nodes, by MaxNodes",
			len(pairs), len(vertices), points, maxPoints)
	}
	l.connect(pairs)
	l.reduceCrossings()
	l.placeX()
	l.placeY()
	return l, nil
}

// assign puts each vertex one layer below the lowest of those it hangs from. What hangs
// from leaves alone, and is used once, then comes down to right above its use: no edge
// but those from the leaves gets longer.
func (l *layered) assign(pairs []pair) {
	above, below := map[*vertex][]*vertex{}, map[*vertex][]*vertex{}
	for _, p := range pairs {
		above[p.to] = append(above[p.to], p.from)
		below[p.from] = append(below[p.from], p.to)
	}
	loose := map[*vertex]bool{}
	for _, v := range l.vertices {
		loose[v] = true
		for _, u := range above[v] {
			v.layer = max(v.layer, u.layer+1)
			loose[v] = loose[v] && loose[u] && (len(above[u]) == 0 || len(below[u]) == 1)
		}
	}
	for _, v := range slices.Backward(l.vertices) {
		if loose[v] && len(below[v]) > 0 {
			v.layer = slices.MinFunc(below[v], func(a, b *vertex) int { return cmp.Compare(a.layer, b.layer) }).layer - 1
		}
	}
}

// repeatLeaves lets edges from leaves that would run far down begin at copies.
func (l *layered) repeatLeaves(pairs []pair) {
	uses := map[*vertex][]*pair{}
	for i, p := range pairs {
		if p.from.box.leaf {
			uses[p.from] = append(uses[p.from], &pairs[i])
		}
	}
	for _, leaf := range slices.Clone(l.vertices) {
		slices.SortStableFunc(uses[leaf], func(a, b *pair) int { return cmp.Compare(a.to.layer, b.to.layer) })
		near := leaf
		for _, use := range uses[leaf] {
			if use.to.layer-near.layer > farLayers {
				leaf.box.identify()
				leaf.width, leaf.height = leaf.box.size()
				near = &vertex{box: leaf.box, again: true, layer: use.to.layer - 1}
				near.width, near.height = leaf.box.sizeAgain()
				l.vertices = append(l.vertices, near)
			}
			use.from = near
		}
	}
}

// connect makes an edge of each pair, with a point in every layer between.
func (l *layered) connect(pairs []pair) {
	last := 0
	for _, v := range l.vertices {
		last = max(last, v.layer)
	}
	l.layers = make([][]*vertex, last+1)
	for _, v := range l.vertices {
		l.layers[v.layer] = append(l.layers[v.layer], v)
	}
	for _, p := range pairs {
		at := p.from
		line := edge{at}
		for at.layer+1 < p.to.layer {
			point := &vertex{layer: at.layer + 1, width: 2}
			l.layers[point.layer] = append(l.layers[point.layer], point)
			line = append(line, point)
			at.down, point.up = append(at.down, point), append(point.up, at)
			at = point
		}
		at.down, p.to.up = append(at.down, p.to), append(p.to.up, at)
		l.edges = append(l.edges, append(line, p.to))
	}
	for _, layer := range l.layers {
		number(layer)
	}
}

// number notes the place of each vertex of a layer.
func number(layer []*vertex) {
	for i, v := range layer {
		v.place = i
	}
}

// reduceCrossings sorts every layer by the mean position of the neighbours in the layer
// before, downwards and upwards in turns, and keeps the best order.
func (l *layered) reduceCrossings() {
	best, fewest := l.order(), l.crossings()
	for sweep := 0; sweep < sweeps && fewest > 0; sweep++ {
		for i := range l.layers {
			if sweep%2 == 0 {
				sortLayer(l.layers[i], func(v *vertex) []*vertex { return v.up })
			} else {
				sortLayer(l.layers[len(l.layers)-1-i], func(v *vertex) []*vertex { return v.down })
			}
		}
		if n := l.crossings(); n < fewest {
			best, fewest = l.order(), n
		}
	}
	l.layers = best
	for _, layer := range l.layers {
		number(layer)
	}
}

func (l *layered) order() [][]*vertex {
	copied := make([][]*vertex, len(l.layers))
	for i, layer := range l.layers {
		copied[i] = slices.Clone(layer)
	}
	return copied
}

func sortLayer(layer []*vertex, neighbours func(v *vertex) []*vertex) {
	for _, v := range layer {
		v.order = float64(v.place)
		if near := neighbours(v); len(near) > 0 {
			v.order = 0
			for _, u := range near {
				v.order += float64(u.place) / float64(len(near))
			}
		}
	}
	slices.SortFunc(layer, func(a, b *vertex) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.place, b.place))
	})
	number(layer)
}

// crossings counts pairs of edges that cross between two layers.
func (l *layered) crossings() int {
	count := 0
	for i, layer := range l.layers[1:] {
		ended := make([]int, len(layer)+1) // ends at places, as a Fenwick tree
		total := 0
		for _, v := range l.layers[i] {
			for _, u := range v.down {
				count += total
				for p := u.place + 1; p > 0; p &= p - 1 {
					count -= ended[p]
				}
			}
			for _, u := range v.down {
				total++
				for p := u.place + 1; p < len(ended); p += p & -p {
					ended[p]++
				}
			}
		}
	}
	return count
}

// placeY stacks the layers.
func (l *layered) placeY() {
	y := 0.0
	for _, layer := range l.layers {
		height := 0.0
		for _, v := range layer {
			height = max(height, v.height)
		}
		for _, v := range layer {
			v.y = y + height/2
			if v.box == nil {
				v.height = height // edges pass boxes straight down
			}
		}
		y += height + gapY
	}
}
