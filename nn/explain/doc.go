// Package explain says what in its input a model's output depends on: how much each feature
// of an example, or each pixel of an image, adds to it.
//
//		a := explain.IntegratedGradients(model, x, nil, explain.IntegratedGradientsConfig{})
//		fmt.Println(a.Values.Shape()) // that of x
//
//	  - [Gradient], [Saliency] and [GradientTimesInput] take one gradient;
//	  - [SmoothGrad] a gradient a sample;
//	  - [IntegratedGradients] a gradient a step: what it finds adds up to f(x) − f(baseline), up to
//	    the error of the integration;
//	  - [Occlusion] an output a window;
//	  - [Shapley] an output a feature and permutation: what it finds adds up to f(x) − the mean
//	    of f over a background, exactly;
//	  - [GradCAM] one gradient, of a convolutional model;
//	  - [PermutationImportance] an evaluation a feature and repeat.
//
// All but the last explain the outputs for single examples, the last one the score of a model
// on a data set.
//
// # What is explained
//
// A model is a [nn.Layer] whose output for x [batch, features…] is [batch, outputs], or
// [batch] if there is one output. Targets says which output is explained: one index for
// each example; one for all of them; or nil, for the greatest output of each example, which
// is the predicted class. Logits are the usual thing to explain; put [nn.Softmax] behind a
// model to explain probabilities, and whatever else with [nn.Func].
//
// Models behave as in inference: the examples of a batch do not influence each other. The
// value of x counts alone: it may be on any tape or none, and what is computed here is on
// tapes of its own. Results belong to the caller.
//
// # Determinism, concurrency, errors
//
// The same seed gives the same bits, and the random numbers for an example depend on the seed
// and its place in the batch. Models are only read: any number of goroutines may explain one.
// Mistakes panic with the typed errors of package autograd, as those of [nn.Layer] do:
// [*autograd.ShapeError] for an x that is not [batch, features…] and outputs of another shape
// than above, [*autograd.IndexError] for a target that is no output, [*autograd.ValueError]
// for a nil model, targets that are neither one nor one for each example, and numbers of a
// configuration that are out of range, [*autograd.DTypeError] if x is not of the model's
// element type, and [*autograd.TapeError] from the methods of gradients if no gradient
// flows from the output to x.
//
// What lives here: explanations of trained models. What does not: models and metrics
// (package nn), pictures.
package explain
