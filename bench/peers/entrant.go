package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// entrant is a library to measure and how to start it.
type entrant struct {
	name    string
	cure    string // what to do where it does not start
	prepare func(ctx context.Context, dir string, budget time.Duration) (command, error)
	choices func(workload string) []choice // what it is tried with before each, if anything
	legend  string                         // what the settings' labels mean
}

func entrants() []entrant {
	const network = "If it is modules that are missing, run `go mod download` with access to a module proxy."
	return []entrant{
		{name: ourName, cure: network, prepare: build("chainrule")},
		torch(),
		onnxRuntime(),
		{name: "gorgonia", cure: network, prepare: build("gorgonia")},
		{name: "gomlx", cure: network, prepare: build("gomlx", "GOEXPERIMENT=simd")},
		{name: "spago", cure: network, prepare: build("spago")},
		{name: "gonum", cure: network, prepare: build("gonum")},
	}
}

const ourName = "chainrule"

// build compiles the program in the folder of that name.
func build(folder string, env ...string) func(context.Context, string, time.Duration) (command, error) {
	return func(ctx context.Context, dir string, budget time.Duration) (command, error) {
		program := filepath.Join(dir, folder)
		progress("building %s", folder)
		cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./"+folder)
		cmd.Env = append(os.Environ(), env...)
		if output, err := cmd.CombinedOutput(); err != nil {
			return command{}, fmt.Errorf("%w\n%s", err, bytes.TrimSpace(output))
		}
		return command{program: program, args: []string{"-time", budget.String()}}, nil
	}
}

// contestant is a library that takes part.
type contestant struct {
	entrant
	command command
	// process is the library's program as it greeted. It goes on running if there is
	// nothing to choose; otherwise each workload has processes of its own.
	process *process
}

// start starts the library.
func (e entrant) start(ctx context.Context, dir string, o options) (*contestant, error) {
	c, err := e.prepare(ctx, dir, o.budget)
	if err != nil {
		return nil, err
	}
	p := &process{command: c}
	if e.choices != nil {
		p.setting = defaults(e.choices(workload.Names()[0]))
	}
	if err := p.launch(ctx, o.limit); err != nil {
		return nil, err
	}
	if warning := p.greeting.Warning; warning != "" {
		progress("%s: %s", e.name, warning)
	}
	if e.choices != nil {
		p.stop()
	}
	return &contestant{e, c, p}, nil
}

// enter returns the processes by which the library takes part in a workload: those of
// its best two settings, if there are several.
func (c *contestant) enter(ctx context.Context, name string, limit time.Duration) []*process {
	if c.choices == nil {
		return []*process{c.process}
	}
	started := map[string]*process{} // by setting
	get := func(s setting) *process {
		p := started[s.String()]
		if p == nil {
			p = &process{command: c.command, setting: s, greeting: c.process.greeting}
			started[s.String()] = p
		}
		return p
	}
	t := trial{ctx, name, limit}
	best := finalists(c.choices(name), func(settings []setting) []float64 {
		var candidates []*process
		for _, s := range settings {
			candidates = append(candidates, get(s))
		}
		return race(len(candidates), func(i int) float64 { return t.seconds(candidates[i]) })
	})
	var entered []*process
	for _, s := range best {
		entered = append(entered, get(s))
		delete(started, s.String())
	}
	for _, p := range started {
		p.stop()
	}
	return entered
}

// leave ends what enter started.
func (c *contestant) leave(processes []*process) {
	if c.choices == nil {
		return
	}
	for _, p := range processes {
		p.stop()
	}
}

const (
	tries    = 3 // of each setting
	hopeless = 4 // times as long as the fastest: not to be tried again
)

// race is the median time of each of n, +Inf for one that fails: seconds(i) is a time
// of number i. All run in turns, but the hopeless only once.
func race(n int, seconds func(i int) float64) []float64 {
	times := make([][]float64, n)
	fastest := math.Inf(1)
	for i := range n {
		times[i] = []float64{seconds(i)}
		fastest = min(fastest, times[i][0])
	}
	for range tries - 1 {
		for i := range n {
			if first := times[i][0]; first <= hopeless*fastest && !math.IsInf(first, 1) {
				times[i] = append(times[i], seconds(i))
			}
		}
	}
	var medians []float64
	for _, all := range times {
		medians = append(medians, median(slices.Sorted(slices.Values(all))))
	}
	return medians
}

// trial compares settings at a workload.
type trial struct {
	ctx      context.Context
	workload string
	patience time.Duration // for a process that starts; ends what hangs
}

// seconds is the time that the process needs for the workload, +Inf if it fails. As
// soon as one is known that starts and answers, others do not get much longer for it.
func (t *trial) seconds(p *process) float64 {
	starts, began := p.cmd == nil, time.Now()
	sample, err := p.ask(t.ctx, t.workload, t.patience)
	if err != nil || !(sample.Seconds > 0) {
		return math.Inf(1)
	}
	if starts {
		t.patience = min(t.patience, 5*time.Second+hopeless*time.Since(began))
	}
	return sample.Seconds
}
