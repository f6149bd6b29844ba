package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/chainrule-go/chainrule/internal/simd"
)

func TestMulBatch(t *testing.T) {
	t.Run("float32", testBatches[float32])
	t.Run("float64", testBatches[float64])
}

func testBatches[F simd.Float](t *testing.T) {
	for _, count := range []int{0, 1, 2, 7, 40} {
		for _, s := range [][3]int{{3, 4, 5}, {17, 9, 10}, {40, 33, 30}, {150, 130, 100}} {
			for _, broadcast := range []string{"", "A", "B", "AB"} {
				for _, sum := range []bool{false, true} {
					for flags := range 4 {
						c := mulCase{m: s[0], n: s[1], k: s[2], flags: flags}
						name := fmt.Sprintf("count=%d %v broadcast=%q sum=%v", count, c, broadcast, sum)
						if c.transA, c.transB = flags%3 == 1, flags%2 == 1; s[0] > 100 && (flags != 3 || count > 2) {
							continue
						}
						testBatch[F](t, name, count, c, broadcast, sum)
					}
				}
			}
		}
	}
}

// testBatch compares a batch with single products of float64.
func testBatch[F simd.Float](t *testing.T, name string, count int, c mulCase, broadcast string, sum bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(count), uint64(c.m)))
	strideA, strideB, strideC := c.m*c.k, c.k*c.n, c.m*c.n
	random := func(n int) []F {
		s := make([]F, n)
		for i := range s {
			s[i] = F(r.NormFloat64())
		}
		return s
	}
	dataA, dataB, dataC := random(strideA*max(count, 1)), random(strideB*max(count, 1)), random(strideC*max(count, 1))
	if broadcast == "A" || broadcast == "AB" {
		strideA = 0
	}
	if broadcast == "B" || broadcast == "AB" {
		strideB = 0
	}
	if sum {
		strideC, dataC = 0, dataC[:strideC]
	}
	a, b := RowMajor(dataA, c.m, c.k), RowMajor(dataB, c.k, c.n)
	if c.transA {
		a = RowMajor(dataA, c.k, c.m).T()
	}
	if c.transB {
		b = RowMajor(dataB, c.n, c.k).T()
	}
	e := Epilogue[F]{Accumulate: c.flags&1 != 0}
	if c.flags&2 != 0 {
		e.Bias = random(c.n)
	}

	want := make([]float64, len(dataC))
	for i, v := range dataC {
		if e.Accumulate || count == 0 && !sum {
			want[i] = float64(v)
		}
	}
	for item := range count {
		for i := range c.m {
			row := want[item*strideC+i*c.n:][:c.n]
			for p := range c.k {
				x, y := float64(a.from(i, p)[item*strideA]), b.Data[item*strideB+p*b.RowStride:]
				for j := range row {
					row[j] += x * float64(y[j*b.ColStride])
				}
			}
		}
	}
	for i := range want {
		if count == 0 && !sum {
			break
		}
		if e.Bias != nil {
			want[i] += float64(e.Bias[i%c.n])
		}
	}
	MulBatch(count, RowMajor(dataC, c.m, c.n), a, b, strideC, strideA, strideB, e)
	tolerance := 0x1p-18 * pick[F](1, 0x1p-29) * float64(c.k*max(count, 1))
	for i, w := range want {
		if !(math.Abs(float64(dataC[i])-w) <= tolerance) {
			t.Fatalf("%s: element %d is %v, want %v", name, i, dataC[i], w)
		}
	}
}
