package progress

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// clockwork is a clock that goes when it is told to.
type clockwork struct{ time time.Time }

func (c *clockwork) now() time.Time           { return c.time }
func (c *clockwork) advance(by time.Duration) { c.time = c.time.Add(by) }

// showEpoch runs progress through an epoch of 100 steps of two milliseconds, after a
// first one of a second, and gives what it writes.
func showEpoch(t Terminal) string {
	var out strings.Builder
	watch := &clockwork{time.Unix(0, 0)}
	p := &line{w: &out, terminal: t, epochs: 10, steps: 100, now: watch.now}
	p.started = watch.now()
	p.begin(3)
	watch.advance(time.Second)
	for step := 1; step <= 100; step++ {
		p.step(step, func() []metric { return []metric{{"loss", 0.5 / float64(step)}, {"accuracy", 0.25}} })
		if step < 100 {
			watch.advance(2 * time.Millisecond)
		}
	}
	p.end(100, []metric{{"loss", 0.0004}, {"accuracy", 0.875}, {"val_loss", math.NaN()}})
	return out.String()
}

func TestProgressPlain(t *testing.T) {
	want := "Epoch 3/10 - 100/100 - 1.2s 2ms/step - loss: 4.0000e-04 - accuracy: 0.8750 - val_loss: NaN\n"
	if diff := cmp.Diff(want, showEpoch(Terminal{})); diff != "" {
		t.Error(diff)
	}
}

func TestProgressTerminal(t *testing.T) {
	out := showEpoch(Terminal{Live: true, Color: true, Columns: func() int { return 120 }})
	first, line, _ := strings.Cut(out, "\n")
	if first != "Epoch 3/10" {
		t.Errorf("begins with %q", first)
	}
	// 0.2 s of steps, redrawn every 50 ms; the last step; the end.
	redraws := strings.Split(strings.TrimPrefix(line, "\r"), "\r")
	if len(redraws) != 6 {
		t.Errorf("drawn %d times, want 6:\n%q", len(redraws), redraws)
	}
	wantFirst := "\x1b[1m  1/100\x1b[0m \x1b[32m\x1b[0m\x1b[37m" + strings.Repeat("━", 20) +
		"\x1b[0m ETA 1:39 - loss: 0.5000 - accuracy: 0.2500\x1b[K"
	if diff := cmp.Diff(wantFirst, redraws[0]); diff != "" {
		t.Error(diff)
	}
	if want := " ETA 0.1s - loss: 0.0098 - accuracy: 0.2500"; !strings.Contains(redraws[2], want) {
		t.Errorf("%q, want %q", redraws[2], want)
	}
	wantLast := "\x1b[1m100/100\x1b[0m \x1b[32m" + strings.Repeat("━", 20) +
		"\x1b[0m\x1b[37m\x1b[0m 1.2s 2ms/step - loss: 4.0000e-04 - accuracy: 0.8750 - val_loss: NaN\x1b[K\n"
	if diff := cmp.Diff(wantLast, redraws[len(redraws)-1]); diff != "" {
		t.Error(diff)
	}
}

func TestProgressFitsTerminal(t *testing.T) {
	escapes := regexp.MustCompile("\x1b\\[[0-9]*[mK]")
	for _, columns := range []int{200, 80, 60, 40, 20, 10, 1} {
		out := showEpoch(Terminal{Live: true, Columns: func() int { return columns }})
		_, out, _ = strings.Cut(out, "\n")
		for _, want := range []string{"loss: 4.0000e-04", "accuracy: 0.8750", "val_loss: NaN"} {
			if !strings.Contains(out, want) {
				t.Errorf("%d Columns: no %s", columns, want)
			}
		}
		for line := range strings.FieldsFuncSeq(out, func(r rune) bool { return r == '\r' || r == '\n' }) {
			// The count, the shortest bar and each metric are drawn in any case.
			limit := max(columns-1, len("100/100 loss: 4.0000e-04"))
			if n := utf8.RuneCountInString(escapes.ReplaceAllString(line, "")); n > limit {
				t.Errorf("%d Columns: %d characters in %q", columns, n, line)
			}
		}
	}
}

func TestProgressBreaksLines(t *testing.T) {
	var out strings.Builder
	p := &line{w: &out, terminal: Terminal{Live: true, Columns: func() int { return 80 }}, epochs: 10, steps: 469, now: (&clockwork{}).now}
	p.drawLast(469, "0.5s 986µs/step", []metric{{"loss", 0.171}, {"accuracy", 0.9508}, {"val_loss", 0.1451}, {"val_accuracy", 0.9582}})
	want := "\r469/469 " + strings.Repeat("━", 20) + " 0.5s 986µs/step - loss: 0.1710 - accuracy: 0.9508\x1b[K\n" +
		"        val_loss: 0.1451 - val_accuracy: 0.9582\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestProgressInterrupt(t *testing.T) {
	var out strings.Builder
	watch := &clockwork{time.Unix(0, 0)}
	p := &line{w: &out, terminal: Terminal{Live: true, Columns: func() int { return 80 }}, epochs: 1, steps: 9, now: watch.now}
	p.begin(1)
	p.interrupt()
	p.step(1, func() []metric { return []metric{{"loss", 1}} })
	p.interrupt()
	p.interrupt()
	if n := strings.Count(out.String(), "\n"); n != 2 || !strings.HasSuffix(out.String(), "\n") {
		t.Errorf("%q: want one line end for the title and one for the line that was open", out.String())
	}
}

func TestClock(t *testing.T) {
	cases := map[time.Duration]string{
		0:                            "0.0s",
		449 * time.Millisecond:       "0.4s",
		9949 * time.Millisecond:      "9.9s",
		9950 * time.Millisecond:      "10s",
		59499 * time.Millisecond:     "59s",
		59500 * time.Millisecond:     "1:00",
		187 * time.Second:            "3:07",
		time.Hour - time.Second:      "59:59",
		3765 * time.Second:           "1:02:45",
		30*time.Hour + 5*time.Minute: "30:05:00",
	}
	for d, want := range cases {
		if got := clock(d); got != want {
			t.Errorf("clock(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestPerStep(t *testing.T) {
	cases := map[time.Duration]string{
		0:                         "0µs/step",
		412345 * time.Nanosecond:  "412µs/step",
		999900 * time.Nanosecond:  "1ms/step",
		1499 * time.Microsecond:   "1ms/step",
		999900 * time.Microsecond: "1s/step",
		2600 * time.Millisecond:   "3s/step",
	}
	for d, want := range cases {
		if got := perStep(d); got != want {
			t.Errorf("perStep(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	cases := map[float64]string{0: "0.0000", 0.97812: "0.9781", -2.5: "-2.5000", 1e-3: "1.0000e-03", -2e-5: "-2.0000e-05", 0.0011: "0.0011"}
	for v, want := range cases {
		if got := Number(v); got != want {
			t.Errorf("Number(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestTerminalOf(t *testing.T) {
	none := func(string) string { return "" }
	if TerminalOf(&strings.Builder{}, none).Live {
		t.Error("a buffer is no terminal")
	}
}
