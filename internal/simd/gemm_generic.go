//go:build !amd64 || noasm

package simd

func (g *Gemm[T]) outer() { g.outerGeneric() }
func (g *Gemm[T]) dot()   { g.dotGeneric() }
func (g *Gemm[T]) axpy()  { g.axpyGeneric() }

func packA[T Float](dst, src []T, row, col, m, k int) { packAGeneric(dst, src, row, col, m, k) }
func packB[T Float](dst, src []T, row, col, k, n int) { packBGeneric(dst, src, row, col, k, n) }

func (w *Windows[T]) pack(dst []T, step, group, width int) { w.packGeneric(dst, step, group, width) }

func (c *Correlation[T]) correlate(r *Results[T])    { c.correlateGeneric(r) }
func (c *Correlation[T]) sums(sums []T, n, next int) { c.sumsGeneric(sums, n, next) }

func (c *Planes[T]) forward(bias []T, accumulate, relu bool) {
	c.forwardGeneric(bias, accumulate, relu)
}
func (c *Planes[T]) backward(bias []T, accumulate bool) { c.backwardGeneric(bias, accumulate) }
func (c *Planes[T]) sums(sums []T)                      { c.sumsGeneric(sums) }

func (s *Spread[T]) add(height, width int) { s.addGeneric() }

func everySecond[T Float](dst []T, dstRow int, src []T, srcRow, rows, n int) {
	everySecondGeneric(dst, dstRow, src, srcRow, rows, n)
}

func alternate[T Float](dst []T, dstRow int, even []T, evenRow int, odd []T, oddRow, rows, n int, accumulate bool) {
	alternateGeneric(dst, dstRow, even, evenRow, odd, oddRow, rows, n, accumulate)
}

func (w *WinogradTiles) image()                { w.imageGeneric() }
func (w *WinogradTiles) gradient()             { w.gradientGeneric() }
func (w *WinogradTiles) result(bias []float32) { w.resultGeneric(bias) }
func (w *WinogradTiles) kernels()              { w.kernelsGeneric() }
func (w *WinogradTiles) kernelGradients()      { w.kernelGradientsGeneric() }

func deinterleaveTwo[T Float](_, _ []T) int { return 0 }

func (g *Gemm[T]) bytes(x []byte, row int, table *[256]T, skip byte, index []int32) {
	g.bytesGeneric(x, row, table, skip, index)
}

func listColumns(_ []int32, _ []byte, _, _, _ int, _ byte) (done, n int) { return 0, 0 }

func transposeBytes(dst []byte, dstRow int, src []byte, srcRow, rows, cols int) {
	transposeBytesGeneric(dst, dstRow, src, srcRow, 0, rows, 0, cols)
}
