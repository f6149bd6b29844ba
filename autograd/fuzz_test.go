package autograd_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

var programs = flag.Int("programs", 0, "random programs that TestPrograms checks, for each operation; 0 means a few")

// lessCollection lets more garbage pile up: programs make thousands of small tapes, and
// collecting it all the time takes as long as the programs.
func lessCollection(t testing.TB) {
	before := debug.SetGCPercent(800)
	t.Cleanup(func() { debug.SetGCPercent(before) })
}

// randomBytes is a program whose first step has the instruction of the given number.
func randomBytes(rng *rand.Rand, first int) []byte {
	inputs := make([]byte, 17) // more than three inputs of four axes take
	for i := range inputs {
		inputs[i] = byte(rng.Uint32())
	}
	source := &bytesOf{inputs}
	decodeInputs(source)
	data := inputs[:len(inputs)-len(source.rest)]
	data = append(data, byte(first>>8), byte(first))
	for range 30 {
		data = append(data, byte(rng.Uint32()))
	}
	return data
}

// withoutMinimizing keeps the fuzzer from making inputs shorter that reach new code: programs
// are short, and one takes it a minute during which nothing is tried.
func withoutMinimizing(f *testing.F) {
	minimize := flag.Lookup("test.fuzzminimizetime")
	if minimize == nil || minimize.Value.String() != minimize.DefValue {
		return // it was asked for
	}
	if err := flag.Set(minimize.Name, "1x"); err != nil {
		f.Fatal(err)
	}
}

// FuzzProgram checks the derivatives of random compositions of operations.
func FuzzProgram(f *testing.F) {
	lessCollection(f)
	withoutMinimizing(f)
	choices := instructions()
	for i := range choices {
		f.Add(randomBytes(rand.New(rand.NewPCG(uint64(i), 31)), i))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 100 {
			t.Skip("longer programs have no further steps")
		}
		p := decode(data, choices)
		if err := p.check(); err != nil {
			t.Errorf("%v\nof the program\n%v", err, p)
		}
	})
}

// TestPrograms checks random programs, as FuzzProgram does, and counts how often each
// operation was part of one with a gradient that is finite and not zero. One that never
// was has not been tested.
func TestPrograms(t *testing.T) {
	lessCollection(t)
	choices := instructions()
	rounds := *programs
	switch {
	case rounds > 0:
	case testing.Short():
		rounds = 1
	default:
		rounds = 2
	}
	numbers := make([]int, rounds*len(choices))
	for i := range numbers {
		numbers[i] = i
	}
	counts := checkPrograms(t, choices, numbers)
	// Operations that had no luck get some more programs, which begin with them.
	const more = 40
	numbers = nil
	for i, in := range choices {
		if counts[in.name] == 0 {
			for k := range more {
				numbers = append(numbers, (rounds+k)*len(choices)+i)
			}
		}
	}
	for name, n := range checkPrograms(t, choices, numbers) {
		counts[name] += n
	}
	for _, in := range choices {
		if counts[in.name] == 0 {
			t.Errorf("%s was in no program, or never had a gradient", in.name)
		}
	}
	var text strings.Builder
	for _, name := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return counts[a] - counts[b] }) {
		fmt.Fprintf(&text, " %s %d", name, counts[name])
	}
	t.Logf("%d programs; operations in them, with a gradient:%s", rounds*len(choices)+len(numbers), text.String())
}

// checkPrograms checks the random programs of the given numbers, of which number i begins with
// instruction i modulo how many there are, and counts the operations in them.
func checkPrograms(t *testing.T, choices []instruction, numbers []int) map[string]int {
	t.Helper()
	counts := map[string]int{}
	var mutex sync.Mutex
	var workers sync.WaitGroup
	tasks := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			own := map[string]int{}
			for i := range tasks {
				p := decode(randomBytes(rand.New(rand.NewPCG(uint64(i), 37)), i%len(choices)), choices)
				if err := p.check(); err != nil {
					t.Errorf("program %d: %v\nof the program\n%v", i, err, p)
				}
				p.count(own)
			}
			mutex.Lock()
			defer mutex.Unlock()
			for name, n := range own {
				counts[name] += n
			}
		})
	}
	for _, i := range numbers {
		tasks <- i
	}
	close(tasks)
	workers.Wait()
	return counts
}

// TestProgramsFindWrongRules puts an operation with a wrong rule into programs.
func TestProgramsFindWrongRules(t *testing.T) {
	wrong := &autograd.Function{
		Name:    "wrong",
		Forward: func(xs []autograd.Variable) autograd.Variable { return xs[0].Sin() },
		VJP: func(xs []autograd.Variable, y, g autograd.Variable) []autograd.Variable {
			return []autograd.Variable{g.Mul(xs[0].Cos()).MulScalar(1.0001)}
		},
		JVP: func(xs []autograd.Variable, y autograd.Variable, ts []autograd.Variable) autograd.Variable {
			return ts[0].Mul(xs[0].Cos())
		},
	}
	choices := append([]instruction{simple("wrong", func(x autograd.Variable) autograd.Variable { return wrong.Apply(x) })},
		instructions()...)
	for seed := range byte(20) {
		// Inputs [2, 3]; the wrong operation; two more that follow it, element-wise.
		data := []byte{seed, 0, 2, 0, 1, 0, 0, 0, 0, 1 + seed%30, 0, 0, 0, 1 + seed%17, 0, 0}
		p := decode(data, choices)
		if err := p.check(); err == nil {
			t.Errorf("nothing was found wrong with\n%v", p)
		}
	}
}
