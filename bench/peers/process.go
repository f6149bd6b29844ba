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
	prepare func(ctx context.Context, dir string, budget time.Duration) ([]command, error)
}

// command is how a program is started.
type command struct {
	program string
	args    []string
	setting []string // added to the environment, where a library is tried with several
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
func build(folder string, env ...string) func(context.Context, string, time.Duration) ([]command, error) {
	return func(ctx context.Context, dir string, budget time.Duration) ([]command, error) {
		program := filepath.Join(dir, folder)
		progress("building %s", folder)
		cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./"+folder)
		cmd.Env = append(os.Environ(), env...)
		if output, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w\n%s", err, bytes.TrimSpace(output))
		}
		return []command{{program: program, args: []string{"-time", budget.String()}}}, nil
	}
}

// python looks for a Python that has PyTorch. Which number of threads serves it best
// differs from one workload to the next, and PyTorch and its library for matrix
// products have a number each.
func python(ctx context.Context, _ string, budget time.Duration) ([]command, error) {
	var errs []error
	for _, interpreter := range []string{"python3", "/usr/bin/python3"} {
		output, err := exec.CommandContext(ctx, interpreter, "-c", "import torch, numpy").CombinedOutput()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w: %s", interpreter, err, lastLine(output)))
			continue
		}
		var commands []command
		for _, threads := range threadSettings(runtime.NumCPU()) {
			seconds := strconv.FormatFloat(budget.Seconds(), 'g', -1, 64)
			args := []string{filepath.Join("torch", "torch_peer.py"), seconds}
			commands = append(commands, command{interpreter, args, threads})
		}
		return commands, nil
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
	commands, err := e.prepare(ctx, dir, o.budget)
	if err != nil {
		return nil, err
	}
	var processes []*process
	for _, c := range commands {
		p := &process{command: c}
		if err := p.launch(ctx, o.limit); err != nil {
			for _, earlier := range processes {
				earlier.stop()
			}
			return nil, err
		}
		processes = append(processes, p)
	}
	if warning := processes[0].greeting.Warning; warning != "" {
		progress("%s: %s", e.name, warning)
	}
	return processes, nil
}

// process is the program of a library.
type process struct {
	command
	greeting workload.Greeting
	cmd      *exec.Cmd // nil while it does not run
	stdin    io.WriteCloser
	answers  chan []byte // lines, closed when there are no more
}

func (p *process) launch(ctx context.Context, limit time.Duration) error {
	cmd := exec.CommandContext(ctx, p.program, p.args...)
	cmd.Env = append(os.Environ(), p.setting...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	answers := make(chan []byte)
	p.cmd, p.stdin, p.answers = cmd, stdin, answers
	go func() {
		defer close(answers)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			answers <- bytes.Clone(lines.Bytes())
		}
	}()
	return p.receive(ctx, &p.greeting, limit)
}

func (p *process) settingText() string { return strings.Join(p.setting, " ") }

func (p *process) name() string {
	if len(p.setting) == 0 {
		return p.greeting.Peer
	}
	return p.greeting.Peer + " with " + p.settingText()
}

// ask has the process do a workload. One that was stopped, as it did not answer
// in time or ended by itself, is started again.
func (p *process) ask(ctx context.Context, name string, limit time.Duration) (workload.Sample, error) {
	var sample workload.Sample
	if p.cmd == nil {
		if err := p.launch(ctx, limit); err != nil {
			return sample, err
		}
	}
	if _, err := fmt.Fprintln(p.stdin, name); err != nil {
		p.stop()
		return sample, err
	}
	err := p.receive(ctx, &sample, limit)
	return sample, err
}

// receive reads an answer. If there is none the process is stopped.
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
	}
	return err
}

// stop ends the process, if it runs.
func (p *process) stop() {
	if p.cmd == nil {
		return
	}
	p.stdin.Close()
	p.cmd.Process.Kill()
	for range p.answers { // until its goroutine has seen the end
	}
	p.cmd.Wait()
	p.cmd = nil
}
