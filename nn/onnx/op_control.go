package onnx

// Operators that evaluate graphs within a graph.
var controlOperators = family{"Control flow", []operator{
	{name: "If", since: 1, in: one, out: oneOrMore, make: choose, typed: true},
}}

// choose evaluates one of two graphs, which have no inputs of their own but see the values of
// the graphs that they are within.
func choose(n *node) kernel {
	then, otherwise := n.subgraph("then_branch"), n.subgraph("else_branch")
	for _, g := range []*graph{then, otherwise} {
		if len(g.inputs) > 0 || len(g.outputs) != len(n.outputs) {
			failf("a branch has %d inputs and %d outputs, expected 0 and %d", len(g.inputs), len(g.outputs), len(n.outputs))
		}
	}
	return func(c *call) {
		if c.in[0].Size() != 1 {
			failf("the condition is %s, expected one element", c.in[0].describe())
		}
		g := otherwise
		if c.bools(0).At(0) != 0 {
			g = then
		}
		c.eval(g)
		for i, slot := range g.outputs {
			c.setValue(i, c.values[slot])
		}
	}
}
