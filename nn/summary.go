package nn

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/chainrule-go/chainrule/autograd"
)

// LayerSummary is a row of [Summary].
type LayerSummary struct {
	Name   string // place in the model, as in the names of its parameters: "0"
	Type   string // "Linear"
	Output []int  // shape of the output for a batch of one example
	Params int    // number of elements of its parameters
}

// Summary writes a table of a model's layers to w, with the shapes of their outputs
// and the number of their parameters, and returns its rows; below it are the number and
// memory of all parameters, and of buffers if there are any. inputShape is the shape of
// one example, without the axis of the batch. The shapes are found by computing the
// model's output for zeros; if the model does not take that shape the error says what
// does not fit, for instance an [*autograd.ShapeError]. Otherwise the error is that of
// writing.
//
// The layers are those of a [Sequential], and of a Sequential within; any other model
// is one row.
func Summary(w io.Writer, model Layer, inputShape ...int) ([]LayerSummary, error) {
	var rows []LayerSummary
	err := autograd.Try(func() {
		tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
		x := tape.Const(autograd.Zeros(dtypeOf(model), append([]int{1}, inputShape...)...))
		rows, _ = summarize(nil, "", model, x)
	})
	if err != nil {
		return nil, fmt.Errorf("nn: Summary: %w", err)
	}
	if _, err := io.WriteString(w, summaryText(rows, model)); err != nil {
		return rows, fmt.Errorf("nn: Summary: %w", err)
	}
	return rows, nil
}

// summarize adds the rows of a model and returns its output.
func summarize(rows []LayerSummary, name string, model Layer, x autograd.Variable) ([]LayerSummary, autograd.Variable) {
	layers, ok := model.(Sequential)
	if !ok {
		y := model.Forward(x)
		return append(rows, LayerSummary{name, typeName(model), slices.Clone(y.Shape()), NumParams(model)}), y
	}
	for i, layer := range layers {
		inner := strconv.Itoa(i)
		if name != "" {
			inner = name + "." + inner
		}
		rows, x = summarize(rows, inner, layer, x)
	}
	return rows, x
}

func summaryText(rows []LayerSummary, model Layer) string {
	cells := [][]string{{"Layer (type)", "Output shape", "Params"}}
	for _, row := range rows {
		cells = append(cells, []string{
			strings.TrimSpace(row.Name + " (" + row.Type + ")"), outputText(row.Output), grouped(row.Params),
		})
	}
	var b strings.Builder
	table(&b, cells)
	for _, group := range []struct {
		name   string
		arrays iter.Seq2[string, autograd.Variable]
	}{{"Parameters", Params(model)}, {"Not trained", Buffers(model)}} {
		size := sumSizes(group.arrays, autograd.Variable.Size)
		if size > 0 || group.name == "Parameters" {
			fmt.Fprintf(&b, "%s: %s (%s)\n", group.name, grouped(size), byteSize(sumSizes(group.arrays, bytesOf)))
		}
	}
	return b.String()
}

// outputText is a shape whose first axis is the batch.
func outputText(shape []int) string {
	parts := make([]string, len(shape))
	for i, size := range shape {
		parts[i] = strconv.Itoa(size)
	}
	if len(parts) > 0 {
		parts[0] = "batch"
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// table draws cells with lines between them. The first row is the head; numbers, in
// the last column, are aligned at the right.
func table(b *strings.Builder, cells [][]string) {
	widths := make([]int, len(cells[0]))
	for _, row := range cells {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rule := func(left, middle, right string) {
		for _, width := range widths {
			b.WriteString(left + strings.Repeat("─", width+2))
			left = middle
		}
		b.WriteString(right + "\n")
	}
	rule("┌", "┬", "┐")
	for i, row := range cells {
		if i == 1 {
			rule("├", "┼", "┤")
		}
		for j, cell := range row {
			padding := strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell))
			if j == len(row)-1 {
				cell = padding + cell
			} else {
				cell += padding
			}
			b.WriteString("│ " + cell + " ")
		}
		b.WriteString("│\n")
	}
	rule("└", "┴", "┘")
}

// grouped is a number with a comma before every third digit from the right.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// byteSize is a number of bytes in the greatest unit of which there is one.
func byteSize(n int) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n)/1024, 0
	for size >= 1024 && unit < 3 {
		size, unit = size/1024, unit+1
	}
	return fmt.Sprintf("%.2f %s", size, [...]string{"KiB", "MiB", "GiB", "TiB"}[unit])
}
