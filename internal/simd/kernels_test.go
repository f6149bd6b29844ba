package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// TestEveryKernelHasRow fails for an assembly kernel without a row.
func TestEveryKernelHasRow(t *testing.T) {
	source, err := os.ReadFile("kernels_amd64.go")
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]bool{}
	for name := range otherKernels {
		has[name+"F32"], has[name+"F64"] = true, true
	}
	for _, r := range rows[float32]() {
		has[r.kernel+"F32"] = true
	}
	for _, r := range rows[float64]() {
		has[r.kernel+"F64"] = true
	}
	found := regexp.MustCompile(`(?m)^func (\w+F(?:32|64))AVX\d+\(`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 100 {
		t.Fatalf("kernels_amd64.go declares %d assembly functions; the pattern must be wrong", len(found))
	}
	for _, m := range found {
		if !has[m[1]] {
			t.Errorf("assembly kernel %s has no row", m[1])
		}
	}
}

// TestEveryRowSaysItsMeaning fails for a row that is compared with its reference only,
// or names a test that does not exist.
func TestEveryRowSaysItsMeaning(t *testing.T) {
	tests := testFunctions(t)
	for _, r := range rows[float64]() {
		said := 0
		for _, yes := range []bool{r.oracle != nil, r.values != nil, r.derivative != nil, r.term != nil, r.elsewhere != ""} {
			if yes {
				said++
			}
		}
		if said != 1 {
			t.Errorf("%s says its meaning in %d ways, want one", r.kernel, said)
		}
		if want := map[string]int{"dst x": len(points), "dst a* b*": len(pointsA)}[r.operands]; r.values != nil && len(r.values) != want {
			t.Errorf("%s has %d values, want %d", r.kernel, len(r.values), want)
		}
		if r.elsewhere != "" && !tests[r.elsewhere] {
			t.Errorf("%s is to be tested by %s, which does not exist", r.kernel, r.elsewhere)
		}
	}
	for kernel, test := range otherKernels {
		if !tests[test] {
			t.Errorf("%s is to be tested by %s, which does not exist", kernel, test)
		}
	}
}

// testFunctions lists the tests of the package.
func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`).FindAllStringSubmatch(string(source), -1) {
			tests[m[1]] = true
		}
	}
	return tests
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
	longestTested = 1001
	margin        = 16 // elements beside a slice that must stay as they were
	placements    = 5  // of slices in memory
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
	c := &rowTest[T]{t: t, row: r, names: r.names(), random: rand.New(rand.NewPCG(1, 2))}
	for range c.names {
		c.ends = append(c.ends, guardedFloats[T](t, longestTested+margin, true))
		c.starts = append(c.starts, guardedFloats[T](t, longestTested+margin, false))
		c.middles = append(c.middles, make([]T, longestTested+2*margin+4))
	}
	return c
}

func (c *rowTest[T]) run() {
	// From 64 and from 128 elements on some kernels use wider vectors: lengths before
	// and behind, with everything that may not fill one.
	lengths := []int{177, 191, 257, longestTested}
	for n := range 84 {
		lengths = append(lengths, n)
	}
	for n := range 20 {
		lengths = append(lengths, 125+n)
	}
	for _, n := range lengths {
		for i, shape := range c.shapes() {
			for placement := range placements {
				if testing.Short() && (n+i)%placements != placement {
					continue // each in its turn
				}
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

// compare runs the row with every instruction set on placed operands and its
// reference on plain copies. Instruction sets must agree to the bit among each other,
// with the reference as closely as the row says.
func (c *rowTest[T]) compare(n int, shape shape, placement int) {
	c.t.Helper()
	draw := c.row.draw
	if draw == nil {
		draw = anything[T]
	}
	var before, want [][]T
	for i := range c.names {
		s := make([]T, n)
		if shape.short[i] {
			s = make([]T, 1)
		}
		for k := range s {
			s[k] = draw(c.random)
		}
		before, want = append(before, s), append(want, slices.Clone(s))
	}
	if shape.alias > 0 {
		copy(want[0], want[shape.alias])
		copy(before[0], before[shape.alias])
		want[shape.alias] = want[0]
	}
	expected := c.row.ref(want)

	var first *outcome[T] // of assembly
	for _, set := range instructionSets() {
		describe := fmt.Sprintf("%v, n=%d, operands %v of which short %v, same slice as the first: %d, placement %d",
			set, n, c.names, shape.short, shape.alias, placement)
		got := c.runWith(set, describe, before, shape, placement)
		c.checkNear(describe, got, outcome[T]{expected, want}, before)
		if set != noAssembly && first == nil {
			first = &outcome[T]{got.results, nil}
			for _, s := range got.operands {
				first.operands = append(first.operands, slices.Clone(s))
			}
		} else if first != nil {
			c.checkSame(describe, got, *first, before)
		}
		if c.t.Failed() {
			return
		}
	}
}

// outcome is what a function returned and its operands afterwards.
type outcome[T Float] struct {
	results  []T
	operands [][]T
}

// runWith runs the row with one instruction set.
func (c *rowTest[T]) runWith(set instructionSet, describe string, before [][]T, shape shape, placement int) outcome[T] {
	c.t.Helper()
	var memory, got [][]T
	for i := range c.names {
		m, s := c.place(i, len(before[i]), placement)
		for k := range m {
			m[k] = sentinel[T]()
		}
		copy(s, before[i])
		memory, got = append(memory, m), append(got, s)
	}
	if shape.alias > 0 {
		got[shape.alias] = got[0]
	}
	var results []T
	set.with(func() { results = c.row.run(got) })
	for i := range got {
		c.checkAround(describe, i, memory[i], got[i], shape)
	}
	return outcome[T]{results, got}
}

// checkNear fails if the outcome is further from the reference's than the row says.
func (c *rowTest[T]) checkNear(describe string, got, want outcome[T], before [][]T) {
	c.t.Helper()
	floor := c.row.slack * epsilon[T]()
	for i := range want.results {
		if !within(got.results[i], want.results[i], c.row.ulps, floor*float64(max(len(before[0]), 1))) {
			c.t.Fatalf("%s: result %d is %v, reference %v", describe, i, got.results[i], want.results[i])
		}
	}
	for i := range got.operands {
		for k := range got.operands[i] {
			if !within(got.operands[i][k], want.operands[i][k], c.row.ulps, floor) {
				c.t.Fatalf("%s: %s[%d] is %v, reference %v; inputs were %v", describe, c.names[i], k,
					got.operands[i][k], want.operands[i][k], column(before, k))
			}
		}
	}
}

// checkSame fails if the outcome has not the bits of another instruction set's.
func (c *rowTest[T]) checkSame(describe string, got, want outcome[T], before [][]T) {
	c.t.Helper()
	for i := range want.results {
		if !within(got.results[i], want.results[i], 0, 0) {
			c.t.Fatalf("%s: result %d is %v, of a smaller set %v", describe, i, got.results[i], want.results[i])
		}
	}
	for i := range got.operands {
		for k := range got.operands[i] {
			if !within(got.operands[i][k], want.operands[i][k], 0, 0) {
				c.t.Fatalf("%s: %s[%d] is %v, of a smaller set %v; inputs were %v", describe, c.names[i], k,
					got.operands[i][k], want.operands[i][k], column(before, k))
			}
		}
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
