package conv

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// allShapes are convolutions of the usual sizes besides those with something special: large
// enough for several tasks.
func allShapes() []Shape {
	list := []Shape{
		flat(20, 32, 40, 1, 26, 26, 3, 3, 1, 0, 1), flat(3, 16, 24, 1, 40, 40, 5, 5, 1, 2, 1), flat(4, 24, 32, 1, 30, 30, 3, 3, 2, 1, 1),
		flat(2, 40, 40, 40, 40, 40, 3, 3, 1, 1, 1), flat(2, 100, 200, 1, 7, 7, 3, 3, 1, 1, 1), flat(16, 1, 6, 1, 28, 28, 5, 5, 1, 2, 1),
	}
	for _, s := range shapes {
		list = append(list, s.Shape)
	}
	return list
}

// results are those of all convolutions and their gradients, one after the other.
func results[F simd.Float]() []F {
	var all []F
	for _, s := range allShapes() {
		x, w, g := operands[F](&s)
		y, dx, dw := make([]F, len(g)), make([]F, len(x)), make([]F, len(w))
		Forward(s, y, x, w, nil, false)
		InputGradient(s, dx, g, w, nil, false)
		WeightGradient(s, dw, x, g, false)
		all = append(append(append(all, y...), dx...), dw...)
	}
	return all
}

func TestSameBitsAtAnyGOMAXPROCS(t *testing.T) {
	var want32 []float32
	var want64 []float64
	parallel.WithProcs(1, func() { want32, want64 = results[float32](), results[float64]() })
	for _, procs := range []int{2, 3, 8} {
		if testing.Short() && procs != 3 {
			continue
		}
		parallel.WithProcs(procs, func() {
			if !slices.Equal(results[float32](), want32) || !slices.Equal(results[float64](), want64) {
				t.Errorf("GOMAXPROCS %d gives other bits than 1", procs)
			}
		})
	}
}

// TestConcurrentCallers convolves on several goroutines at once.
func TestConcurrentCallers(t *testing.T) {
	want := results[float32]()
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			if !slices.Equal(results[float32](), want) {
				t.Error("results differ from those of a single caller")
			}
		})
	}
	wait.Wait()
}

func TestConvolutionsAllocateNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	t.Run("float32", testAllocations[float32])
	t.Run("float64", testAllocations[float64])
}

func testAllocations[F simd.Float](t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which would empty the pools
	for _, s := range allShapes() {
		x, w, g := operands[F](&s)
		y, dx, dw, bias := make([]F, len(g)), make([]F, len(x)), make([]F, len(w)), make([]F, max(s.In, s.Out))
		n := testing.AllocsPerRun(10, func() {
			Forward(s, y, x, w, bias[:s.Out], true)
			InputGradient(s, dx, g, w, bias[:s.In], true)
			WeightGradient(s, dw, x, g, true)
		})
		if n != 0 {
			t.Errorf("%+v: %v allocations", s, n)
		}
	}
}

// TestSameBitsWithAVX2 compares results with those of a process that is told not to use
// AVX-512.
func TestSameBitsWithAVX2(t *testing.T) {
	const ask = "CHAINRULE_CONV_TEST_BITS"
	if os.Getenv(ask) != "" {
		fmt.Printf("bits: %x\n", hashOfResults())
		return
	}
	if simd.InstructionSet() != "avx512" {
		t.Skipf("the instruction set is %s", simd.InstructionSet())
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), ask+"=1", "CHAINRULE_SIMD=avx2")
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if want := fmt.Sprintf("bits: %x\n", hashOfResults()); !strings.Contains(string(out), want) {
		t.Errorf("with AVX2: %s, with AVX-512: %s", out, want)
	}
}

// hashOfResults is a hash of the bits of many results.
func hashOfResults() uint64 {
	h := fnv.New64a()
	binary.Write(h, binary.LittleEndian, results[float32]())
	binary.Write(h, binary.LittleEndian, results[float64]())
	return h.Sum64()
}
