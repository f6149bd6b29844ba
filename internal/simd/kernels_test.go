package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// otherKernels are the kernels on operands of mixed types and shapes; each has
// a test of its own name in convert_test.go.
var otherKernels = []string{"bytesToFloats", "float32To64", "float64To32", "transpose", "fmaLoop"}

// TestEveryKernelHasRow fails for an assembly kernel no row compares.
func TestEveryKernelHasRow(t *testing.T) {
	source, err := os.ReadFile("kernels_amd64.go")
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for _, k := range otherKernels {
		tested[k+"F32"], tested[k+"F64"] = true, true
	}
	for _, r := range rows[float32]() {
		tested[r.kernel+"F32"] = true
	}
	for _, r := range rows[float64]() {
		tested[r.kernel+"F64"] = true
	}
	found := regexp.MustCompile(`(?m)^func (\w+F(32|64))AVX2\(`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 100 {
		t.Fatalf("kernels_amd64.go declares %d assembly functions; the pattern must be wrong", len(found))
	}
	for _, m := range found {
		if !tested[m[1]] {
			t.Errorf("assembly kernel %sAVX2 has no row that compares it with its reference", m[1])
		}
	}
}

func TestKernelsAgainstReference(t *testing.T) {
	t.Run("float32", testRows[float32])
	t.Run("float64", testRows[float64])
}

func testRows[T Float](t *testing.T) {
	for _, r := range rows[T]() {
		t.Run(r.kernel, func(t *testing.T) { newRowTest(t, r).run() })
	}
}

const (
	longestTested = 1000
	margin        = 16 // elements beside a slice that must stay as they were
)

// rowTest runs one row over lengths, placements, broadcasts and aliases.
type rowTest[T Float] struct {
	t       *testing.T
	row     row[T]
	names   []string
	random  *rand.Rand
	ends    [][]T // memory that ends behind a slice placed at its end
	starts  [][]T // memory that begins before a slice placed at its start
	middles [][]T
}

func newRowTest[T Float](t *testing.T, r row[T]) *rowTest[T] {
	c := &rowTest[T]{t: t, row: r, names: strings.Fields(r.operands), random: rand.New(rand.NewPCG(1, 2))}
	for range c.names {
		c.ends = append(c.ends, guardedFloats[T](t, longestTested+margin, true))
		c.starts = append(c.starts, guardedFloats[T](t, longestTested+margin, false))
		c.middles = append(c.middles, make([]T, longestTested+2*margin+4))
	}
	return c
}

func (c *rowTest[T]) run() {
	lengths := []int{100, 257, longestTested}
	for n := range 68 {
		lengths = append(lengths, n)
	}
	for _, n := range lengths {
		for _, shape := range c.shapes() {
			for placement := range 5 {
				c.compare(n, shape, placement)
				if c.t.Failed() {
					return
				}
			}
		}
	}
}

// shape says which operands have length 1 and which one is the first's slice.
type shape struct {
	short []bool
	alias int // index of the operand that is the first's slice, 0 for none
}

func (c *rowTest[T]) shapes() []shape {
	var out []shape
	for bits := range 1 << len(c.names) {
		short, possible := make([]bool, len(c.names)), true
		for i, name := range c.names {
			short[i] = bits>>i&1 == 1
			possible = possible && (!short[i] || strings.HasSuffix(name, "*"))
		}
		if !possible {
			continue
		}
		out = append(out, shape{short: short})
		for i := 1; i < len(c.names); i++ {
			inOut := strings.HasSuffix(c.names[0], "+") || strings.HasSuffix(c.names[i], "+")
			if !inOut && !short[i] {
				out = append(out, shape{short: short, alias: i})
			}
		}
	}
	return out
}

// place returns the slice of an operand for a placement, and the memory around
// it that is watched: at the end of memory, at its start, or between, at an
// unaligned address.
func (c *rowTest[T]) place(operand, n, placement int) (memory, slice []T) {
	switch placement {
	case 0:
		m := c.ends[operand]
		m = m[len(m)-n-margin:]
		return m, m[margin:]
	case 1:
		m := c.starts[operand][:n+margin]
		return m, m[:n:n]
	}
	start := margin + (placement+operand)%4
	m := c.middles[operand][start-margin : start+n+margin]
	return m, m[margin : margin+n : margin+n]
}

// sentinel is a NaN no kernel makes.
func sentinel[T Float]() T {
	if is32[T]() {
		return T(math.Float32frombits(0x7fc12345))
	}
	return T(math.Float64frombits(0x7ff8123456789abc))
}

// anything draws bits: zeros, infinities, NaN, subnormal and all other numbers,
// half of them of a size functions are curved at.
func anything[T Float](r *rand.Rand) T {
	special := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN()}
	switch r.IntN(8) {
	case 0:
		return T(special[r.IntN(len(special))])
	case 1, 2, 3:
		return T(10 * r.NormFloat64())
	}
	if is32[T]() {
		return T(math.Float32frombits(r.Uint32()))
	}
	return T(math.Float64frombits(r.Uint64()))
}

// compare runs the row once on placed operands and once on plain copies.
func (c *rowTest[T]) compare(n int, shape shape, placement int) {
	c.t.Helper()
	draw := c.row.draw
	if draw == nil {
		draw = anything[T]
	}
	var memory, got, want, before [][]T
	for i := range c.names {
		length := n
		if shape.short[i] {
			length = 1
		}
		m, s := c.place(i, length, placement)
		for k := range m {
			m[k] = sentinel[T]()
		}
		for k := range s {
			s[k] = draw(c.random)
		}
		memory, got = append(memory, m), append(got, s)
		want = append(want, slices.Clone(s))
	}
	if shape.alias > 0 {
		copy(got[0], got[shape.alias])
		copy(want[0], want[shape.alias])
		got[shape.alias], want[shape.alias] = got[0], want[0]
	}
	for _, s := range want {
		before = append(before, slices.Clone(s))
	}

	describe := fmt.Sprintf("n=%d, operands %v of which short %v, same slice as the first: %d, placement %d",
		n, c.names, shape.short, shape.alias, placement)
	results, expected := c.row.run(got), c.row.ref(want)
	floor := c.row.slack * epsilon[T]() * float64(max(n, 1))
	for i := range expected {
		if !within(results[i], expected[i], c.row.ulps, floor) {
			c.t.Fatalf("%s: result %d is %v, reference %v", describe, i, results[i], expected[i])
		}
	}
	for i := range got {
		for k := range got[i] {
			if !within(got[i][k], want[i][k], c.row.ulps, c.row.slack*epsilon[T]()) {
				c.t.Fatalf("%s: %s[%d] is %v, reference %v; inputs were %v", describe, c.names[i], k, got[i][k], want[i][k], column(before, k))
			}
		}
		c.checkAround(describe, i, memory[i], got[i], shape)
	}
}

// column collects element k of each slice.
func column[T Float](s [][]T, k int) []T {
	var out []T
	for _, v := range s {
		if len(v) > 0 {
			out = append(out, v[min(k, len(v)-1)])
		}
	}
	return out
}

// checkAround fails if anything but the operand's own slice was written.
func (c *rowTest[T]) checkAround(describe string, operand int, memory, slice []T, shape shape) {
	if shape.alias == operand && operand > 0 {
		return // its memory is unused, the slice is the first operand's
	}
	from := 0
	if len(slice) > 0 {
		from = int(uintptr(unsafe.Pointer(&slice[0]))-uintptr(unsafe.Pointer(&memory[0]))) / int(unsafe.Sizeof(slice[0]))
	}
	for k, v := range memory {
		if (k < from || k >= from+len(slice)) && !sameBits(v, sentinel[T]()) {
			c.t.Fatalf("%s: element %d of the memory of %s, outside [%d, %d), was written", describe, k, c.names[operand], from, from+len(slice))
		}
	}
}

func sameBits[T Float](a, b T) bool {
	if is32[T]() {
		return math.Float32bits(float32(a)) == math.Float32bits(float32(b))
	}
	return math.Float64bits(float64(a)) == math.Float64bits(float64(b))
}

// epsilon is the distance from 1 to the next number.
func epsilon[T Float]() float64 {
	if is32[T]() {
		return 0x1p-23
	}
	return 0x1p-52
}

// within reports whether got is want, both NaN, or off by at most so many units
// in the last place of want plus the floor. Zeros must agree in sign if nothing
// may be off.
func within[T Float](got, want T, ulps, floor float64) bool {
	if want != want {
		return got != got
	}
	if ulps == 0 && floor == 0 {
		return sameBits(got, want)
	}
	return got == want || math.Abs(float64(got)-float64(want)) <= ulps*ulp(want)+floor
}

// ulp is the distance between numbers at the size of x; 0 for infinities.
func ulp[T Float](x T) float64 {
	a := math.Abs(float64(x))
	if math.IsInf(a, 0) {
		return 0
	}
	if is32[T]() {
		return math.Max(math.Exp2(math.Floor(math.Log2(a))-23), math.SmallestNonzeroFloat32)
	}
	if a == math.MaxFloat64 {
		return a - math.Nextafter(a, 0)
	}
	return math.Nextafter(a, math.Inf(1)) - a
}
