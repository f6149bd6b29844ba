// Package nn has what neural networks are made of and trained with: layers, losses,
// metrics, the training loop, and files of weights.
package nn
