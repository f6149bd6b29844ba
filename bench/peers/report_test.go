package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

func TestDuration(t *testing.T) {
	for _, test := range []struct {
		seconds float64
		want    string
	}{
		{4.3, "4.30 s"},
		{0.9996, "1.00 s"},
		{0.9994, "999 ms"},
		{0.0125, "12.5 ms"},
		{346e-6, "346 µs"},
		{1.5e-8, "15.0 ns"},
		{33.66, "33.7 s"},
		{1234.5, "1234 s"},
	} {
		if got := duration(test.seconds); got != test.want {
			t.Errorf("duration(%v) = %q, want %q", test.seconds, got, test.want)
		}
	}
}

// fill makes a report of two workloads: a is run by all, with two settings by B,
// and b not by B, whose check differs at a.
func fill() *report {
	r := &report{rounds: 3, cells: map[cellKey]*cell{}}
	own := &process{greeting: workload.Greeting{Peer: "chainrule"}}
	slow := &process{greeting: workload.Greeting{Peer: "B"}, command: command{setting: []string{"T=1"}}}
	fast := &process{greeting: workload.Greeting{Peer: "B"}, command: command{setting: []string{"T=2"}}}
	other := &process{greeting: workload.Greeting{Peer: "C"}}
	for _, p := range []*process{own, slow, other} {
		r.join(p.greeting)
	}
	add := func(p *process, check float64, seconds ...float64) {
		for _, s := range seconds {
			r.add("a", p, workload.Sample{Seconds: s, Check: []float64{check}})
		}
	}
	add(own, 1, 0.3, 0.1, 0.2)
	add(slow, 1.01, 0.9, 0.8)
	add(fast, 1.01, 0.5, 0.3)
	add(other, 1.001, 2)
	r.add("b", own, workload.Sample{Seconds: 1e-3})
	r.add("b", slow, workload.Sample{Missing: "it cannot"})
	r.add("b", other, workload.Sample{Error: "panic: no\nstack"})
	return r
}

func TestReportMarkdown(t *testing.T) {
	text := fill().markdown()
	for _, want := range []string{
		"| work | chainrule | B | C |\n|---|---:|---:|---:|\n" +
			"| a | 200 ms | 400 ms (2.00×) | 2.00 s (10.0×) |\n" +
			"| b | 1.00 ms |  |  |\n",
		"| a | 100 ms – 300 ms | 300 ms – 500 ms | 2.00 s – 2.00 s |\n",
		"- B, best with T=2: a.\n",
		"- B, not measured as it cannot: b.\n",
		"- C, failed, panic: no: b.\n",
		"- B at a does not compute what the others do: [1.01] instead of [1.001]\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestReportHopeless(t *testing.T) {
	r := fill()
	for setting, want := range map[string]bool{"T=1": true, "T=2": false} {
		p := &process{greeting: workload.Greeting{Peer: "B"}, command: command{setting: []string{setting}}}
		if got := r.hopeless("a", p); got != want {
			t.Errorf("hopeless(%s) = %v, want %v", setting, got, want)
		}
	}
}

func TestThreadSettings(t *testing.T) {
	if got := len(threadSettings(1)); got != 1 {
		t.Errorf("%d settings with 1 processor, want 1", got)
	}
	got := threadSettings(4)
	want := [][]string{
		{"OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1"}, {"OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=4"},
		{"OMP_NUM_THREADS=4", "OPENBLAS_NUM_THREADS=1"}, {"OMP_NUM_THREADS=4", "OPENBLAS_NUM_THREADS=4"},
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("settings %v, want %v", got, want)
	}
}
