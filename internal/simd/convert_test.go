package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

func TestBytesToFloats(t *testing.T) {
	everyForm(t, testBytesToFloats[float32], testBytesToFloats[float64])
}

func testBytesToFloats[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	memory := guardedFloats[T](t, 140, true)
	for n := range 140 {
		src := guardedFloats[float32](t, (n+3)/4, true) // memory for bytes that ends in a guard page
		bytes := bytesOf(src)[len(bytesOf(src))-n:]
		for i := range bytes {
			bytes[i] = byte(r.Uint32())
		}
		dst := memory[len(memory)-n:]
		want := make([]T, n)
		BytesToFloats(dst, bytes, 1./255, -0.5)
		bytesToFloatsGeneric(want, bytes, 1./255, -0.5)
		for i := range want {
			if dst[i] != want[i] {
				t.Fatalf("n=%d: element %d, byte %d: %v, want %v", n, i, bytes[i], dst[i], want[i])
			}
		}
	}
}

func TestFloat32To64AndBack(t *testing.T) {
	everyForm(t, testFloat32To64, testFloat64To32)
}

func testFloat32To64(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	wide, narrow := guardedFloats[float64](t, 140, true), guardedFloats[float32](t, 140, true)
	for n := range 140 {
		d, s := wide[len(wide)-n:], narrow[len(narrow)-n:]
		for i := range s {
			s[i] = anything[float32](r)
		}
		Float32To64(d, s)
		for i := range d {
			if d[i] != float64(s[i]) && s[i] == s[i] {
				t.Fatalf("n=%d: element %d: %v, want %v", n, i, d[i], float64(s[i]))
			}
		}
	}
}

func testFloat64To32(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	wide, narrow := guardedFloats[float64](t, 140, true), guardedFloats[float32](t, 140, true)
	for n := range 140 {
		d, s := wide[len(wide)-n:], narrow[len(narrow)-n:]
		for i := range d {
			d[i] = anything[float64](r)
			if i%3 == 0 {
				d[i] = r.NormFloat64() // rounds to a normal number
			}
		}
		Float64To32(s, d)
		for i := range s {
			if want := float32(d[i]); s[i] != want && !math.IsNaN(d[i]) {
				t.Fatalf("n=%d: element %d: %v, want %v", n, i, s[i], want)
			}
		}
	}
}

func TestTranspose(t *testing.T) { everyForm(t, testTranspose[float32], testTranspose[float64]) }

func testTranspose[T Float](t *testing.T) {
	sizes := []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 31, 32, 33, 40, 65}
	aligned := 2048 / int(unsafe.Sizeof(T(0))) // rows on the same cache sets have a form of their own
	dstMemory, srcMemory := guardedFloats[T](t, 66*512, true), guardedFloats[T](t, 68*130, true)
	for _, rows := range sizes {
		for _, cols := range sizes {
			for _, slack := range []int{0, 3, aligned - rows} {
				t.Run(fmt.Sprintf("%dx%d slack %d", rows, cols, slack), func(t *testing.T) {
					dstRow, srcRow := rows+slack, cols+slack%64
					dst := dstMemory[len(dstMemory)-extent(cols, dstRow, rows, 1):]
					src := srcMemory[len(srcMemory)-extent(rows, srcRow, cols, 1):]
					Fill(dst, -1)
					for i := range src {
						src[i] = T(i)
					}
					if slack == 0 {
						Transpose(dst, src, rows, cols)
					} else {
						TransposeStrided(dst, dstRow, src, srcRow, rows, cols)
					}
					for k, got := range dst {
						j, i := k/dstRow, k%dstRow
						want := T(-1) // between rows
						if i < rows {
							want = src[i*srcRow+j]
						}
						if got != want {
							t.Fatalf("dst[%d, %d] = %v, want %v", j, i, got, want)
						}
					}
				})
			}
		}
	}
}

func TestGather(t *testing.T) {
	src := []float64{10, 11, 12, 13}
	dst := make([]float64, 3)
	Gather(dst, src, []int{3, 0, 3})
	if dst[0] != 13 || dst[1] != 10 || dst[2] != 13 {
		t.Errorf("Gather = %v, want [13 10 13]", dst)
	}
}
