package autograd

// Results of parameters alone. An operation whose operands are on no tape computes at
// once. If a parameter is among them its result keeps how it was made, and the first
// recording tape that it meets adopts it: result, operands and so on are recorded there
// with the values that they have. That is sound as long as no operand was written to
// meanwhile, which a count of modifications tells.

// keep makes n, a result outside any tape, keep how it was made if a gradient can reach one
// of its operands.
func (o *op) keep(n *node, in []*node) {
	if o.vjp == nil { // a result without derivative loses none
		return
	}
	for _, x := range in {
		if x.kind == parameter || x.kind == derived {
			n.kind = derived
		}
	}
	if n.kind != derived {
		return
	}
	n.op = o
	n.setInputs(in)
	n.version = n.inputVersions()
}

// inputVersions is how often the operands of a derived node were modified, all together.
// It can only grow. Operands that are derived themselves count theirs.
func (n *node) inputVersions() uint64 {
	var sum uint64
	n.inputs(func(_ int, in *node) {
		if in.kind != derived {
			sum += in.root().version
		}
	})
	return sum
}

// root is the node whose elements n shares, outside any tape.
func (n *node) root() *node {
	for n.base != nil {
		n = n.base
	}
	return n
}

// modified counts a modification of n's elements. A derived node is out of date then.
func (n *node) modified() { n.root().version++ }

// MarkModified says that v's elements were written to through the slices of
// [Variable.Float32s] or [Variable.Float64s], as optimizers do. What was computed from v
// outside any tape before is out of date then, and a tape or backward pass that meets it
// panics. [Variable.CopyFrom] and [Tape.Commit] see to this themselves. A write that is not
// marked goes unnoticed: gradients would mix old values with new ones.
func (v Variable) MarkModified() { v.check("MarkModified").modified() }

// bring is n as an operand on t: the leaf of a parameter, and of a result of parameters
// its record, or where nothing is recorded its value.
func (t *Tape) bring(n *node) *node {
	switch {
	case n.kind == parameter:
		return t.leaf(n)
	case n.kind != derived:
		return n
	case !t.recording:
		return t.view(n, n.Shape)
	}
	return t.adopt(n)
}

// adopt records n, a result of parameters, and what it was computed from. It does not
// recurse: chains may be long.
func (t *Tape) adopt(n *node) *node {
	stack := []*node{n}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		if t.leaves[n] != nil {
			stack = stack[:len(stack)-1]
			continue
		}
		open := len(stack)
		n.inputs(func(_ int, in *node) {
			if in.kind == derived && t.leaves[in] == nil {
				stack = append(stack, in)
			}
		})
		if len(stack) == open { // all operands are there
			t.recordDerived(n)
		}
	}
	return t.leaves[n]
}

// recordDerived records n, whose derived operands are recorded already.
func (t *Tape) recordDerived(n *node) {
	if n.inputVersions() != n.version {
		panic(&TapeError{n.op.name, "the result was computed outside any tape, and an operand was modified since: compute it anew"})
	}
	m := t.node(n.DType, n.Shape)
	m.F32, m.F64 = n.F32, n.F64
	m.ensureRare().leafOf = n
	m.op, m.tracked = n.op, true
	var buffer [8]*node
	in := buffer[:0]
	n.inputs(func(_ int, x *node) {
		if x.kind == derived {
			x = t.leaves[x]
		} else {
			x = t.bring(x)
		}
		in = append(in, x)
	})
	m.setInputs(in)
	ints := append(m.attr.ints[:0], n.attr.ints...)
	m.attr = n.attr
	m.attr.ints = ints
	if n.aux != nil { // m's own node: it is let go with m
		m.aux = t.node(n.aux.DType, n.aux.Shape)
		m.aux.F32, m.aux.F64 = n.aux.F32, n.aux.F64
	}
	m.retain = n.retain
	m.hooks = append(m.hooks, n.hooks...)
	t.leaves[n] = m
	t.enter(m)
}

// adopted reports whether n is the record of a result of parameters alone.
func (n *node) adopted() bool {
	o := n.original()
	return o != nil && o.kind == derived
}

// onTape is n, or if it is a result of parameters its record on a tape of its own, for a
// backward pass that starts there.
func (n *node) onTape() *node {
	if n.kind != derived {
		return n
	}
	return NewTape(TapeConfig{}).adopt(n)
}
