package gemm

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// batchShapes are batches that are cut into tasks, and sums of batches.
var batchShapes = []struct{ count, m, n, k int }{{64, 33, 40, 30}, {5, 100, 130, 100}, {300, 16, 16, 8}}

// results are the products of all shapes, layouts and batches, one after the other.
func results[F simd.Float]() []F {
	r := rand.New(rand.NewPCG(3, 4))
	random := make([]F, 1<<21)
	for i := range random {
		random[i] = F(r.NormFloat64())
	}
	var all []F
	for _, c := range shapes {
		layouts(c, func(c mulCase) {
			a, b := RowMajor(random, c.m, c.k), RowMajor(random[1000:], c.k, c.n)
			if c.transA {
				a = RowMajor(random, c.k, c.m).T()
			}
			if c.transB {
				b = RowMajor(random[1000:], c.n, c.k).T()
			}
			out := make([]F, c.m*c.n)
			Mul(RowMajor(out, c.m, c.n), a, b, Epilogue[F]{Bias: random[:c.n]})
			all = append(all, out...)
		})
	}
	for _, s := range batchShapes {
		for _, strideC := range []int{0, s.m * s.n} {
			out := make([]F, s.m*s.n*s.count)
			MulBatch(s.count, RowMajor(out, s.m, s.n), RowMajor(random, s.m, s.k), RowMajor(random[1000:], s.k, s.n),
				strideC, s.m*s.k, s.k*s.n, Epilogue[F]{})
			all = append(all, out...)
		}
	}
	return all
}

// TestSameBitsAtAnyGOMAXPROCS compares results bit by bit.
func TestSameBitsAtAnyGOMAXPROCS(t *testing.T) {
	var want32 []float32
	var want64 []float64
	parallel.WithProcs(1, func() { want32, want64 = results[float32](), results[float64]() })
	for _, procs := range []int{2, 3, 8} {
		if testing.Short() && procs == 3 {
			continue
		}
		parallel.WithProcs(procs, func() {
			if !slices.Equal(results[float32](), want32) || !slices.Equal(results[float64](), want64) {
				t.Errorf("GOMAXPROCS %d gives other bits than 1", procs)
			}
		})
	}
}

// TestConcurrentCallers multiplies on several goroutines at once.
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

func TestMulAllocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	mem := newMemory[float32](t, 1<<21)
	check := func(name string, run func()) {
		if n := testing.AllocsPerRun(20, run); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	for _, c := range shapes {
		c.flags = 3
		layouts(c, func(c mulCase) {
			p := newProblem(mem, c)
			check(c.String(), func() { Mul(p.c, p.a, p.b, p.e) })
		})
	}
	for _, s := range batchShapes {
		for _, strideC := range []int{0, s.m * s.n} {
			check("batch", func() {
				MulBatch(s.count, RowMajor(mem.c, s.m, s.n), RowMajor(mem.a, s.m, s.k), RowMajor(mem.b, s.k, s.n),
					strideC, s.m*s.k, s.k*s.n, Epilogue[float32]{})
			})
		}
	}
}

// TestSameBitsWithAVX2 compares results with those of a process that is told not to use
// AVX-512.
func TestSameBitsWithAVX2(t *testing.T) {
	const ask = "CHAINRULE_GEMM_TEST_BITS"
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
