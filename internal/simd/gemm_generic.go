//go:build !amd64 || noasm

package simd

func (g *Gemm[T]) outer() { g.outerGeneric() }
func (g *Gemm[T]) dot()   { g.dotGeneric() }
func (g *Gemm[T]) axpy()  { g.axpyGeneric() }

func packA[T Float](dst, src []T, row, col, m, k int) { packAGeneric(dst, src, row, col, m, k) }
func packB[T Float](dst, src []T, row, col, k, n int) { packBGeneric(dst, src, row, col, k, n) }
