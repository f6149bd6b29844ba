package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// entrant is a library to measure and how to start it.
type entrant struct {
	name string
	cure string // what to do where it does not start
	// prepare makes a command for each setting the library is tried with.
	prepare func(ctx context.Context, dir string, budget time.Duration) ([]*exec.Cmd, error)
}

func entrants() []entrant {
	const network = "If it is modules that are missing, run `go mod download` with access to a module proxy."
	return []entrant{
		{"chainrule", network, build("chainrule")},
		{"PyTorch", "Install PyTorch for Python 3: on Debian or Ubuntu `apt-get install python3-torch libopenblas0-pthread`.", python},
		{"gorgonia", network, build("gorgonia")},
		{"gomlx", network, build("gomlx", "GOEXPERIMENT=simd")},
		{"spago", network, build("spago")},
		{"gonum", network, build("gonum")},
	}
}

// build compiles the program in the folder of that name.
func build(folder string, env ...string) func(context.Context, string, time.Duration) ([]*exec.Cmd, error) {
	return func(ctx context.Context, dir string, budget time.Duration) ([]*exec.Cmd, error) {
		program := filepath.Join(dir, folder)
		progress("building %s", folder)
		cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./"+folder)
		cmd.Env = append(os.Environ(), env...)
		if output, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w\n%s", err, bytes.TrimSpace(output))
		}
		return []*exec.Cmd{exec.CommandContext(ctx, program, "-time", budget.String())}, nil
	}
}

// python looks for a Python that has PyTorch. Which number of threads serves it best
// differs from one workload to the next, and PyTorch and its library for matrix
// products have a number each.
func python(ctx context.Context, _ string, budget time.Duration) ([]*exec.Cmd, error) {
	var errs []error
	for _, interpreter := range []string{"python3", "/usr/bin/python3"} {
		output, err := exec.CommandContext(ctx, interpreter, "-c", "import torch, numpy").CombinedOutput()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w: %s", interpreter, err, lastLine(output)))
			continue
		}
		var cmds []*exec.Cmd
		for _, threads := range threadSettings(runtime.NumCPU()) {
			seconds := strconv.FormatFloat(budget.Seconds(), 'g', -1, 64)
			cmd := exec.CommandContext(ctx, interpreter, filepath.Join("torch", "torch_peer.py"), seconds)
			cmd.Env = append(os.Environ(), threads...)
			cmds = append(cmds, cmd)
		}
		return cmds, nil
	}
	return nil, errors.Join(errs...)
}

func threadSettings(processors int) [][]string {
	var settings [][]string
	for _, omp := range []int{1, processors} {
		for _, blas := range []int{1, processors} {
			settings = append(settings, []string{
				fmt.Sprintf("OMP_NUM_THREADS=%d", omp), fmt.Sprintf("OPENBLAS_NUM_THREADS=%d", blas)})
		}
	}
	if processors == 1 {
		return settings[:1]
	}
	return settings
}

func lastLine(output []byte) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return lines[len(lines)-1]
}

// start starts the library, once for each setting.
func (e entrant) start(ctx context.Context, dir string, o options) ([]*process, error) {
	cmds, err := e.prepare(ctx, dir, o.budget)
	if err != nil {
		return nil, err
	}
	var processes []*process
	for _, cmd := range cmds {
		p, err := launch(ctx, cmd, o.limit)
		if err != nil {
			for _, earlier := range processes {
				earlier.stop()
			}
			return nil, err
		}
		if len(cmds) > 1 {
			added := cmd.Env[len(os.Environ()):]
			p.setting = strings.Join(added, " ")
		}
		processes = append(processes, p)
	}
	if warning := processes[0].greeting.Warning; warning != "" {
		progress("%s: %s", e.name, warning)
	}
	return processes, nil
}

// process is a running program of a library.
type process struct {
	greeting workload.Greeting
	setting  string // in the environment, where a library is tried with several
	cmd      *exec.Cmd
	stdin    io.WriteCloser
	answers  chan []byte // lines, closed when there are no more
	dead     error       // why it is not asked any more
}

func launch(ctx context.Context, cmd *exec.Cmd, limit time.Duration) (*process, error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, stdin: stdin, answers: make(chan []byte)}
	go func() {
		defer close(p.answers)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			p.answers <- bytes.Clone(lines.Bytes())
		}
	}()
	if err := p.receive(ctx, &p.greeting, limit); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) name() string {
	if p.setting == "" {
		return p.greeting.Peer
	}
	return p.greeting.Peer + " with " + p.setting
}

// ask has the process do a workload. After an error here, rather than in the
// sample, it is not to be had again.
func (p *process) ask(ctx context.Context, name string, limit time.Duration) (workload.Sample, error) {
	var sample workload.Sample
	if p.dead != nil {
		return sample, p.dead
	}
	if _, err := fmt.Fprintln(p.stdin, name); err != nil {
		p.stop()
		p.dead = err
		return sample, err
	}
	err := p.receive(ctx, &sample, limit)
	return sample, err
}

func (p *process) receive(ctx context.Context, into any, limit time.Duration) error {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	var err error
	select {
	case line, ok := <-p.answers:
		if !ok {
			err = errors.New("the program ended")
		} else {
			err = json.Unmarshal(line, into)
		}
	case <-timeout.C:
		err = fmt.Errorf("no answer within %v", limit)
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		p.stop()
		p.dead = err
	}
	return err
}

// stop ends the process. It may be called again.
func (p *process) stop() {
	if p.cmd.ProcessState != nil {
		return
	}
	p.stdin.Close()
	p.cmd.Process.Kill()
	for range p.answers { // until its goroutine has seen the end
	}
	p.cmd.Wait()
}
