// Package optim has the optimizers: they change a model's parameters by the
// gradients of a loss.
//
//	optimizer := optim.NewAdam(model.Params(), optim.AdamConfig{LR: 1e-3})
//	for … {
//		grads := loss.Backward()
//		optim.ClipGradNorm(grads, 1)
//		optimizer.Step(grads)
//		tape.Reset()
//	}
//
// An [Optimizer] belongs to the parameters it was made for and keeps its state, such
// as moving averages, for each of them. A parameter that a step has no gradient for is
// left alone, state and all. After the first step a step allocates nothing. Results
// do not depend on the number of processors.
//
// Formulas, names and defaults are those of PyTorch; each optimizer is tested against
// trajectories computed there.
//
// What lives here: optimizers, and limits on gradients. What does not: gradients
// (package autograd), models and the training loop (package nn).
package optim
