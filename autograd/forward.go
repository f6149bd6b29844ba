package autograd

// Forward mode: tangents are carried along the record from operands to results, by
// rules of their own (op.jvp) that owe nothing to the backward rules. The tangents
// are recorded too, and so can be differentiated in turn.

// tangentOf is the derivative of root in the direction where each source changes
// by its tangent. It is the zero Variable where root does not depend on a source.
func (t *Tape) tangentOf(root *node, sources []*node, tangents []Variable) Variable {
	needed := make([]need, root.index+1)
	markNeeded(needed, root, sources, 0)
	reached := ancestors(root)
	known := make(map[*node]Variable, len(sources))
	first := root.index
	for i, s := range sources {
		if s == nil {
			continue
		}
		known[s] = tangents[i]
		first = min(first, s.index)
	}
	for i := first; i <= root.index; i++ {
		n := t.record[i]
		if needed[i] == 0 || !reached[i] || n.op == nil || known[n].n != nil {
			continue
		}
		if n.op.jvp == nil {
			panic(&ValueError{n.op.name, "the operation has no rule for forward mode"})
		}
		if v := n.op.jvp(n, func(k int) Variable { return known[n.input(k)] }); v.n != nil {
			known[n] = v
		}
	}
	return known[root]
}

// ancestors says by position in the record what root was computed from, itself included.
func ancestors(root *node) []bool {
	t := root.tape
	reached := make([]bool, root.index+1)
	reached[root.index] = true
	for i := root.index; i >= 0; i-- {
		if !reached[i] {
			continue
		}
		n := t.record[i]
		for k := range n.numInputs() {
			if in := n.input(k); in.tape == t && in.index >= 0 {
				reached[in.index] = true
			}
		}
	}
	return reached
}

// identityOp stands between a Variable and the copy of it that a transformation
// differentiates with respect to, so that an outer derivative passes through.
var identityOp *op

func init() {
	identityOp = &op{
		name: "identity",
		vjp:  func(p *pass, n *node, g Variable) { p.add(n, 0, g) },
		jvp:  func(n *node, t func(int) Variable) Variable { return t(0) },
	}
}

// alias is x as a Variable in its own right on t, tracked whether or not x is.
func (t *Tape) alias(x *node) *node {
	n := t.node(x.DType, x.Shape)
	t.shareWith(n, x)
	n.F32, n.F64 = x.F32, x.F64
	x = t.bring(x)
	n.in[0], n.op, n.tracked = x, identityOp, true
	t.enter(n)
	return n
}

// checkTangents panics unless every tangent fits its Variable.
func checkTangents(op string, xs, ts []*node) {
	if len(xs) != len(ts) {
		panic(&ValueError{op, "expected one tangent for each Variable"})
	}
	for i, x := range xs {
		checkForm(op, x, ts[i], "expected a tangent of the Variable's %s")
	}
}
