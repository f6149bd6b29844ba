// Package nn builds neural networks and trains them: layers, losses, metrics, the
// training loop, and files of weights.
//
//	model := nn.Sequential{
//		nn.Flatten{},
//		nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{784, 128, 10}}),
//	}
//	history, err := nn.Fit(ctx, model, train, nn.FitConfig{
//		Epochs:     10,
//		BatchSize:  128,
//		Metrics:    []nn.Metric{nn.Accuracy{}},
//		Validation: test,
//	})
//	…
//	err = nn.SaveFile("mnist.safetensors", model, nn.SaveConfig{})
//
// # Models
//
// A [Module] has parts: parameters, buffers, counters and further modules, each with a
// name. A [Layer] is a Module that is a function of one array: [Sequential] chains
// layers, [Linear], [ReLU] and others are some, [NewMLP] makes the usual chain of them,
// and a type of one's own with Forward and Parts is as good as any. What a model has is
// found by [Params], [Buffers], [Counters] and [Modules], under the names of PyTorch's
// state_dict. Modules hold no results: these live on tapes, so that goroutines share a
// model by having a tape each. [Summary] shows what a model is made of.
//
// # Losses and metrics
//
// Losses are functions of outputs and targets, on logits where there is a choice, and
// can be differentiated to any order:
//
//   - of classes: [CrossEntropy], [CrossEntropyProbabilities], [NLLLoss]; of two:
//     [BCEWithLogitsLoss], [BCELoss], [SoftMarginLoss]
//   - of numbers: [MSELoss], [L1Loss], [HuberLoss], [SmoothL1Loss]; of distributions of
//     numbers: [GaussianNLLLoss], [PoissonNLLLoss]
//   - of distributions of classes: [KLDivLoss], [KLDivLogTargetLoss]; of vectors:
//     [TripletMarginLoss], [CosineSimilarity]
//
// They are means; [LossConfig] has their other reductions, class weights and label
// smoothing. None broadcasts. A [Metric] such as [Accuracy] measures outputs without
// taking part in training.
//
// # Training
//
// [Fit] trains, [Evaluate] measures, [Predict] computes outputs. They are silent:
// callbacks see every step and epoch and can end a run. A [Trainer] is the same loop
// to be ranged over:
//
//	trainer := nn.NewTrainer(model, nn.TrainerConfig{})
//	for range epochs {
//		for step, err := range trainer.Steps(ctx, loader) {
//			…
//		}
//	}
//
// and where that does not fit, a loop of tape, loss, Backward and an optimizer's Step
// is a few lines. The same seed gives the same bits, on any number of processors; a
// step allocates nothing.
//
// # Files
//
// [Save] and [Load] keep a model's state in the safetensors format, under the names of
// PyTorch's state_dict: files go from there to here and back. Loading is strict, and
// all or nothing.
//
// # Errors
//
// Cancelled contexts, data that cannot be read, damaged files and training that
// diverges ([*NonFiniteError]) are returned errors. So are, from the functions that
// return an error anyway, models that do not fit their data. Elsewhere mistakes in the
// program panic with the typed errors of package autograd, which autograd.Try catches.
//
// What lives here: models and training. What does not: derivatives (package autograd),
// optimizers (package nn/optim), data sets (package data).
package nn
