package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// TestPhilox compares a block with the one that the authors of Philox4x32-10 publish: that
// of key and counter 0.
func TestPhilox(t *testing.T) {
	if got := philox(0, 0); got != [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8} {
		t.Errorf("key 0, counter 0: %08x", got)
	}
}

func TestRandomBits(t *testing.T) {
	for _, set := range instructionSets() {
		t.Run(set.String(), func(t *testing.T) {
			set.with(func() {
				memory := guarded(t, 4*40, true)
				words := unsafe.Slice((*uint32)(unsafe.Pointer(&memory[0])), 40)
				for _, seed := range []uint64{0, 1, 1 << 32, 0xfedcba9876543210} {
					for _, start := range []uint64{0, 3, 1<<29 - 2, 1<<61 - 3} { // so that the counter's words carry over
						for _, threshold := range []uint32{0, 1, 1 << 31, math.MaxUint32} {
							for n := range 40 {
								got, want := words[40-n:], make([]uint32, n)
								clear(words)
								RandomBits(got, seed, start, threshold)
								randomBitsGeneric(want, seed, start*blocksPerWord, threshold)
								if !slices.Equal(got, want) {
									t.Fatalf("seed %#x, start %d, threshold %#x, %d words: %08x, want %08x", seed, start, threshold, n, got, want)
								}
							}
						}
					}
				}
			})
		})
	}
}

// The share of set bits is as asked for, and so is that of each place in a word and of
// pairs of neighbours.
func TestRandomBitsAreRandom(t *testing.T) {
	const n = 1 << 16
	words := make([]uint32, n)
	for _, p := range []float64{0.1, 0.5, 0.9} {
		RandomBits(words, 42, 0, uint32(p*(1<<32)))
		var places [32]int
		set, both := 0, 0
		for _, w := range words {
			for i := range places {
				places[i] += int(w >> i & 1)
				set += int(w >> i & 1)
				both += int(w >> i & (w >> ((i + 1) % 32)) & 1)
			}
		}
		near := func(what string, got int, share, of float64) {
			t.Helper()
			if deviation := math.Abs(float64(got)-share*of) / math.Sqrt(of*share*(1-share)); deviation > 5 {
				t.Errorf("p = %v: %d of %v %s are set, %.1f standard deviations from %v", p, got, of, what, deviation, share)
			}
		}
		q := 1 - p
		near("bits", set, q, 32*n)
		for i, count := range places {
			near(fmt.Sprintf("bits at %d", i), count, q, n)
		}
		if deviation := math.Abs(float64(both)-q*q*32*n) / math.Sqrt(32*n*q*q*(1-q*q)); deviation > 8 { // neighbours overlap
			t.Errorf("p = %v: %d pairs", p, both)
		}
	}
}

func TestKeepBits(t *testing.T) { everyForm(t, testKeepBits[float32], testKeepBits[float64]) }

func testKeepBits[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	in, out := guardedFloats[T](t, 200, true), guardedFloats[T](t, 200, true)
	memory := guarded(t, 4*7, true)
	words := unsafe.Slice((*uint32)(unsafe.Pointer(&memory[0])), 7)
	for n := range 200 {
		x, dst, bits := in[200-n:], out[200-n:], words[7-(n+31)/32:]
		want := make([]T, n)
		for i := range bits {
			bits[i] = r.Uint32()
		}
		for i := range x {
			x[i] = anything[T](r)
			if bits[i/32]>>(i%32)&1 == 1 {
				want[i] = x[i] * 1.25
			}
		}
		KeepBits(dst, x, bits, 1.25)
		if at := differs(dst, want); at >= 0 {
			t.Fatalf("n=%d: element %d is %v, want %v", n, at, dst[at], want[at])
		}
		KeepBits(x, x, bits, 1.25)
		if at := differs(x, want); at >= 0 {
			t.Fatalf("n=%d, in place: element %d is %v, want %v", n, at, x[at], want[at])
		}
	}
}
