package autograd

import (
	"iter"
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Gradients that are kept as rows. A step that looks up a thousand rows of a table of a
// million has a gradient that is 0 in all others; what is computed for it, and what an
// optimizer visits, are those thousand.

// SparseEmbedding is [Embedding] of a table whose gradient [Variable.Backward] keeps as the
// rows that were looked up, where the table is a parameter or was watched: see
// [Gradients.Rows]. In a recorded pass, as of [Grad], and within [Checkpoint] the gradient is
// a whole array. It panics as Embedding does.
func SparseEmbedding(weight Variable, index []int, shape ...int) Variable {
	const name = "sparse embedding"
	n := weight.check(name)
	var buffer [8]int
	result := embeddingShape(buffer[:0], name, n, len(index), shape)
	return sparseRows(weight, resolveIndices(name, index, n.Shape[0])).Reshape(result...)
}

var sparseRowsOp *op

// attr.ints is the list of indices.
func init() {
	sparseRowsOp = newLinearMap("sparse rows", indexOf, gatheredRows, scatteredRows)
	sparseRowsOp.fused = func(p *pass, n, g *node) {
		if !p.keepPart(n, g) {
			gatherRowsOp.fused(p, n, g)
		}
	}
}

// sparseRows picks rows of x. The indices are checked and not negative.
func sparseRows(x Variable, index []int) Variable {
	in := x.check(sparseRowsOp.name)
	n := sparseRowsOp.result(in.DType, []int{len(index), in.Shape[1]}, in)
	n.attr.ints = append(n.attr.ints[:0], index...)
	tensor.GatherRows(&n.Array, &in.Array, n.attr.ints)
	return n.done()
}

// rowPart is the gradient of some rows of a leaf: row index[i] has row i of g added.
type rowPart struct {
	leaf, g *node
	index   []int
}

// keepPart keeps g, the gradient of n, rows of a leaf, until the pass is over; false if the
// pass wants the gradient of that as a whole.
func (p *pass) keepPart(n, g *node) bool {
	leaf := n.in[0]
	if !p.keepsRows || leaf.op != nil || leaf.original() == nil || len(leaf.hooks) > 0 {
		return false
	}
	p.parts = append(p.parts, rowPart{leaf, p.hold(g), n.attr.ints})
	return true
}

// dropParts lets go of what keepPart kept.
func (p *pass) dropParts() {
	for _, part := range p.parts {
		p.tape.unref(part.g)
	}
	clear(p.parts)
	clear(p.tables)
	p.parts, p.tables = p.parts[:0], p.tables[:0]
}

// putParts gives the set the gradients that were kept as rows. A leaf that has a gradient
// from elsewhere too, as a table that is also multiplied by, has them added to that.
func (p *pass) putParts(s *gradientSet) {
	p.tables = p.tables[:0]
	for first, part := range p.parts {
		leaf := part.leaf
		if slices.Contains(p.tables, leaf) {
			continue
		}
		p.tables = append(p.tables, leaf)
		if at := s.position(leaf.leafOf); at >= 0 {
			for _, q := range p.parts[first:] {
				if q.leaf == leaf {
					tensor.ScatterAddRows(&s.grads[at].Array, &q.g.Array, q.index)
				}
			}
			continue
		}
		p.putRows(s, leaf, p.parts[first:])
	}
	p.dropParts()
}

// rowPlace is a row of a table and where in a list of rows it is.
type rowPlace struct{ row, place int }

func compareRows(a, b rowPlace) int {
	if a.row != b.row {
		return a.row - b.row
	}
	return a.place - b.place
}

// putRows gives the set the sums of the rows of the parts that are a leaf's.
func (p *pass) putRows(s *gradientSet, leaf *node, parts []rowPart) {
	t := p.tape
	t.rowPlaces = t.rowPlaces[:0]
	for _, q := range parts {
		if q.leaf == leaf {
			for _, row := range q.index {
				t.rowPlaces = append(t.rowPlaces, rowPlace{row, len(t.rowPlaces)})
			}
		}
	}
	slices.SortFunc(t.rowPlaces, compareRows)
	t.rowSlots = slices.Grow(t.rowSlots[:0], len(t.rowPlaces))[:len(t.rowPlaces)]
	count := 0
	for i, at := range t.rowPlaces {
		if i == 0 || at.row != t.rowPlaces[i-1].row {
			count++
		}
		t.rowSlots[at.place] = count - 1
	}
	var buffer [8]int
	g := t.node(leaf.DType, append(append(buffer[:0], count), leaf.Shape[1:]...))
	t.allocate(g)
	tensor.Fill(&g.Array, 0)
	index := g.ensureRare().attr.ints[:0]
	if index == nil {
		index = []int{} // nil would stand for a whole array
	}
	for i, at := range t.rowPlaces {
		if i == 0 || at.row != t.rowPlaces[i-1].row {
			index = append(index, at.row)
		}
	}
	g.attr.ints = index
	from := 0
	for _, q := range parts { // in the order of the rows within each part
		if q.leaf == leaf {
			tensor.ScatterAddRows(&g.Array, &q.g.Array, t.rowSlots[from:from+len(q.index)])
			from += len(q.index)
		}
	}
	s.insert(leaf.leafOf, g, index)
}

// Rows is the gradient of w, a table looked up by [SparseEmbedding] and not used otherwise,
// as it is kept: row index[i] of the table has row i of rows, and all other rows have 0.
// index rises. ok is false for a gradient that is a whole array, and where there is none.
// Both live as long as g, and neither must be modified but by what changes gradients in
// place.
func (g Gradients) Rows(w Variable) (index []int, rows Variable, ok bool) {
	s, n := g.check("Rows"), w.check("Rows")
	if s == nil {
		return nil, Variable{}, false
	}
	at := s.position(n.meant())
	if at < 0 || s.index[at] == nil {
		return nil, Variable{}, false
	}
	return s.index[at], s.grads[at].variable(), true
}

// Stored is [Gradients.All] with gradients as they are kept: rows alone of those that have
// only some, see [Gradients.Rows]. It is for what treats all numbers of all gradients alike
// and those that are 0 need not see: norms, limits.
func (g Gradients) Stored() iter.Seq2[Variable, Variable] {
	return func(yield func(w, grad Variable) bool) {
		s := g.check("Stored")
		if s == nil {
			return
		}
		for i, n := range s.of {
			if !yield(n.variable(), s.grads[i].variable()) {
				return
			}
		}
	}
}

// whole is gradient i as a whole array; one that is kept as rows is made one, outside any
// tape.
func (s *gradientSet) whole(i int) *node {
	g := s.grads[i]
	if s.index[i] == nil {
		return g
	}
	all := newNode(g.DType, s.of[i].Shape, constant)
	tensor.ScatterAddRows(&all.Array, &g.Array, s.index[i])
	return all
}

// addRows adds rows to gradient i.
func (s *gradientSet) addRows(i int, g *node, index []int) {
	if s.index[i] == nil {
		tensor.ScatterAddRows(&s.grads[i].Array, &g.Array, index)
		return
	}
	union := append(append([]int{}, s.index[i]...), index...)
	slices.Sort(union)
	union = slices.Compact(union)
	sum := newNode(g.DType, append([]int{len(union)}, g.Shape[1:]...), constant)
	for _, part := range []rowPart{{g: s.grads[i], index: s.index[i]}, {g: g, index: index}} {
		slots := make([]int, len(part.index))
		for k, row := range part.index {
			slots[k], _ = slices.BinarySearch(union, row)
		}
		tensor.ScatterAddRows(&sum.Array, &part.g.Array, slots)
	}
	s.replace(i, sum, union)
}

// replace makes g, outside any tape, gradient i.
func (s *gradientSet) replace(i int, g *node, index []int) {
	if old := s.grads[i]; old.tape != nil {
		old.tape.unref(old)
	}
	s.grads[i], s.index[i] = g, index
}
