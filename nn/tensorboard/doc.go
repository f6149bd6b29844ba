// Package tensorboard writes what TensorBoard shows: event files of scalars, histograms,
// images and the graph of a model. In [nn.Fit] a callback does it,
//
//	board, err := tensorboard.New("runs/first", tensorboard.Config{Model: model, Example: x})
//	if err != nil { … }
//	history, err := nn.Fit(ctx, model, train, nn.FitConfig{
//		Epochs:    10,
//		Callbacks: []nn.Callback{board},
//	})
//
// which is then looked at by
//
//	tensorboard --logdir runs
//
// and elsewhere a [Writer] does. What lives here: the format of event files, and what of a
// run goes into them. What does not: training (package nn) and TensorBoard itself.
package tensorboard
