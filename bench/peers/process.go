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
	"slices"
	"time"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// command is how a program is started.
type command struct {
	program string
	args    []string
	env     []string // changes to the environment, see environment
}

// process is the program of a library.
type process struct {
	command
	setting  setting // of its library, if it is tried with several
	greeting workload.Greeting
	cmd      *exec.Cmd // nil while it does not run
	stdin    io.WriteCloser
	answers  chan []byte // lines, closed when there are no more
}

func (p *process) launch(ctx context.Context, limit time.Duration) error {
	cmd := exec.CommandContext(ctx, p.program, p.args...)
	cmd.Env = environment(os.Environ(), slices.Concat(p.env, p.setting.env())...)
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

func (p *process) name() string {
	if len(p.setting) == 0 {
		return p.greeting.Peer
	}
	return p.greeting.Peer + " with " + p.setting.String()
}

// pause is how long the processor rests between the work of two processes: threads of
// the one before may be spinning in wait of more work.
const pause = 100 * time.Millisecond

// ask has the process do a workload. One that was stopped, as it did not answer
// in time or ended by itself, is started again.
func (p *process) ask(ctx context.Context, name string, limit time.Duration) (workload.Sample, error) {
	var sample workload.Sample
	if p.cmd == nil {
		if err := p.launch(ctx, limit); err != nil {
			return sample, err
		}
	}
	time.Sleep(pause)
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
