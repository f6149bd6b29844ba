package simd

import (
	"fmt"
	"math/bits"
)

// This file holds random choices, made of Philox4x32-10 (Salmon et al. 2011): random
// numbers that are functions of a key and of their place, so that they may be drawn in any
// order, or again.

// blocksPerWord is how many blocks of four random numbers make 32 bits.
const blocksPerWord = 8

// RandomBits draws the words of 32 bits with the numbers start, start+1, …, of those that
// belong to the seed. A bit is set with probability 1 − threshold/2³².
func RandomBits(dst []uint32, seed, start uint64, threshold uint32) {
	randomBitsKernel(dst, seed, start*blocksPerWord, threshold)
}

// randomBitsGeneric draws words from blocks start, start+1, … on.
func randomBitsGeneric(dst []uint32, seed, start uint64, threshold uint32) {
	for i := range dst {
		var word uint32
		for b := range blocksPerWord {
			for k, number := range philox(seed, start) {
				if number >= threshold {
					word |= 1 << (k/2*16 + 2*b + k%2)
				}
			}
			start++
		}
		dst[i] = word
	}
}

// philox is the block of random numbers with this counter.
func philox(seed, counter uint64) [4]uint32 {
	c := [4]uint32{uint32(counter), uint32(counter >> 32)}
	key := [2]uint32{uint32(seed), uint32(seed >> 32)}
	for range 10 {
		high0, low0 := bits.Mul32(0xD2511F53, c[0])
		high1, low1 := bits.Mul32(0xCD9E8D57, c[2])
		c = [4]uint32{high1 ^ c[1] ^ key[0], low1, high0 ^ c[3] ^ key[1], low0}
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return c
}

// KeepBits sets dst[i] = x[i]·scale where bit i%32 of bits[i/32] is set, and 0 elsewhere.
// dst may be x.
func KeepBits[T Float](dst, x []T, bits []uint32, scale T) {
	checkUnary("KeepBits", dst, x)
	if want := (len(dst) + 31) / 32; len(bits) < want {
		panic(fmt.Sprintf("simd: KeepBits: %d words of bits, want %d", len(bits), want))
	}
	keepBitsKernel(dst, x, bits, scale)
}

func keepBitsGeneric[T Float](dst, x []T, bits []uint32, scale T) {
	for i, v := range x {
		if bits[i/32]>>(i%32)&1 == 0 {
			v = 0
		} else {
			v *= scale
		}
		dst[i] = v
	}
}
