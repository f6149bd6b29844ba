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
// layers, [NewMLP] makes the usual chain of them, and a type of one's own with Forward
// and Parts is as good as any. What a model has is found by [Params], [Buffers],
// [Counters] and [Modules], under the names of PyTorch's state_dict. Modules hold no
// results: these live on tapes, so that goroutines share a model by having a tape each.
// [Summary] shows what a model is made of.
//
// All layers are listed below, by family. Those of several inputs or results have methods of
// their own beside Forward or in place of it: recurrent layers take and give states as values,
// and sequences of different lengths; attention takes masks, and a cache for generating
// position by position; tables of embeddings look up tokens. [ModuleList] and [ModuleMap]
// hold modules that are called by what they are part of.
//
// Parameters are drawn by the [Initializer] of a layer's configuration, or by [Initialize] for
// the names of a whole model that match patterns.
//
// What modules compute on the way is seen, and replaced, by hooks under their names:
// [AddHooks] for a tape, [WithHooks] for a model.
//
// Running statistics and the like are buffers. A layer assigns them on the tape, and they
// change when a step has been made ([autograd.Tape.Assign], [autograd.Tape.Commit]), which
// is a trainer's work, or that of a loop of one's own.
//
// # Layers of one's own
//
// A layer is a type with the two methods of [Layer]:
//
//	type residual struct{ inner nn.Layer }
//
//	func (r *residual) Parts() iter.Seq2[string, nn.Part] { return nn.Parts(nn.Sub("inner", r.inner)) }
//
//	func (r *residual) Forward(x autograd.Variable) autograd.Variable { return x.Add(r.inner.Forward(x)) }
//
// It may compute on its parameters alone, as in x.Mul(l.Scale.Exp()), and a loss may add
// w.Square().Sum() of them: the result keeps how it was made, and is recorded by the tape
// that it meets. Where that is to allocate nothing, x.Tape().Watch(w) brings a parameter
// there first. Dropout and the like ask x.Tape().Training() and draw from x.Tape().Rand();
// off any tape a layer behaves as in inference.
//
// # Losses and metrics
//
// Losses are types whose fields are their options and whose method Loss computes them,
// such as CrossEntropy{LabelSmoothing: 0.1}; a function with Loss behind the name, such as
// [CrossEntropyLoss], is the loss with its defaults, for loops. They take logits where
// there is a choice, do not broadcast, and can be differentiated to any order:
//
//   - of classes: [CrossEntropy], [NLL]; of two: [BCEWithLogits], [BCE], [SoftMargin]
//   - of numbers: [MSE], [L1], [Huber], [SmoothL1]; of distributions of numbers:
//     [GaussianNLL], [PoissonNLL]
//   - of sequences of labels: [CTC]; of distributions of classes: [KLDiv]; of vectors: [TripletMargin],
//     [CosineSimilarity]
//
// Metrics measure outputs without taking part in training. They add up over batches of any
// size, are merged, count examples by their weights, and leave out what has a negative label;
// for texts and images they are about each position. [OnOutput] measures one of several
// outputs. See [Metric]; all are listed below.
//
// # Training
//
// [Fit] trains, [Evaluate] measures, [Predict] computes outputs. They are silent: a
// [Callback] sees every step and epoch and can end a run. A [Trainer] is the same loop to
// be ranged over:
//
//	trainer := nn.NewTrainer(nn.Supervised(model, nn.CrossEntropy{}), nn.TrainerConfig{})
//	for range epochs {
//		for step, err := range trainer.Epoch(ctx, loader) {
//			…
//		}
//	}
//
// What is made small is an [Objective]: the loss of a model by its outputs and targets,
// as [Supervised] has it, or anything that a type of one's own computes from a batch, as
// for autoencoders and adversaries. What is trained is what the optimizer has. Where that
// does not fit, a loop of tape, loss, Backward and an optimizer's Step is a few lines.
//
// Ready callbacks are [EarlyStopping], [Checkpointing], [EMA] and [SWA] for averages of the
// weights, [Plateau] and [NewSchedule] for the learning rate, [NewCSVLog] and [NewJSONLog];
// package nn/progress shows a run on a terminal. [FindRate] tries learning rates.
//
// A batch that is too large for the memory is computed in micro-batches, one that is cut into
// small operations in shards at the same time, both with the gradient of the whole: see
// [TrainerConfig].
//
// The same seed gives the same bits, on any number of processors; a step allocates
// nothing. A step that fails changes nothing.
//
// # Configurations
//
// The zero value of a field means its default, which the field's comment gives. Where
// that is not 0, [None] says 0.
//
// # Files
//
// [Save] and [Load] keep a model's state in the safetensors format, under the names of
// PyTorch's state_dict: files go from there to here and back. Loading is strict, and
// all or nothing. [LoadWeights] reads from any [Weights], tensors that are read one by one, so
// that a large model is not in memory twice: [OpenWeights] opens safetensors, also in several
// files, and NPZ; package nn/torchfile what torch.save wrote. [SaveCheckpoint] keeps all that training depends on, so that it goes on
// after an interruption with the same bits; [Checkpointing] does so in [Fit], and
// [CheckpointDir] in loops of one's own.
//
// # Errors
//
// Cancelled contexts, data that cannot be read, damaged files and training that
// diverges ([*NonFiniteError]) are returned errors. So are, from the functions that
// return an error anyway, mistakes in the program, such as models that do not fit their
// data; a [*LayerError] says in which layer, an [*ExampleError] for which example. Elsewhere mistakes panic with the typed errors
// of package autograd, which autograd.Try catches.
//
// What lives here: models and training. What does not: derivatives (package autograd),
// optimizers (package nn/optim), data sets (package data).
package nn
