package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestEverySecondAndAlternate(t *testing.T) {
	t.Run("float32", testEverySecondAndAlternate[float32])
	t.Run("float64", testEverySecondAndAlternate[float64])
}

// Elements come from and go to their places and no others, and no memory but theirs is touched.
func testEverySecondAndAlternate[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	fill := func(v []T) {
		for i := range v {
			v[i] = T(r.NormFloat64())
		}
	}
	for _, rows := range []int{1, 3} {
		for n := 1; n <= 70; n++ {
			for _, atEnd := range []bool{false, true} {
				name := fmt.Sprintf("%d rows of %d", rows, n)
				srcRow, dstRow := 2*n+1, n+2
				src, dst := guardedFloats[T](t, (rows-1)*srcRow+2*n-1, atEnd), guardedFloats[T](t, (rows-1)*dstRow+n, atEnd)
				fill(src)
				compareSets(t, "every second, "+name, dst, 0, func() {
					Fill(dst, T(math.NaN()))
					EverySecond(dst, dstRow, src, srcRow, rows, n)
				})
				for i := range rows {
					for j := range n {
						if dst[i*dstRow+j] != src[i*srcRow+2*j] {
							t.Fatalf("every second, %s: element %d, %d is %v", name, i, j, dst[i*dstRow+j])
						}
					}
				}
				evenRow := n/2 + 3
				even, odd := guardedFloats[T](t, (rows-1)*evenRow+(n+1)/2, atEnd), guardedFloats[T](t, n/2, atEnd) // of all rows
				fill(even)
				fill(odd)
				for _, accumulate := range []bool{false, true} {
					compareSets(t, "alternate, "+name, dst, 0, func() {
						Fill(dst, T(math.NaN()))
						for i := range rows {
							Fill(dst[i*dstRow:][:n], 1)
						}
						Alternate(dst, dstRow, even, evenRow, odd, 0, rows, n, accumulate)
					})
					for i := range rows {
						for j := range n {
							want := even[i*evenRow+j/2]
							if j%2 == 1 {
								want = odd[j/2]
							}
							if accumulate {
								want += 1
							}
							if dst[i*dstRow+j] != want {
								t.Fatalf("alternate, %s: element %d, %d is %v, want %v", name, i, j, dst[i*dstRow+j], want)
							}
						}
					}
				}
			}
		}
	}
}

func TestEverySecondPanics(t *testing.T) {
	for i, run := range []func(){
		func() { EverySecond(make([]float32, 5), 3, make([]float32, 20), 6, 2, 3) },
		func() { EverySecond(make([]float32, 6), 3, make([]float32, 10), 6, 2, 3) },
		func() { Alternate(make([]float64, 4), 5, make([]float64, 3), 3, make([]float64, 2), 2, 1, 5, false) },
		func() { Alternate(make([]float64, 5), 5, make([]float64, 2), 3, make([]float64, 2), 2, 1, 5, false) },
		func() { Alternate(make([]float64, 5), 5, make([]float64, 3), 3, make([]float64, 1), 2, 1, 5, false) },
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			run()
		})
	}
}
