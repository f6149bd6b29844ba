package autograd

import "slices"

// Operations that are fused from several, such as a whole recurrent layer. Their forward
// computation and their rule for passes that are not recorded are kernels. Where a pass is
// recorded, or tangents are wanted, the same is computed by operations, recorded, and these
// are differentiated.

// composite is an operation fused from those that compute makes for its node's result. fused
// is its rule for passes that are not recorded.
func composite(name string, compute func(n *node) Variable, fused func(p *pass, n, g *node)) *op {
	return &op{
		name:  name,
		fused: fused,
		vjp: func(p *pass, n *node, g Variable) {
			p.through(n, g, func() *node { return n.tape.bring(compute(n).check(name)) })
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			return n.tangentThrough(t, func() *node { return n.tape.bring(compute(n).check(name)) })
		},
	}
}

// through is the rule for passes that are recorded: n is computed by operations, and these
// are differentiated.
func (p *pass) through(n *node, g Variable, compute func() *node) {
	since := len(n.tape.record) // an operand may have been computed from another: that path is not ours
	y := compute()
	var xs []Variable
	var at []int
	n.inputs(func(i int, in *node) {
		// An operand that is given twice gets its whole gradient once.
		if x := in.variable(); p.needs(n, i) && !slices.Contains(xs, x) {
			xs, at = append(xs, x), append(at, i)
		}
	})
	for k, grad := range y.gradients(n.op.name, g, xs, since, true) {
		p.add(n, at[k], grad)
	}
}

// tangentThrough is the rule for forward mode: n is computed by operations, and these are
// differentiated.
func (n *node) tangentThrough(t func(int) Variable, compute func() *node) Variable {
	var sources []*node
	var tangents []Variable
	n.inputs(func(i int, in *node) {
		if ti := t(i); ti.n != nil {
			sources, tangents = append(sources, in), append(tangents, ti)
		}
	})
	return n.tape.tangentOf(compute(), sources, tangents)
}
