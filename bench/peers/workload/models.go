package workload

import "fmt"

// Models names the models that libraries load from ONNX files: folders of the directory
// that the environment variable CHAINRULE_INTERCHANGE names, each with opset13.onnx (input
// "x", output "y", any batch) and input.npy.
func Models() []string {
	return []string{
		"mlp", "lenet", "lstm_tagger", "gru_tagger", "cnn_batchnorm", "residual_groupnorm",
		"upsampler", "autoencoder", "transformer",
	}
}

// Imported is the workload of computing a model's outputs for a batch, the examples of its
// input.npy over and over.
func Imported(model string, batch int) string {
	return fmt.Sprintf("%s from ONNX: inference of %d", model, batch)
}

// ImportedBatches are the batches of such workloads.
func ImportedBatches() []int { return []int{1, 32} }
