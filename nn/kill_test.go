package nn_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/internal/durable"
	"github.com/chainrule-go/chainrule/nn"
)

// A process that trains is killed, and started again.

var kills = flag.Int("kills", 12, "how often TestKills kills a process that trains")

// killDir is the environment variable that makes a test binary the process to be killed:
// the directory of the checkpoints.
const killDir = "CHAINRULE_KILL_DIR"

// TestMain is that process if the environment says so. It says on standard output what it
// is about to do, a line each, and waits for a byte on standard input before it does it. The
// last line is its outcome.
func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		trainToBeKilled(dir)
	}
	os.Exit(m.Run())
}

func trainToBeKilled(dir string) {
	announce := func(phase string) {
		fmt.Println(phase)
		if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
			os.Exit(3) // nobody is there any more
		}
	}
	run := survivor{Dir: dir, Resume: true, Announce: announce, Configure: func(c *nn.Checkpointing) { c.SetFiles(announcingFiles{durable.OS{}, announce}) }}
	result, err := run.run(context.Background())
	if err != nil {
		fmt.Println("error " + strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
	text, err := json.Marshal(result)
	if err != nil {
		panic(err)
	}
	fmt.Println("done " + string(text))
	os.Exit(0)
}

// announcingFiles tells of each step of writing and removing checkpoints before it is made;
// in the middle of what is written, too.
type announcingFiles struct {
	durable.FS
	announce func(phase string)
}

const savingPhase = "checkpoint"

func (f announcingFiles) CreateTemp(dir, pattern string) (durable.File, error) {
	f.announce(savingPhase)
	file, err := f.FS.CreateTemp(dir, pattern)
	return announcingFile{file, f.announce}, err
}

func (f announcingFiles) Rename(from, to string) error {
	f.announce(savingPhase)
	return f.FS.Rename(from, to)
}

func (f announcingFiles) Remove(name string) error {
	f.announce(savingPhase)
	return f.FS.Remove(name)
}

func (f announcingFiles) SyncDir(dir string) error {
	f.announce(savingPhase)
	return f.FS.SyncDir(dir)
}

type announcingFile struct {
	durable.File
	announce func(phase string)
}

func (f announcingFile) Write(p []byte) (int, error) {
	f.announce(savingPhase)
	n, err := f.File.Write(p[:len(p)/2])
	if err != nil {
		return n, err
	}
	f.announce(savingPhase)
	rest, err := f.File.Write(p[n:])
	return n + rest, err
}

func (f announcingFile) Sync() error {
	f.announce(savingPhase)
	return f.File.Sync()
}

func (f announcingFile) Close() error {
	f.announce(savingPhase)
	return f.File.Close()
}

// process is a process that trains.
type process struct {
	command *exec.Cmd
	lines   *bufio.Scanner
	answer  io.WriteCloser
	errors  strings.Builder
}

func start(t *testing.T, dir string) *process {
	t.Helper()
	p := &process{command: exec.Command(os.Args[0])}
	p.command.Env = append(os.Environ(), killDir+"="+dir)
	p.command.Stderr = &p.errors
	out, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(out)
	if p.answer, err = p.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.kill() })
	return p
}

// next is what the process is about to do, or its last words; ok is false after them.
func (p *process) next() (line string, ok bool) {
	if !p.lines.Scan() {
		return "", false
	}
	return p.lines.Text(), true
}

// goOn lets the process do so many things.
func (p *process) goOn(n int) { p.answer.Write(make([]byte, n)) }

// kill kills the process, at whatever it is, and waits until it is gone.
func (p *process) kill() {
	p.command.Process.Kill()
	p.command.Wait()
}

// outcome lets the process come to its end, and tells phase of everything that it does.
func (p *process) outcome(t *testing.T, phase func(string)) outcome {
	t.Helper()
	for {
		line, ok := p.next()
		text, done := strings.CutPrefix(line, "done ")
		switch {
		case !ok || strings.HasPrefix(line, "error "):
			t.Fatalf("the process ended: %s %s", line, p.errors.String())
		case !done:
			phase(line)
			p.goOn(1)
			continue
		}
		var result outcome
		if err := json.Unmarshal([]byte(text), &result); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if err := p.command.Wait(); err != nil {
			t.Fatal(err)
		}
		return result
	}
}

// TestKills kills a process that trains, at a random moment: while it writes a checkpoint,
// while it validates, after a step, and somewhere, without waiting for it to be anywhere.
// The next process has whole checkpoints, and comes to the bits of one that nobody kills.
func TestKills(t *testing.T) {
	n := *kills
	if testing.Short() {
		n = min(n, 4)
	}
	var course []string // all that the process does, in order
	want := start(t, t.TempDir()).outcome(t, func(phase string) { course = append(course, phase) }).Digest
	if direct := uninterrupted(t); direct != want { // as from a process that runs other tests besides
		t.Fatalf("in a process of its own the run gives %s, here %s", want, direct)
	}
	places := map[string][]int{}
	for i, phase := range course {
		places[phase] = append(places[phase], i)
	}
	rng := newRand(uint64(n))
	exact, killed := map[string]int{}, 0
	kinds := []string{savingPhase, "validation", "step", "anywhere"}
	for i := range n {
		kind, at, ahead := kinds[i%len(kinds)], rng.IntN(len(course)), 0
		if list := places[kind]; list != nil {
			at = list[rng.IntN(len(list))]
		} else {
			ahead = 1 + rng.IntN(10)
		}
		dir := t.TempDir()
		phase := killAt(t, dir, at, ahead)
		if ahead == 0 {
			exact[phase]++
		}
		latest := expectWhole(t, dir)
		result := start(t, dir).outcome(t, func(string) {})
		if result.Digest != want || result.Damaged != 0 || result.Resumed != latest {
			t.Errorf("killed at %d, a %s and %d more: %+v, expected the digest %s, from step %d on", at, phase, ahead, result, want, latest)
			continue
		}
		killed++
	}
	t.Logf("%d of %d kills ended with the same bits: %d while a checkpoint was written, %d in validation, %d after a step, %d anywhere",
		killed, n, exact[savingPhase], exact["validation"], exact["step"], n-exact[savingPhase]-exact["validation"]-exact["step"])
	for _, phase := range kinds[:3] {
		if exact[phase] < n/4 || n >= 200 && exact[phase] < 20 {
			t.Errorf("%d kills were at a %s", exact[phase], phase)
		}
	}
}

// killAt kills a new process when it is about to do thing number at, or while it does it
// and some of those ahead. It returns what thing that is.
func killAt(t *testing.T, dir string, at, ahead int) (phase string) {
	t.Helper()
	p := start(t, dir)
	for range at {
		if _, ok := p.next(); !ok {
			t.Fatalf("the process ended early: %s", p.errors.String())
		}
		p.goOn(1)
	}
	phase, ok := p.next()
	if !ok {
		t.Fatalf("the process ended early: %s", p.errors.String())
	}
	if ahead > 0 {
		p.goOn(ahead)
	}
	p.kill()
	return phase
}

// Of two processes on one directory the second says so, and does nothing, until the first
// is gone, however it went.
func TestTwoProcessesOnOneDirectory(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir)
	for range 40 {
		first.next()
		first.goOn(1)
	}
	second := start(t, dir)
	line, ok := second.next()
	for line == "validation" { // of Fit, which sees first whether model and data fit
		second.goOn(1)
		line, ok = second.next()
	}
	if !ok || !strings.HasPrefix(line, "error ") || !strings.Contains(line, dir) || !strings.Contains(line, "another process") {
		t.Errorf("the second process says %q", line)
	}
	var exit *exec.ExitError
	if err := second.command.Wait(); !errors.As(err, &exit) {
		t.Errorf("the second process ended with %v", err)
	}
	first.kill()
	expectWhole(t, dir)
	if got, want := start(t, dir).outcome(t, func(string) {}).Digest, uninterrupted(t); got != want {
		t.Errorf("the third process comes to %s, expected %s", got, want)
	}
}

// A process that is killed again and again comes to its end, as it gets further each time.
func TestKilledAgainAndAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a process for every hundred things that one does")
	}
	dir, rng := t.TempDir(), rand.New(rand.NewPCG(1, 2))
	for range 5 {
		killAt(t, dir, 60+rng.IntN(30), rng.IntN(3))
		expectWhole(t, dir)
	}
	result := start(t, dir).outcome(t, func(string) {})
	if want := uninterrupted(t); result.Digest != want || result.Resumed == 0 {
		t.Errorf("%+v, expected %s", result, want)
	}
}
