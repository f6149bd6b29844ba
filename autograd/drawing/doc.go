// Package drawing draws computation graphs for people: as SVG, and as an HTML page that
// needs nothing else.
//
//	graph := autograd.Graph(loss)
//	graph.SetNames(nn.Params(model))
//	graph.SetGradients(grads)
//	err := drawing.WriteHTML(file, graph, drawing.Config{Title: "A step"})
//
// Data flow from top to bottom. A box is an array, with the operation or name, shape and
// element type, the range of its values and, where it is known, the norm of its
// gradient. Resting the pointer on it shows the operands in order. Values and gradients
// with a NaN or an infinity stand out. A parameter or constant that is used again far
// below is drawn there again, by its name only. For other tools the graph has DOT
// attributes: see gonum's encoding/dot.
//
// The layout is that of Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of
// Hierarchical System Structures", 1981: nodes in layers, few crossings, straight edges.
// The same graph gives the same bytes.
//
// What lives here: layout and drawing. What does not: the graph (package autograd).
package drawing
