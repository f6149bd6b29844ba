package conv

import "github.com/chainrule-go/chainrule/internal/simd"

// The grid of a kernel has as many rows and columns as those of its phases together, the last of
// which may be 0.

// gridSide is the side of the grid.
func (t *stridedShape) gridSide() int { return 2 * t.kernel }

// prepare transforms the weights of wideOut channels of the result from first on to panels.
func (t *stridedTiling) prepare(w *worker[float32], first int) {
	size, grid, channels := t.side*t.side, t.gridSide(), t.tiles.channels
	n := min(wideOut, t.p.rows-first)
	columns, kernels := w.strips.of(wideIn*size*wideOut), w.images.of(wideIn*grid*grid*wideOut)
	clear(columns)
	clear(kernels)
	for c := 0; c < channels; c += wideIn {
		k := min(wideIn, channels-c)
		simd.TransposeStrided(columns, wideOut, t.p.a[(first*channels+c)*size:], channels*size, n, k*size)
		for i := range k * t.side {
			channel, row := i/t.side, i%t.side
			copy(kernels[(channel*grid+row)*grid*wideOut:], columns[i*t.side*wideOut:][:t.side*wideOut])
		}
		t.transformWeights(kernels, grid*wideOut, wideOut, grid*grid*wideOut, first, c, k)
	}
}

// turned is the weights for the gradient of images as [grid, Out·In], each phase's turned around.
func (t *stridedTiling) turned(memory *worker[float32]) []float32 {
	size, grid, count := t.side*t.side, t.gridSide(), t.s.Out*t.s.In
	pitch := t.turnedPitch()
	columns, rows := memory.images.of(grid*grid*pitch), memory.strips.of(size*pitch)
	simd.TransposeStrided(rows, pitch, t.p.a, size, count, size)
	clear(columns)
	place := func(k int) int {
		at := 2*t.kernel - 2 - k
		if !t.odd {
			at += 2 * (k % 2)
		}
		return at
	}
	for k := range size {
		copy(columns[(place(k/t.side)*grid+place(k%t.side))*pitch:][:count], rows[k*pitch:])
	}
	return columns
}

// turnedPitch is the distance of rows of turned: vectors of channels may begin at the last one.
func (t *stridedTiling) turnedPitch() int { return apart(t.s.Out*t.s.In + wideOut) }

// prepareGradient is prepare for the gradient of images, of channels of images from first on.
func (t *stridedTiling) prepareGradient(first int) {
	pitch := t.turnedPitch()
	t.transformWeights(t.columns[first:], t.gridSide()*pitch, pitch, t.s.In, first, 0, t.s.Out)
}

// transformWeights transforms grids of kernels, whose rows, columns and channels are as far apart,
// to the panels of columns from first on, rows from channel on.
func (t *stridedTiling) transformWeights(grids []float32, row, col, next, first, channel, count int) {
	panel, size := simd.GemmPanel[float32](), t.panelSize()
	for j := first; j < min(first+wideOut, t.p.rows); j += panel {
		for i, phase := range phases {
			kernels := simd.WinogradTiles{
				Kernel: t.kernel, In: t.in(), Channels: panel, Tiles: count,
				Src: grids[j-first+phase[0]*row+phase[1]*col:], SrcRow: 2 * row, SrcCol: 2 * col, SrcNext: next,
				Dst:    t.panels[(j/panel*len(phases)+i)*t.phaseSize()+channel*panel:],
				DstRow: t.in() * size, DstCol: size, DstNext: panel,
			}
			kernels.Kernels()
		}
	}
}
