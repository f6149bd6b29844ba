// Package onnxpb has the messages of ONNX files, generated from the standard's onnx.proto.
package onnxpb

//go:generate go build -o protoc-gen-go google.golang.org/protobuf/cmd/protoc-gen-go
//go:generate protoc --plugin=protoc-gen-go -I ../../../.. --go_out=../../../.. --go_opt=paths=source_relative --go_opt=Mnn/onnx/internal/onnxpb/onnx.proto=github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb nn/onnx/internal/onnxpb/onnx.proto
//go:generate rm protoc-gen-go
