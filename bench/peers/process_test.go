package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// TestMain makes this test binary a library's program if it is started as one.
func TestMain(m *testing.M) {
	if os.Getenv("PEERS_TEST_PROGRAM") == "" {
		os.Exit(m.Run())
	}
	work := func(run func() error) workload.Maker {
		return func() (workload.Work, error) { return workload.Work{Run: run}, nil }
	}
	os.Args = os.Args[:1]
	workload.Main(workload.Peer{Name: "test", Makers: map[string]workload.Maker{
		"quick": work(func() error { return nil }),
		"hangs": work(func() error {
			time.Sleep(time.Hour) // until it is killed
			return nil
		}),
		"wants a setting": work(func() error {
			if os.Getenv("PEERS_TEST_SETTING") == "" {
				return errors.New("there is no setting")
			}
			return nil
		}),
		"ends": work(func() error {
			os.Exit(3)
			return nil
		}),
	}})
	os.Exit(0)
}

func TestProcess(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{
		command: command{program: program, env: []string{"PEERS_TEST_PROGRAM=1"}},
		setting: setting{{label: "nothing else"}},
	}
	ctx := context.Background()
	const patient = time.Minute
	if err := p.launch(ctx, patient); err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	if got, want := p.name(), "test with nothing else"; got != want {
		t.Errorf("name %q, want %q", got, want)
	}
	for _, test := range []struct {
		workload string
		limit    time.Duration
		want     string // part of the error
	}{
		{"quick", patient, ""},
		{"ends", patient, "ended"},
		{"quick", patient, ""}, // as it is started again
		{"hangs", 50 * time.Millisecond, "no answer within 50ms"},
		{"quick", patient, ""},
	} {
		sample, err := p.ask(ctx, test.workload, test.limit)
		switch {
		case test.want == "" && (err != nil || sample.Error != "" || sample.Seconds <= 0):
			t.Errorf("%s: sample %+v, error %v: want seconds", test.workload, sample, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: sample %+v, error %v: want an error with %q", test.workload, sample, err, test.want)
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := p.ask(cancelled, "hangs", patient); err == nil {
		t.Error("no error though the context was cancelled")
	}
	if p.cmd != nil {
		t.Error("the process still runs")
	}
}

// A library takes part with the settings that work. Processes of the others end.
func TestContestantEntersWithWorkingSettings(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	choices := []choice{
		{{"unset", []string{"PEERS_TEST_SETTING"}}, {"set", []string{"PEERS_TEST_SETTING=1"}}},
		{{"x", nil}, {"y", []string{"PEERS_TEST_SETTING"}}},
	}
	e := entrant{
		name: "test",
		prepare: func(context.Context, string, time.Duration) (command, error) {
			return command{program: program, env: []string{"PEERS_TEST_PROGRAM=1"}}, nil
		},
		choices: func(string) []choice { return choices },
	}
	ctx := context.Background()
	c, err := e.start(ctx, t.TempDir(), options{limit: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if c.process.greeting.Peer != "test" || c.process.cmd != nil {
		t.Errorf("greeting %+v, running %v: want test's, and not running", c.process.greeting, c.process.cmd != nil)
	}
	entered := c.enter(ctx, "wants a setting", time.Minute)
	if len(entered) != 1 || entered[0].setting.String() != "set, x" || entered[0].cmd == nil {
		t.Errorf("%d processes entered, the first is %q: want one of set, x, running", len(entered), entered[0].name())
	}
	if sample, err := entered[0].ask(ctx, "wants a setting", time.Minute); err != nil || sample.Seconds <= 0 {
		t.Errorf("sample %+v, error %v: want seconds", sample, err)
	}
	c.leave(entered)
	if entered[0].cmd != nil {
		t.Error("it still runs after it has left")
	}
}

// A library that does not start is left out, but not our own.
func TestStartWithoutALibrary(t *testing.T) {
	broken := errors.New("does not compile")
	prepare := func(context.Context, string, time.Duration) (command, error) { return command{}, broken }
	for _, test := range []struct {
		name string
		want error
	}{{"other", nil}, {ourName, broken}} {
		r := &report{}
		entrants := []entrant{{name: test.name, cure: "Mend it.", prepare: prepare}}
		contestants, err := start(context.Background(), t.TempDir(), r, entrants, options{})
		if !errors.Is(err, test.want) || len(contestants) != 0 {
			t.Errorf("%s: %d start, error %v, want %v", test.name, len(contestants), err, test.want)
		}
		if want := test.want == nil; want != slices.Equal(r.missing, []string{"other was not measured. Mend it."}) {
			t.Errorf("%s: the report says %q", test.name, r.missing)
		}
	}
}

func TestPeersAreChosenByName(t *testing.T) {
	o, err := parse([]string{"-peers", "pytorch,Chainrule"})
	if err != nil || !slices.Equal(o.peers, []string{"PyTorch", "chainrule"}) {
		t.Errorf("got %q, %v", o.peers, err)
	}
	if _, err := parse([]string{"-peers", "chainrule,keras"}); err == nil || !strings.Contains(err.Error(), `"keras"`) || !strings.Contains(err.Error(), "gonum") {
		t.Errorf("got %v, want an error that names keras and the libraries there are", err)
	}
}
