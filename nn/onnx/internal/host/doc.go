// Package host has arrays of integers and truth values and exact arithmetic on them: what ONNX
// graphs compute shapes, indices, tokens and masks with. There are no gradients and no threads
// here. What lives here knows nothing of ONNX's messages or operators, which are package onnx's.
package host
