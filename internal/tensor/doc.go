// Package tensor computes on whole arrays: shapes, broadcasting, memory, and the
// kernels of internal/simd, internal/gemm and internal/conv applied to every element,
// row, matrix or image of an array, spread over the processors. It knows no gradients.
//
// Destinations come first, are allocated by the caller and have the result's
// shape; shapes are the caller's to check (see the Shape functions), so a
// mismatch here is a bug of this module and panics without ceremony. Work is cut
// by shape alone and sums have a fixed order: results have the same bits at any
// GOMAXPROCS.
package tensor
