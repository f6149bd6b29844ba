// Package autograd differentiates: Variables hold arrays, a Tape records what is
// computed from them, and a backward pass over the tape applies the chain rule
//
//	∂L/∂w = Σ ∂L/∂z · ∂z/∂w
//
// from the result back to every parameter.
//
//	tape := autograd.NewTape(autograd.TapeConfig{})
//	x := tape.Const(batch)            // data enters the tape
//	loss := x.MatMul(w).Sub(y).Square().Mean()
//	grads := loss.Backward()          // a value, not a side effect
//	step(w, grads.Of(w))
//	tape.Reset()                      // memory goes back for the next step
//
// # Tapes
//
// There is no hidden state. An operation lands on the tape of its operands;
// parameters and constants are on none, and operations on them alone are computed
// at once. A gradient is never lost in silence: what was computed from parameters
// outside any tape is recorded by the first tape that it meets, and operands of two
// tapes panic. A tape belongs to one goroutine, parameters may be read by many.
//
// What a model keeps and does not train, such as running statistics, is written by
// [Tape.Assign] and [Tape.Commit].
//
// # Derivatives
//
// [Variable.Backward] gives the gradients of a scalar with respect to all
// parameters, in one pass that is not recorded. [Grad] records the pass, so that
// its results can be differentiated again, to any order: each rule is written with
// the operations users call, and fused kernels stand in for them where nothing is
// recorded. What a result does not depend on has no gradient: asking for it is an error,
// since numbers read off by [Variable.At] or [Variable.Item] are the usual reason
// ([Variable.Index] picks elements with their gradient), unless [GradConfig] allows it.
// An upstream gradient of exactly zero gives a gradient of zero, whatever
// the local derivative: what a mask or Where cut off does not come back as NaN.
//
// On functions: [ValueAndGrad], [VJP], [JVP] in forward mode by rules of their own,
// [Jacobian], [Hessian], [HVP] and [PerExampleGrad]. [Function] is for operations of
// one's own, [Checkpoint] for models whose intermediate results do not fit in memory.
//
// # Looking inside
//
// [TapeConfig].DetectAnomaly finds the first NaN, Profile counts time and memory by operation,
// [Variable.Hook] and [Variable.RetainGrad] show gradients as they pass. [Graph] is the
// computation as a graph of gonum; package drawing draws it. Package gradcheck checks
// derivatives numerically, package optimize hands them to gonum's optimizers.
//
// # Errors
//
// A mistake in the program panics with a typed error, such as [*ShapeError], that
// names the operation and the shapes; [Try] and [Catch] turn it into an error.
//
// What lives here: Variables, tapes, operations with their derivatives, and
// transformations of functions. What does not: layers and training (package nn),
// data (package data), and kernels (internal/tensor).
package autograd
