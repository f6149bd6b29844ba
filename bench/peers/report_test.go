package main

import (
	"os"
	"path/filepath"
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

// named is a library of that name, with settings or without.
func named(name string, choices func(string) []choice) *contestant {
	return &contestant{
		entrant: entrant{name: name, choices: choices},
		process: &process{greeting: workload.Greeting{Peer: name}},
	}
}

// with is the library's process with a setting of that label.
func (c *contestant) with(label string) *process {
	return &process{greeting: c.process.greeting, setting: setting{{label: label}}}
}

// fill makes a report of two workloads: a is run by all, with two settings by B,
// and b not by B, whose check differs at a.
func fill() *report {
	r := &report{rounds: 3, cells: map[cellKey]*cell{}}
	own, b, c := named(ourName, nil), named("B", func(string) []choice { return nil }), named("C", nil)
	b.legend = "what T is"
	b.command.env = []string{"E=1"}
	for _, c := range []*contestant{own, b, c} {
		r.join(c)
	}
	add := func(p *process, check float64, seconds ...float64) {
		for _, s := range seconds {
			r.add("a", p, workload.Sample{Seconds: s, Check: []float64{check}})
		}
	}
	add(own.process, 1, 0.3, 0.1, 0.2)
	add(b.with("T=1"), 1.01, 0.9, 0.8)
	add(b.with("T=2"), 1.01, 0.5, 0.3)
	add(c.process, 1.001, 2)
	r.add("b", own.process, workload.Sample{Seconds: 1e-3})
	r.add("b", b.with("T=1"), workload.Sample{Missing: "it cannot"})
	r.add("b", c.process, workload.Sample{Error: "panic: no\nstack"})
	return r
}

func TestReportSection(t *testing.T) {
	r := fill()
	r.machine = machine{processors: 2, instructions: "AVX2", platform: "linux/amd64", peak: peak{235e9, 117e9}, commit: "abc"}
	text := r.section()
	for _, want := range []string{
		"## linux/amd64, 2 processors, AVX2\n\nMedians of 3 runs:\n",
		"| work | chainrule | B | B's setting | C |\n|---|---:|---:|---|---:|\n" +
			"| a | 200 ms | 400 ms (2.00×) | T=2 | 2.00 s (10.0×) |\n" +
			"| b | 1.00 ms |  |  |  |\n",
		"\nB's setting: what T is\n",
		"| work | chainrule | B | C |\n|---|---:|---:|---:|\n| a | 100 ms – 300 ms | 300 ms – 500 ms | 2.00 s – 2.00 s |\n",
		"- chainrule at commit abc, its kernels with AVX2\n",
		"- fused multiply-adds in registers with AVX2, on all processors: 235 GFLOP/s float32, 117 float64\n",
		"- B: with E=1\n",
		"- B, not measured as it cannot: b.\n",
		"- C, failed, panic: no: b.\n",
		"- B at a does not compute what the others do: [1.01] instead of [1.001]\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestSummaryNamesSetting(t *testing.T) {
	if got, want := fill().summary("a")[1], "B          400 ms (2.00×), T=2"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
}

// 2·1024³ operations in 20 ms are 107 GFLOP/s.
func TestWarningOfSlowProducts(t *testing.T) {
	for _, test := range []struct {
		name     string
		peer     string
		workload string
		peak     peak
		want     string // part of the warning
	}{
		{"far from the peak", torchName, workload.MatMul32, peak{430e9, 100e9}, "PyTorch reaches 25 % of the peak of multiply-adds at " + workload.MatMul32},
		{"float64 has a peak of its own", torchName, workload.MatMul64, peak{100e9, 215e9}, "reaches 50 %"},
		{"near the peak", torchName, workload.MatMul32, peak{178e9, 1e12}, ""},
		{"just below", torchName, workload.MatMul32, peak{180e9, 1}, "reaches 60 %"},
		{"no product", torchName, workload.Exp, peak{430e9, 215e9}, ""},
		{"another library", "gonum", workload.MatMul32, peak{430e9, 215e9}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &report{rounds: 1, machine: machine{peak: test.peak}, cells: map[cellKey]*cell{}}
			c := named(test.peer, nil)
			r.join(c)
			r.add(test.workload, c.with("slow"), workload.Sample{Seconds: 0.2})
			r.add(test.workload, c.with("best"), workload.Sample{Seconds: 0.02})
			notes := strings.Join(r.notes(), "\n")
			if test.want == "" && notes != "" || !strings.Contains(notes, test.want) {
				t.Errorf("notes %q, want %q in them", notes, test.want)
			}
			if shown := strings.Contains(strings.Join(r.summary(test.workload), "\n"), "Warning"); shown != (test.want != "") {
				t.Errorf("a warning is shown at once: %v", shown)
			}
		})
	}
}

func TestMergeReplacesTheSectionOfItsKind(t *testing.T) {
	const a, b = "## A\n\nold\n\n### Notes\n\n- a\n", "## B\n\nother\n"
	file := merge("", a)
	file = merge(file, b)
	if want := introduction + "\n" + a + "\n" + b; file != want {
		t.Errorf("after two kinds:\n%s\nwant\n%s", file, want)
	}
	if got, want := merge(file, "## A\n\nnew\n"), introduction+"\n## A\n\nnew\n\n"+b; got != want {
		t.Errorf("after the first kind again:\n%s\nwant\n%s", got, want)
	}
}

func TestPutInto(t *testing.T) {
	path := filepath.Join(t.TempDir(), "docs", "benchmarks.md")
	r := fill()
	for _, set := range []string{"AVX2", "AVX-512", "AVX2"} {
		r.machine.instructions = set
		if err := r.putInto(path); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(text), "\n## "); got != 2 || !strings.HasPrefix(string(text), introduction) {
		t.Errorf("%d tables, want 2 after the introduction, in\n%s", got, text)
	}
}
