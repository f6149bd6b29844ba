// Package onnx writes models as ONNX files, the format that onnxruntime and other programs run.
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
