// Package gemm multiplies matrices that lie in slices.
package gemm
