package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// report collects what was measured.
type report struct {
	rounds    int
	machine   machine
	peers     []*contestant
	missing   []string // libraries that did not start, and what to do
	workloads []string
	cells     map[cellKey]*cell
}

type cellKey struct{ workload, peer string }

// cell is a library's results at a workload.
type cell struct {
	seconds map[string][]float64 // by setting
	check   []float64
	missing string
	err     string
}

func newReport(rounds int) *report {
	return &report{rounds: rounds, machine: thisMachine(), cells: map[cellKey]*cell{}}
}

func (r *report) join(c *contestant) { r.peers = append(r.peers, c) }

func (r *report) absent(name, cure string) {
	r.missing = append(r.missing, fmt.Sprintf("%s was not measured. %s", name, cure))
}

func (r *report) add(name string, p *process, s workload.Sample) {
	if !slices.Contains(r.workloads, name) {
		r.workloads = append(r.workloads, name)
	}
	key := cellKey{name, p.greeting.Peer}
	c := r.cells[key]
	if c == nil {
		c = &cell{seconds: map[string][]float64{}}
		r.cells[key] = c
	}
	if s.Seconds > 0 {
		setting := p.setting.String()
		c.seconds[setting] = append(c.seconds[setting], s.Seconds)
		c.check = s.Check
		return
	}
	c.missing, c.err = s.Missing, s.Error
}

// best is the setting with the lowest median, and all its results, sorted; nil if there are
// none, or c is nil.
func (c *cell) best() (setting string, seconds []float64) {
	if c == nil {
		return "", nil
	}
	for s, all := range c.seconds {
		sorted := slices.Sorted(slices.Values(all))
		better := seconds == nil || median(sorted) < median(seconds)
		if better || median(sorted) == median(seconds) && s < setting {
			setting, seconds = s, sorted
		}
	}
	return setting, seconds
}

func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// summary is a line for each library.
func (r *report) summary(name string) []string {
	var lines []string
	for _, p := range r.peers {
		if text := r.cellText(name, p.name); text != "" {
			if setting := r.settingText(name, p.name); setting != "" {
				text += ", " + setting
			}
			lines = append(lines, fmt.Sprintf("%-10s %s", p.name, text))
		}
	}
	lines = append(lines, r.slow(name)...)
	return append(lines, r.disagreements(name)...)
}

// tolerance is how far results may be from each other, relative to their size:
// float32 and different ways of writing Adam make a difference of a thousandth
// after three steps.
const tolerance = 3e-3

// disagreements names the libraries that computed something else than most.
func (r *report) disagreements(name string) []string {
	var lines []string
	reference := r.reference(name)
	for _, p := range r.peers {
		c := r.cells[cellKey{name, p.name}]
		if c == nil || c.check == nil {
			continue
		}
		for i, want := range reference {
			if i >= len(c.check) || !(math.Abs(c.check[i]-want) <= tolerance*math.Abs(want)+1e-6) {
				lines = append(lines, fmt.Sprintf("%s at %s does not compute what the others do: %.6g instead of %.6g",
					p.name, name, c.check, reference))
				break
			}
		}
	}
	return lines
}

// reference is the median, over libraries, of each number they have to agree on.
func (r *report) reference(name string) []float64 {
	var columns [][]float64
	for _, p := range r.peers {
		c := r.cells[cellKey{name, p.name}]
		if c == nil {
			continue
		}
		for i, x := range c.check {
			if i == len(columns) {
				columns = append(columns, nil)
			}
			columns[i] = append(columns[i], x)
		}
	}
	var reference []float64
	for _, column := range columns {
		slices.Sort(column)
		reference = append(reference, median(column))
	}
	return reference
}

// cellText is a library's time and how many times chainrule's that is.
func (r *report) cellText(name, peer string) string {
	_, seconds := r.cells[cellKey{name, peer}].best()
	if seconds == nil {
		return ""
	}
	text := duration(median(seconds))
	if _, ours := r.cells[cellKey{name, ourName}].best(); ours != nil && peer != ourName {
		text += fmt.Sprintf(" (%s×)", significant(median(seconds)/median(ours)))
	}
	return text
}

// settingText is the library's setting that was the best.
func (r *report) settingText(name, peer string) string {
	setting, _ := r.cells[cellKey{name, peer}].best()
	return setting
}

// enough is the share of the peak of multiply-adds from which PyTorch's products are
// taken to be at their best.
const enough = 0.6

// slow is a warning if the workload is a product for which PyTorch takes much longer
// than the multiply-adds do.
func (r *report) slow(name string) []string {
	peak := map[string]float64{
		workload.MatMul32: r.machine.peak.float32s,
		workload.MatMul64: r.machine.peak.float64s,
	}[name]
	_, seconds := r.cells[cellKey{name, torchName}].best()
	if peak == 0 || seconds == nil {
		return nil
	}
	share := 2 * math.Pow(workload.Size, 3) / median(seconds) / peak
	if share >= enough {
		return nil
	}
	return []string{fmt.Sprintf("Warning: %s reaches %.0f %% of the peak of multiply-adds at %s. Its library for matrix products does not "+
		"know this processor, or the machine was busy: what is compared with it here says little.", torchName, 100*share, name)}
}

// duration writes a number of seconds with three digits.
func duration(seconds float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"s", 1}, {"ms", 1e-3}, {"µs", 1e-6}} {
		if seconds >= 0.9995*unit.size {
			return significant(seconds/unit.size) + " " + unit.name
		}
	}
	return significant(seconds/1e-9) + " ns"
}

// significant writes x with three digits, or all digits before the point.
func significant(x float64) string {
	decimals := 2
	for limit := 9.995; decimals > 0 && x >= limit; limit *= 10 {
		decimals--
	}
	return fmt.Sprintf("%.*f", decimals, x)
}

func (r *report) spread(name, peer string) string {
	_, seconds := r.cells[cellKey{name, peer}].best()
	if seconds == nil {
		return ""
	}
	return duration(seconds[0]) + " – " + duration(seconds[len(seconds)-1])
}

// notes say why cells are empty and what is wrong.
func (r *report) notes() []string {
	notes := slices.Clone(r.missing)
	for _, p := range r.peers {
		var order []string             // of what there is to say
		about := map[string][]string{} // workloads that it is about
		for _, name := range r.workloads {
			if remark := r.cells[cellKey{name, p.name}].remark(); remark != "" {
				if about[remark] == nil {
					order = append(order, remark)
				}
				about[remark] = append(about[remark], name)
			}
		}
		for _, remark := range order {
			notes = append(notes, fmt.Sprintf("%s, %s: %s.", p.name, remark, strings.Join(about[remark], "; ")))
		}
	}
	for _, name := range r.workloads {
		notes = append(notes, r.slow(name)...)
		notes = append(notes, r.disagreements(name)...)
	}
	return notes
}

func (c *cell) remark() string {
	if c == nil {
		return ""
	}
	_, seconds := c.best()
	switch {
	case seconds != nil:
		return ""
	case c.err != "":
		first, _, _ := strings.Cut(c.err, "\n")
		return "failed, " + first
	case c.missing != "":
		return "not measured as " + c.missing
	}
	return ""
}
