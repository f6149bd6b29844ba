package simd

import "math"

// The references of products of splits. They give the bits of the assembly, with the arithmetic of
// the tile instructions done by hand.

// split returns the three parts of x.
func split(x float32) (parts [splitParts]float32) {
	const shift = 1<<16 + 1 // leaves 24 − 16 bits
	for i := range parts {
		t := float32(x * shift)
		parts[i] = t - (t - x)
		x -= parts[i]
	}
	return parts
}

// bfloat16 is the bits of x, a number of bfloat16.
func bfloat16(x float32) uint16 { return uint16(math.Float32bits(x) >> 16) }

// fromBfloat16 is the number of those bits.
func fromBfloat16(bits uint16) float32 { return math.Float32frombits(uint32(bits) << 16) }

// tileA and tileB are where element p along k of row or column i of a tile lies.
func tileA(i, p int) int { return i*splitSteps + p }
func tileB(i, p int) int { return p/2*splitSteps + 2*i + p%2 }

// splitAGeneric is the reference of SplitA.
func (s *Split) splitAGeneric(src []float32, row, m, k int) {
	s.splitGeneric(src, row, 1, m, k, tileA)
}

// splitBGeneric is the reference of SplitB.
func (s *Split) splitBGeneric(src []float32, row, k, n int) {
	s.splitGeneric(src, 1, row, n, k, tileB)
}

// splitGeneric writes n rows or columns of k elements: element p of number i is src[i·across + p·along].
func (s *Split) splitGeneric(src []float32, across, along, n, k int, in func(i, p int) int) {
	s.Smallest = math.Inf(1)
	clear(s.Tiles[:SplitLen(n, k)])
	clear(s.Exponents[:SplitExponents(n)])
	blocks := splitBlocks(k)
	for i := range n {
		r := emptyRange
		for p := range k {
			r.add(src[i*across+p*along])
		}
		exponent := s.scale(i, r)
		for p := range k {
			x := float32(math.Ldexp(float64(src[i*across+p*along]), exponent))
			tile := (i/splitRows*blocks + p/splitSteps) * splitParts
			for part, v := range split(x) {
				s.Tiles[(tile+part)*splitTile+in(i%splitRows, p%splitSteps)] = bfloat16(v)
			}
		}
	}
}

// mulSplitGeneric is the reference of MulSplit.
func mulSplitGeneric(g *Gemm[float32], a, b *Split, precision SplitPrecision) {
	blocks := splitBlocks(g.K)
	for i := 0; i < g.M; i += splitRows {
		for j := 0; j < g.N; j += splitRows {
			var sums [splitRows][splitRows]float32
			for block := range blocks {
				for _, pair := range splitPairs[precision] {
					from := func(s *Split, i, part int) []uint16 {
						return s.Tiles[((i/splitRows*blocks+block)*splitParts+part)*splitTile:][:splitTile]
					}
					multiplyTiles(&sums, from(a, i, pair[0]), from(b, j, pair[1]))
				}
			}
			for di := range min(splitRows, g.M-i) {
				for dj := range min(splitRows, g.N-j) {
					exponent := int(a.Exponents[i+di] + b.Exponents[j+dj])
					g.finish(i+di, j+dj, float32(math.Ldexp(float64(sums[di][dj]), exponent)))
				}
			}
		}
	}
}

// multiplyTiles is TDPBF16PS: it adds the product of tiles of A and B to sums. The elements of
// even number along k are added up from 0, and so are those of odd number; then the two are, and
// that is added to what there was.
func multiplyTiles(sums *[splitRows][splitRows]float32, a, b []uint16) {
	for i := range splitRows {
		for j := range splitRows {
			var chain [2]float32
			for p := range splitSteps {
				x, y := fromBfloat16(a[tileA(i, p)]), fromBfloat16(b[tileB(j, p)])
				chain[p%2] = tileAdd(float64(flush(x))*float64(flush(y)), chain[p%2])
			}
			sums[i][j] = tileAdd(float64(sums[i][j]), tileAdd(float64(chain[0]), chain[1]))
		}
	}
}

// flush is x, or 0 with its sign if x is subnormal.
func flush(x float32) float32 {
	if math.Abs(float64(x)) < 0x1p-126 {
		return float32(math.Copysign(0, float64(x)))
	}
	return x
}

// tileAdd is x + y, rounded once, to nearest, ties to even, where a subnormal result becomes 0 with
// its sign. x is a float32 or a product of two bfloat16.
func tileAdd(x float64, y float32) float32 {
	z := float64(flush(y))
	s := x + z
	// What rounding to float64 lost. With that, the last bit can be set such that rounding
	// again gives what rounding once would.
	z2 := s - x
	if lost := (x - (s - z2)) + (z - z2); lost != 0 && lost == lost {
		if bits := math.Float64bits(s); bits&1 == 0 {
			if (lost > 0) == (s > 0) {
				bits++
			} else {
				bits--
			}
			s = math.Float64frombits(bits)
		}
	}
	// The least normal number, less half of the distance that numbers as precise as it would have below.
	if math.Abs(s) < 0x1p-126-0x1p-151 {
		return float32(math.Copysign(0, s))
	}
	return float32(s)
}
