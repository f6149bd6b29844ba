package workload

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// Work is a workload that is ready to run.
type Work struct {
	// Check is some of what is computed, which all libraries have to agree on.
	Check []float64
	// Run does the work once.
	Run func() error
}

// Maker prepares a workload. What it does is not timed: reading the data,
// initializing the weights, compiling a graph where a library has one.
type Maker func() (Work, error)

// Peer is a library in the comparison.
type Peer struct {
	Name    string
	Module  string // its module's path, by which its version is found
	Remark  string // for the table's notes: what of the library was used, and how
	Makers  map[string]Maker
	Missing string // why there are workloads without a Maker
}

// Greeting is what a peer says first.
type Greeting struct {
	Peer    string `json:"peer"`
	Version string `json:"version"`
	Remark  string `json:"remark,omitempty"`
	Warning string `json:"warning,omitempty"` // if it could do better on this machine
}

// Sample is a peer's answer to the name of a workload.
type Sample struct {
	Workload string    `json:"workload"`
	Seconds  float64   `json:"seconds,omitempty"` // for doing the work once
	Check    []float64 `json:"check,omitempty"`
	Missing  string    `json:"missing,omitempty"` // why there are no seconds
	Error    string    `json:"error,omitempty"`
}

// Main reads names of workloads from standard input, a line each, and answers
// with a Sample, a line of JSON each. A workload that is asked for several times
// in a row is prepared once.
func Main(peer Peer) {
	budget := flag.Duration("time", 300*time.Millisecond, "repeat the work for about this `duration`")
	flag.Parse()
	if err := peer.serve(os.Stdin, os.Stdout, *budget); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", peer.Name, err)
		os.Exit(1)
	}
}

func (p Peer) serve(r io.Reader, w io.Writer, budget time.Duration) error {
	out := json.NewEncoder(w)
	if err := out.Encode(Greeting{Peer: p.Name, Version: version(p.Module), Remark: p.Remark}); err != nil {
		return err
	}
	var current string
	var work Work
	for in := bufio.NewScanner(r); in.Scan(); {
		name := in.Text()
		sample := Sample{Workload: name}
		err := guard(func() (err error) {
			if name != current {
				current, work = "", Work{}
				if p.Makers[name] == nil {
					sample.Missing = p.Missing
					return nil
				}
				runtime.GC()
				if work, err = p.Makers[name](); err != nil {
					return err
				}
				if err := work.Run(); err != nil {
					return err
				}
				current = name
			}
			sample.Check = work.Check
			sample.Seconds, err = measure(work.Run, budget)
			return err
		})
		if err != nil {
			sample = Sample{Workload: name, Error: err.Error()}
		}
		if err := out.Encode(sample); err != nil {
			return err
		}
	}
	return nil
}

// guard turns a panic into an error: a library that fails at one thing may still
// be good at the next.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return f()
}

// measure runs work until the budget is used up and returns the mean of the
// seconds it took. The clock is read after 1, 2, 4, … runs only.
func measure(run func() error, budget time.Duration) (float64, error) {
	runtime.GC()
	start := time.Now()
	for done, next := 0, 1; ; next *= 2 {
		for ; done < next; done++ {
			if err := run(); err != nil {
				return 0, err
			}
		}
		if elapsed := time.Since(start); elapsed >= budget/2 {
			return elapsed.Seconds() / float64(done), nil
		}
	}
}

// version is the version of a module that this program was built with; none for
// what is here in the source.
func version(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, dep := range info.Deps {
		if dep.Path == module && dep.Replace == nil {
			return dep.Version
		}
	}
	return ""
}
