// Package progress shows how training goes on: on a terminal one living line an epoch, in
// the manner of Keras, and one plain line for each finished epoch everywhere else, as in
// files and pipes.
//
//	history, err := nn.Fit(ctx, model, train, nn.FitConfig{
//		Epochs:    10,
//		Callbacks: []nn.Callback{progress.New(os.Stdout, progress.Config{})},
//	})
//
// On a terminal that looks like
//
//	Epoch 1/10
//	469/469 ━━━━━━━━━━━━━━━━━━━━ 0.5s 986µs/step - loss: 0.3306 - accuracy: 0.9069 - val_loss: 0.1718 - val_accuracy: 0.9498
//
// and elsewhere like
//
//	Epoch 1/10 - 469/469 - 0.5s 986µs/step - loss: 0.3306 - accuracy: 0.9069 - val_loss: 0.1718 - val_accuracy: 0.9498
//
// What lives here: how a run is shown as text. What does not: what is shown, which is
// package nn's, and everything else that programs print.
package progress
