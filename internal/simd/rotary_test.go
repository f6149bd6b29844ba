package simd

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestRotary compares with complex numbers that are multiplied, with every instruction set, over
// rows of all sizes, in place too, and looks at what is behind the result.
func TestRotary(t *testing.T) {
	everyForm(t, testRotary[float32], testRotary[float64])
}

func testRotary[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	draw := func(n int) []T {
		s := make([]T, n)
		for i := range s {
			s[i] = normal[T](r)
		}
		return s
	}
	for pairs := range 70 {
		for _, rows := range []int{1, 3} {
			cos, sin, x := draw(pairs), draw(pairs), draw(2*pairs*rows+1)
			twice, signed := make([]T, 2*pairs), make([]T, 2*pairs)
			for i := range cos {
				twice[2*i], twice[2*i+1], signed[2*i], signed[2*i+1] = cos[i], cos[i], -sin[i], sin[i]
			}
			for _, form := range []struct {
				name      string
				run       func(dst, x []T)
				pair, gap int // how far pairs, and their elements, are apart
			}{
				{"pairs", func(dst, x []T) { RotatePairs(dst, x, twice, signed, rows) }, 2, 1},
				{"halves", func(dst, x []T) { RotateHalves(dst, x, cos, sin, rows) }, 1, pairs},
			} {
				want := append([]T{}, x...)
				for at := 0; at+1 < len(x); at += 2 * pairs {
					for i := range pairs {
						k, l := at+i*form.pair, at+i*form.pair+form.gap
						z := complex(float64(x[k]), float64(x[l])) * complex(float64(cos[i]), float64(sin[i]))
						want[k], want[l] = T(real(z)), T(imag(z))
					}
				}
				got, inPlace := append([]T{}, x...), append([]T{}, x...)
				size := len(x) - 1
				form.run(got[:size], x[:size])
				form.run(inPlace[:size], inPlace[:size])
				what := fmt.Sprintf("%s, %d pairs, %d rows", form.name, pairs, rows)
				for i := range want {
					if !within(got[i], want[i], 2, 30*epsilon[T]()) || got[i] != inPlace[i] {
						t.Fatalf("%s: element %d is %v, in place %v, want %v", what, i, got[i], inPlace[i], want[i])
					}
				}
			}
		}
	}
}

// TestRotaryStaysInMemory runs the kernels on operands that begin and end where memory does.
func TestRotaryStaysInMemory(t *testing.T) {
	everyForm(t, testRotaryStaysInMemory[float32], testRotaryStaysInMemory[float64])
}

func testRotaryStaysInMemory[T Float](t *testing.T) {
	const longest, most = 40, 3
	for _, atEnd := range []bool{false, true} {
		var memory [4][]T
		for i := range memory {
			memory[i] = guardedFloats[T](t, 2*longest*most, atEnd)
		}
		for pairs := range longest {
			for rows := 1; rows <= most; rows++ {
				dst, x := cut(memory[0], 2*pairs*rows, atEnd), cut(memory[1], 2*pairs*rows, atEnd)
				RotatePairs(dst, x, cut(memory[2], 2*pairs, atEnd), cut(memory[3], 2*pairs, atEnd), rows)
				RotateHalves(dst, x, cut(memory[2], pairs, atEnd), cut(memory[3], pairs, atEnd), rows)
			}
		}
	}
}
