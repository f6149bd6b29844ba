package drawing

import (
	"cmp"
	"slices"
)

// vertex is a box, or a point where an edge crosses a layer.
type vertex struct {
	id            int64 // of the node; -1 for a point of an edge
	layer         int
	width, height float64
	x, y          float64 // centre
	up, down      []*vertex
	order         float64 // while layers are sorted
}

// edge is drawn through its points, from top to bottom.
type edge []*vertex

// layered is a graph with a place for everything.
type layered struct {
	layers [][]*vertex
	edges  []edge
}

// Distances between boxes.
const (
	gapX, gapY = 18.0, 34.0
	sweeps     = 12
)

// arrange places vertices, given in topological order, and the edges between them.
func arrange(vertices []*vertex, pairs [][2]*vertex) *layered {
	l := &layered{}
	l.assign(vertices, pairs)
	l.connect(pairs)
	l.reduceCrossings()
	l.placeX()
	l.placeY()
	return l
}

// assign puts each vertex one layer below the lowest of those it hangs from, and then
// those that hang from nothing right above what hangs from them.
func (l *layered) assign(vertices []*vertex, pairs [][2]*vertex) {
	above, below := map[*vertex][]*vertex{}, map[*vertex][]*vertex{}
	for _, p := range pairs {
		above[p[1]] = append(above[p[1]], p[0])
		below[p[0]] = append(below[p[0]], p[1])
	}
	for _, v := range vertices {
		for _, u := range above[v] {
			v.layer = max(v.layer, u.layer+1)
		}
	}
	last := 0
	for _, v := range vertices {
		if len(above[v]) == 0 && len(below[v]) > 0 {
			v.layer = slices.MinFunc(below[v], func(a, b *vertex) int { return cmp.Compare(a.layer, b.layer) }).layer - 1
		}
		last = max(last, v.layer)
	}
	l.layers = make([][]*vertex, last+1)
	for _, v := range vertices {
		l.layers[v.layer] = append(l.layers[v.layer], v)
	}
}

// connect makes an edge of each pair, with a point in every layer between.
func (l *layered) connect(pairs [][2]*vertex) {
	for _, p := range pairs {
		at := p[0]
		line := edge{at}
		for at.layer+1 < p[1].layer {
			point := &vertex{id: -1, layer: at.layer + 1, width: 2}
			l.layers[point.layer] = append(l.layers[point.layer], point)
			line = append(line, point)
			at.down, point.up = append(at.down, point), append(point.up, at)
			at = point
		}
		at.down, p[1].up = append(at.down, p[1]), append(p[1].up, at)
		l.edges = append(l.edges, append(line, p[1]))
	}
}

// reduceCrossings sorts every layer by the mean position of the neighbours in the layer
// before, downwards and upwards in turns, and keeps the best order.
func (l *layered) reduceCrossings() {
	best, fewest := l.order(), l.crossings()
	for sweep := range sweeps {
		for i := range l.layers {
			if sweep%2 == 0 {
				sortLayer(l.layers[i], l.positions(), func(v *vertex) []*vertex { return v.up })
			} else {
				sortLayer(l.layers[len(l.layers)-1-i], l.positions(), func(v *vertex) []*vertex { return v.down })
			}
		}
		if n := l.crossings(); n < fewest {
			best, fewest = l.order(), n
		}
	}
	l.layers = best
}

func (l *layered) order() [][]*vertex {
	copied := make([][]*vertex, len(l.layers))
	for i, layer := range l.layers {
		copied[i] = slices.Clone(layer)
	}
	return copied
}

// positions is the place of each vertex in its layer.
func (l *layered) positions() map[*vertex]int {
	at := map[*vertex]int{}
	for _, layer := range l.layers {
		for i, v := range layer {
			at[v] = i
		}
	}
	return at
}

func sortLayer(layer []*vertex, at map[*vertex]int, neighbours func(v *vertex) []*vertex) {
	for i, v := range layer {
		v.order = float64(i)
		if near := neighbours(v); len(near) > 0 {
			v.order = 0
			for _, u := range near {
				v.order += float64(at[u]) / float64(len(near))
			}
		}
	}
	slices.SortStableFunc(layer, func(a, b *vertex) int { return cmp.Compare(a.order, b.order) })
}

// crossings counts pairs of edges that cross between two layers.
func (l *layered) crossings() int {
	at, count := l.positions(), 0
	for _, layer := range l.layers {
		var ends []int // of edges to the next layer, those from the left first
		for _, v := range layer {
			var own []int
			for _, u := range v.down {
				own = append(own, at[u])
			}
			slices.Sort(own)
			for _, end := range own {
				for _, before := range ends {
					if before > end {
						count++
					}
				}
			}
			ends = append(ends, own...)
		}
	}
	return count
}

// placeX moves the vertices of each layer, without changing their order, to where the
// edges are straightest: each wants to be at the mean of its neighbours.
func (l *layered) placeX() {
	for _, layer := range l.layers {
		x := 0.0
		for _, v := range layer {
			v.x = x + v.width/2
			x += v.width + gapX
		}
	}
	for sweep := range 4 * sweeps {
		for i := range l.layers {
			layer := l.layers[i]
			if sweep%2 == 1 {
				layer = l.layers[len(l.layers)-1-i]
			}
			relax(layer, sweep >= 2*sweeps)
		}
	}
	left := 0.0
	for _, layer := range l.layers {
		left = min(left, layer[0].x-layer[0].width/2)
	}
	for _, layer := range l.layers {
		for _, v := range layer {
			v.x -= left
		}
	}
}

// relax places a layer at the least sum of squared distances from where its vertices
// want to be, subject to the gaps between them. With positions shifted by the gaps this
// is isotonic regression, which merging neighbours solves exactly.
func relax(layer []*vertex, straight bool) {
	type block struct{ sum, weight, count float64 }
	var blocks []block
	offset := make([]float64, len(layer))
	for i, v := range layer {
		if i > 0 {
			u := layer[i-1]
			offset[i] = offset[i-1] + (u.width+v.width)/2 + gapX
		}
		want, weight := v.wish(straight)
		b := block{(want - offset[i]) * weight, weight, 1}
		for len(blocks) > 0 {
			last := blocks[len(blocks)-1]
			if last.sum/last.weight < b.sum/b.weight {
				break
			}
			b = block{b.sum + last.sum, b.weight + last.weight, b.count + last.count}
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, b)
	}
	i := 0
	for _, b := range blocks {
		for range int(b.count) {
			layer[i].x = b.sum/b.weight + offset[i]
			i++
		}
	}
}

// wish is where a vertex wants to be, and how much. In the end the points of edges, and
// what hangs together one to one, matter more: their edges should be straight.
func (v *vertex) wish(straight bool) (x, weight float64) {
	for _, near := range [2][]*vertex{v.up, v.down} {
		for _, u := range near {
			w := 1.0
			if straight && (v.id < 0 || len(near) == 1) {
				w = 4
			}
			x += w * u.x
			weight += w
		}
	}
	if weight == 0 {
		return v.x, 0.01
	}
	return x / weight, weight
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
			if v.id < 0 {
				v.height = height // edges pass boxes straight down
			}
		}
		y += height + gapY
	}
}
