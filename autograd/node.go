package autograd

import "github.com/chainrule-go/chainrule/internal/tensor"

// kind says how a node relates to tapes and gradients.
type kind uint8

const (
	constant  kind = iota // data; nobody wants its gradient
	parameter             // a persistent leaf whose gradient is wanted
	derived               // computed from parameters outside any tape
	recorded              // lives on a tape
)

// node is what a Variable refers to: the array, and how it came about. Nodes of a tape are
// recycled; gen tells the lives of one node apart. A long computation is limited by the
// memory that its nodes take, so a node holds what all of them need, and the rest is in a
// part that only some have.
type node struct {
	tensor.Array
	gen  uint64
	tape *Tape // nil outside any tape
	kind kind

	tracked bool  // there is a path to a leaf: the backward pass comes here
	owned   bool  // the elements came from the tape's pool
	lazy    bool  // the elements are not computed yet, see convert
	index   int32 // position in the tape's record, -1 if it is not there
	refs    int32 // holders on the tape: the record, gradient slots, views

	one32 [1]float32 // elements of arrays of size 1, so they need no pool
	one64 [1]float64

	op   *op
	in   [3]*node // operands; the fourth and later ones are in more
	base *node    // of a view: whose elements these are, if on the same tape, or both on none

	*rare // nil where there is nothing to say in it; nodes keep it when they are recycled
}

// rare is what few nodes need: nodes of rank 0 that are results of element-wise operations
// have none.
type rare struct {
	dims [4]int // Shape of arrays of rank 1 to 4
	attr attributes
	more []*node

	aux    *node // what the forward pass keeps for the backward pass
	leafOf *node // the node outside the tape, or on another one, that this stands for
	retain bool  // Backward reports the gradient although this is no leaf
	hooks  []func(Variable) Variable

	bytes tensor.Bytes // of a lazy node: what the elements are computed from

	// Outside any tape: how often the elements were modified; of a derived node, how
	// often those of its operands were when it was computed.
	version uint64
}

// attributes are the arguments of an operation that are not arrays. They live in
// the node so that recording them allocates nothing. Nodes are reused without
// clearing them: an operation sets every one it reads.
type attributes struct {
	x, y float64
	i    int
	axes uint64 // set of axes, bit k for axis k
	keep bool
	ints []int
}

// outsideNode is a node on the heap, outside any tape, without elements.
func outsideNode(dtype DType, shape []int) *node {
	both := &struct {
		node
		rest rare
	}{}
	n := &both.node
	n.rare = &both.rest
	n.index = -1
	n.DType = dtype
	n.setShape(shape)
	return n
}

// newNode is a node on the heap, outside any tape, with elements of its own.
func newNode(dtype DType, shape []int, k kind) *node {
	n := outsideNode(dtype, shape)
	n.kind = k
	n.Array = tensor.New(dtype, n.Shape)
	return n
}

// keepArray is n's aux, made anew: an array of this shape that lives as long as n.
func (n *node) keepArray(shape []int) *node {
	if n.tape == nil {
		n.aux = newNode(n.DType, shape, constant)
	} else {
		n.aux = n.tape.node(n.DType, shape)
		n.tape.allocate(n.aux)
	}
	return n.aux
}

// ensureRare is the node's rare part, which it has from then on.
func (n *node) ensureRare() *rare {
	if n.rare == nil {
		n.rare = n.tape.newRare()
	}
	return n.rare
}

// scalarShape is the shape of nodes without a rare part. It must not be appended to.
var scalarShape = []int{}

// setShape copies shape into n, without allocating up to rank 4.
func (n *node) setShape(shape []int) {
	switch {
	case cap(n.Shape) > 0: // memory of an earlier life
	case len(shape) == 0:
		n.Shape = scalarShape
		return
	default:
		n.Shape = n.ensureRare().dims[:0]
	}
	n.Shape = append(n.Shape[:0], shape...)
}

// original is the node that n stands for, outside the tape or on another one, or nil.
func (n *node) original() *node {
	if n.rare == nil {
		return nil
	}
	return n.leafOf
}

// meant is the node whose gradient is asked for with n: the one that n stands for, or n.
func (n *node) meant() *node {
	if o := n.original(); o != nil {
		return o
	}
	return n
}

// setInputs makes in the operands of n, which has none.
func (n *node) setInputs(in []*node) {
	if k := copy(n.in[:], in); k < len(in) {
		n.ensureRare().more = append(n.more, in[k:]...)
	}
}

func (n *node) dropInputs() {
	n.in = [3]*node{}
	if n.rare != nil && len(n.more) > 0 {
		clear(n.more)
		n.more = n.more[:0]
	}
}

// inputs calls f for each operand of n, in order.
func (n *node) inputs(f func(i int, in *node)) {
	for i := range n.numInputs() {
		f(i, n.input(i))
	}
}

func (n *node) input(i int) *node {
	if i < len(n.in) {
		return n.in[i]
	}
	return n.more[i-len(n.in)]
}

func (n *node) numInputs() int {
	for i, in := range n.in {
		if in == nil {
			return i
		}
	}
	if n.rare == nil {
		return len(n.in)
	}
	return len(n.in) + len(n.more)
}

// variable is the handle of n in its present life.
func (n *node) variable() Variable { return Variable{n, n.gen} }

// arg is the handle of operand i.
func (n *node) arg(i int) Variable { return n.input(i).variable() }
