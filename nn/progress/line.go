package progress

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

const (
	barWidth         = 20
	minBarWidth      = 5
	metricsBesideBar = 2 // loss and accuracy, where there is no room for all
)

// metric is a number with its name, to be shown.
type metric struct {
	name  string
	value float64
}

// line shows the epochs of a run.
type line struct {
	w        io.Writer
	terminal Terminal
	epochs   int // in all
	steps    int // of an epoch
	before   int // steps of the epoch that an earlier run has made
	now      func() time.Time

	epoch   int // the one running, from 1
	started time.Time
	first   time.Time // when the first step was done: it warms up and does not count
	latest  time.Time // when the latest step was done
	drawn   time.Time
	open    bool // the cursor is at the end of a line that may be drawn over
}

// begin starts an epoch, counted from 1.
func (p *line) begin(epoch int) {
	p.epoch, p.first, p.latest = epoch, time.Time{}, p.started
	if p.terminal.Live {
		fmt.Fprintf(p.w, "Epoch %d/%d\n", epoch, p.epochs)
	}
}

// step shows the state after a number of steps, with metrics if it is drawn.
func (p *line) step(done int, metrics func() []metric) {
	now := p.now()
	if p.first.IsZero() {
		p.first = now
	}
	p.latest = now
	if !p.terminal.Live || done < p.steps && now.Sub(p.drawn) < RedrawEvery {
		return
	}
	p.drawn = now
	left := "ETA " + clock(p.perStep(done, now)*time.Duration(p.steps-done))
	p.draw(done, left, metrics())
}

// end finishes the line of an epoch of which this many steps were done.
func (p *line) end(done int, metrics []metric) {
	elapsed := clock(p.now().Sub(p.started)) + " " + perStep(p.perStep(done, p.latest))
	if p.terminal.Live {
		p.drawLast(done, elapsed, metrics)
		return
	}
	fmt.Fprintf(p.w, "Epoch %d/%d - %d/%d - %s%s\n", p.epoch, p.epochs, done, p.steps, elapsed, metricsText(metrics))
}

// interrupt ends a line that is being drawn over, so that others can follow.
func (p *line) interrupt() {
	if p.open {
		fmt.Fprintln(p.w)
		p.open = false
	}
}

// perStep is the mean duration of a step, leaving out the first where there are more.
func (p *line) perStep(done int, now time.Time) time.Duration {
	switch done -= p.before; {
	case done < 1:
		return 0
	case done == 1:
		return now.Sub(p.started)
	}
	return now.Sub(p.first) / time.Duration(done-1)
}

// draw draws the line anew. It takes no more columns than there are, as a terminal
// would go on to the next line, from where no carriage return comes back.
func (p *line) draw(done int, times string, metrics []metric) {
	tail := " " + times + metricsText(metrics)
	room := p.terminal.columns() - 1 - runes(p.count(done)) - 1
	width := min(barWidth, max(minBarWidth, room-runes(tail)))
	if over := width + runes(tail) - room; over > 0 {
		tail = string([]rune(tail)[:max(0, runes(tail)-over)])
	}
	p.drawBar(done, width, tail)
}

// drawLast draws the line of an epoch for the last time. Nothing is drawn over it any
// more, so metrics that do not fit beside the bar follow on lines of their own.
func (p *line) drawLast(done int, times string, metrics []metric) {
	indent := strings.Repeat(" ", runes(p.count(done)))
	room := p.terminal.columns() - 1 - len(indent)
	beside := 0
	for _, n := range []int{min(metricsBesideBar, len(metrics)), len(metrics)} {
		if 1+minBarWidth+1+runes(times+metricsText(metrics[:n])) <= room {
			beside = n
		}
	}
	p.draw(done, times, metrics[:beside])
	p.interrupt()
	line := ""
	for _, m := range metrics[beside:] {
		text := metricsText([]metric{m})
		if line != "" && runes(line+text) > room {
			fmt.Fprintln(p.w, indent+line)
			line = ""
		}
		if line == "" {
			text = strings.TrimPrefix(text, " -")
		}
		line += text
	}
	if line != "" {
		fmt.Fprintln(p.w, indent+line)
	}
}

// count is how many of the steps were done, always of the same width.
func (p *line) count(done int) string {
	return fmt.Sprintf("%*d/%d", len(fmt.Sprint(p.steps)), done, p.steps)
}

// drawBar draws a bar of this width between the count and the tail.
func (p *line) drawBar(done, width int, tail string) {
	count := p.count(done)
	full := width * done / max(1, p.steps)
	filled, rest := strings.Repeat("━", full), strings.Repeat("━", width-full)
	if p.terminal.Color {
		count = "\x1b[1m" + count + "\x1b[0m"
		filled = "\x1b[32m" + filled + "\x1b[0m"
		rest = "\x1b[37m" + rest + "\x1b[0m"
	} else {
		rest = strings.Repeat("─", width-full)
	}
	// Carriage return, the line, and erase what an earlier, longer one left.
	fmt.Fprintf(p.w, "\r%s %s%s%s\x1b[K", count, filled, rest, tail)
	p.open = true
}

func runes(s string) int { return len([]rune(s)) }

func metricsText(metrics []metric) string {
	var b strings.Builder
	for _, m := range metrics {
		fmt.Fprintf(&b, " - %s: %s", m.name, Number(m.value))
	}
	return b.String()
}

// Number is a score as a Line shows it: with four decimals, or in scientific notation if
// these would show little of it.
func Number(v float64) string {
	if v != 0 && math.Abs(v) <= 1e-3 {
		return fmt.Sprintf("%.4e", v)
	}
	return fmt.Sprintf("%.4f", v)
}

// clock is a duration as 0.4s, 12s, 3:07 or 1:02:45.
func clock(d time.Duration) string {
	seconds := int(d.Round(time.Second) / time.Second)
	switch {
	case d < 9950*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}

// perStep is the duration of a step, in a unit that gives it one to three digits.
func perStep(d time.Duration) string {
	us := d.Round(time.Microsecond) / time.Microsecond
	ms := d.Round(time.Millisecond) / time.Millisecond
	switch {
	case us < 1000:
		return fmt.Sprintf("%dµs/step", us)
	case ms < 1000:
		return fmt.Sprintf("%dms/step", ms)
	}
	return fmt.Sprintf("%ds/step", d.Round(time.Second)/time.Second)
}
