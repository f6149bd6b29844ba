// Package optim has the optimizers, which change a model's parameters by the gradients of a
// loss, and the schedules of their learning rates.
//
//	optimizer := optim.NewAdamW(nn.Params(model), optim.AdamConfig{LR: 1e-3}, optim.NoDecay(nn.Params(model)))
//	schedule := optim.Warmup(100, optim.Cosine(10_000, 0.01))
//	for step := range 10_000 {
//		grads := loss.Backward()
//		optim.ClipGradNorm(grads, 1)
//		schedule.Set(step, optimizer.Groups()...)
//		optimizer.Step(grads)
//		tape.Reset()
//	}
//
// An [Optimizer] belongs to the parameters it was made for and keeps state, such as moving
// averages, for each of them. A parameter that a step has no gradient for is left alone,
// state and all. After the first step a step allocates nothing. Results are the same bits
// on any number of processors.
//
// A gradient that is kept as rows of a large table ([autograd.Gradients.Rows]) is treated as the
// whole array that it stands for, and its other rows are not visited where that changes
// nothing: by SGD without momentum and weight decay, and by Adagrad without weight decay.
// [NewSparseAdam] never visits them. All others make it whole, in memory of their own.
//
// Parameters in groups have rates, decays and momenta of their own; the fields of a live
// optimizer's groups are the values in force. All that later steps depend on goes into a
// file and comes back by State and Restore.
//
// # Zero means default
//
// In every configuration the zero value of a field means its documented default. Where that
// is not 0, the constant [None] stands for 0: no decay, a β of 0. Any other negative number
// panics with [*autograd.ValueError]. Schedules that are functions of plain numbers take
// those as they are.
//
// # What is where
//
// Formulas, names and defaults are those of PyTorch; each optimizer is tested against
// trajectories computed there, or against its formula written down again. Each is a rule in
// a file of its own, and all else is the engine's (engine.go, state.go). What does not
// live here: gradients (package autograd), models and the training loop (package nn).
package optim
