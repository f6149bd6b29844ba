// Package onnx reads and writes models as ONNX files, the format that onnxruntime and other
// programs run and that PyTorch and others export.
//
// [Open] and [Read] make a [Model] of a file: an [nn.Module] whose parameters are the file's
// weights, to be run and trained further, or with Config.Inference one that is run only and is
// faster.
//
// [Export] and [ExportFile] trace a model on an example of its input:
//
//	err := onnx.ExportFile("model.onnx", model, []onnx.ExportInput{{Variable: images}}, onnx.ExportConfig{})
//
// The first axis of each input is a batch of any size in the file, unless ExportInput.Dynamic says
// otherwise. docs/onnx.md lists what the operations of package autograd become.
//
// Messages of the format are in the package internal/onnxpb, which nothing else imports; package nn
// knows nothing of ONNX.
package onnx
