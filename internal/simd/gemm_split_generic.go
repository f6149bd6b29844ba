//go:build !amd64 || noasm

package simd

func (s *Split) splitA(src []float32, row, m, k int) { s.splitAGeneric(src, row, m, k) }
func (s *Split) splitB(src []float32, row, k, n int) { s.splitBGeneric(src, row, k, n) }

func mulSplit(g *Gemm[float32], a, b *Split, precision SplitPrecision) {
	mulSplitGeneric(g, a, b, precision)
}
