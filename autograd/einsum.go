package autograd

import (
	"fmt"
	"slices"
	"strings"
)

// Einstein summation, by matrix products, sums and permutations.

// Einsum evaluates a sum over products of elements in Einstein's notation, as NumPy
// and PyTorch write it. In
//
//	autograd.Einsum("bij,bjk->bik", x, y)
//
// each letter names an axis; letters that are not in the output are summed over. A
// letter that stands twice in one operand takes its diagonal. Without "->" the
// output has the letters that occur once, in alphabetical order. "..." stands for
// any further axes, which broadcast. Spaces are ignored.
//
// It panics with [*ValueError] if the equation is malformed or does not fit the
// operands, and with [*ShapeError] if axes of one letter differ in size.
func Einsum(equation string, xs ...Variable) Variable {
	nodes := checkAll("einsum", xs)
	e := parseEinsum(equation, nodes)
	xs = joined("einsum", xs)
	terms := make([]einsumTerm, len(xs))
	for i, x := range xs {
		terms[i] = e.operand(x, e.inputs[i])
	}
	result := terms[0]
	for i := 1; i < len(terms); i++ {
		needed := e.output
		for _, later := range terms[i+1:] {
			needed += later.letters
		}
		result = contract(result, terms[i], needed)
	}
	return e.finish(result)
}

// einsumTerm is an intermediate array with a letter for each axis.
type einsumTerm struct {
	x       Variable
	letters string
}

// einsumEquation is a parsed equation. The axes of an ellipsis have digits and other
// characters outside the alphabet for letters.
type einsumEquation struct {
	text   string
	inputs []string
	output string
}

// ellipsisLetter names axis i of the ellipsis, counted from the last.
func ellipsisLetter(i int) string { return string(rune(0x2080 + i)) }

func (e *einsumEquation) fail(format string, args ...any) {
	panic(&ValueError{"einsum", fmt.Sprintf("equation %q: ", e.text) + fmt.Sprintf(format, args...)})
}

func parseEinsum(equation string, operands []*node) *einsumEquation {
	e := &einsumEquation{text: equation}
	left, output, explicit := strings.Cut(strings.ReplaceAll(equation, " ", ""), "->")
	e.inputs = strings.Split(left, ",")
	if len(e.inputs) != len(operands) {
		e.fail("%d terms for %d operands", len(e.inputs), len(operands))
	}
	widest := 0
	for i, term := range e.inputs {
		var width int
		e.inputs[i], width = e.expand(term, len(operands[i].Shape))
		widest = max(widest, width)
	}
	all := strings.Join(e.inputs, "")
	if explicit {
		e.output, _ = e.expand(output, len(strings.ReplaceAll(output, "...", ""))+widest)
	} else {
		e.output = e.implicitOutput(all, widest)
	}
	for i, letter := range e.output {
		if !strings.ContainsRune(all, letter) {
			e.fail("output letter %q is in no operand", letter)
		}
		if strings.ContainsRune(e.output[:i], letter) {
			e.fail("output letter %q occurs twice", letter)
		}
	}
	return e
}

// expand replaces the ellipsis of a term by letters for the axes it stands for, and
// returns how many these are.
func (e *einsumEquation) expand(term string, rank int) (letters string, width int) {
	before, after, ellipsis := strings.Cut(term, "...")
	for _, letter := range before + after {
		if (letter < 'a' || letter > 'z') && (letter < 'A' || letter > 'Z') {
			e.fail("%q is not a letter", letter)
		}
	}
	named := len(before) + len(after)
	width = rank - named
	if width < 0 || width > 0 && !ellipsis {
		e.fail("term %q names %d axes of an operand of rank %d", term, named, rank)
	}
	for i := width - 1; i >= 0; i-- {
		before += ellipsisLetter(i)
	}
	return before + after, width
}

// implicitOutput is the ellipsis, then the letters that occur once, in order.
func (e *einsumEquation) implicitOutput(all string, widest int) string {
	var output []rune
	for _, letter := range all {
		if letter < 0x2080 && strings.Count(all, string(letter)) == 1 {
			output = append(output, letter)
		}
	}
	slices.Sort(output)
	prefix := ""
	for i := widest - 1; i >= 0; i-- {
		prefix += ellipsisLetter(i)
	}
	return prefix + string(output)
}

// operand takes diagonals for letters that occur twice.
func (e *einsumEquation) operand(x Variable, term string) einsumTerm {
	letters := []rune(term)
	for second := 0; second < len(letters); second++ {
		first := slices.Index(letters[:second], letters[second])
		if first < 0 {
			continue
		}
		if x.Dim(first) != x.Dim(second) {
			panic(&ShapeError{"einsum", shapesOf(x.n), fmt.Sprintf("letter %q names axes of different sizes", letters[second])})
		}
		x = diagonalOf(x, first, second)
		letters = slices.Delete(letters, second, second+1)
		second--
	}
	return einsumTerm{x, string(letters)}
}

// diagonalOf is the elements with equal index on two axes; that index becomes axis
// first, and axis second, which comes after it, is gone.
func diagonalOf(x Variable, first, second int) Variable {
	size := x.Dim(first)
	var perm, rest []int
	for axis, d := range x.n.Shape {
		if axis != first && axis != second {
			perm, rest = append(perm, axis), append(rest, d)
		}
	}
	flat := x.Permute(append([]int{first, second}, perm...)...).Reshape(append([]int{size * size}, rest...)...)
	index := make([]int, size)
	for i := range index {
		index[i] = i * (size + 1)
	}
	// The picked axis goes back from the front to where first was.
	back := make([]int, 0, len(rest)+1)
	for axis := range len(rest) + 1 {
		switch {
		case axis < first:
			back = append(back, axis+1)
		case axis == first:
			back = append(back, 0)
		default:
			back = append(back, axis)
		}
	}
	return gatherRows(flat, index).Permute(back...)
}

// contract multiplies two terms and sums over the letters that nothing else needs:
// shared letters that are needed make a batch of matrix products, shared ones that
// are not are its inner axis.
func contract(a, b einsumTerm, needed string) einsumTerm {
	a, b = a.sumUnless(needed+b.letters), b.sumUnless(needed+a.letters)
	var batch, inner, left, right string
	for _, letter := range a.letters {
		switch l := string(letter); {
		case !strings.Contains(b.letters, l):
			left += l
		case strings.Contains(needed, l):
			batch += l
		default:
			inner += l
		}
	}
	for _, letter := range b.letters {
		if l := string(letter); !strings.Contains(a.letters, l) {
			right += l
		}
	}
	a, b = matchSizes(a, b)
	x, y := a.arrange(batch+left+inner), b.arrange(batch+inner+right)
	shape := jointShape(x, y, runes(batch), runes(left), runes(right))
	m := x.fold(runes(batch), runes(left), runes(inner))
	n := y.fold(runes(batch), runes(inner), runes(right))
	return einsumTerm{matmul(m, n, false, false).Reshape(shape...), batch + left + right}
}

func runes(letters string) int { return len([]rune(letters)) }

// matchSizes repeats axes of size 1 to the size of the other term's axis of the same
// letter, as NumPy does, and panics if two sizes do not fit.
func matchSizes(a, b einsumTerm) (einsumTerm, einsumTerm) {
	for i, letter := range []rune(a.letters) {
		j := slices.Index([]rune(b.letters), letter)
		if j < 0 || a.x.Dim(i) == b.x.Dim(j) {
			continue
		}
		if a.x.Dim(i) != 1 && b.x.Dim(j) != 1 {
			panic(&ShapeError{"einsum", shapesOf(a.x.n, b.x.n), fmt.Sprintf("letter %q names axes of different sizes", letter)})
		}
		size := max(a.x.Dim(i), b.x.Dim(j))
		if a.x.Dim(i)*b.x.Dim(j) == 0 {
			size = 0
		}
		a, b = a.repeat(i, size), b.repeat(j, size)
	}
	return a, b
}

// repeat broadcasts an axis to the given size.
func (t einsumTerm) repeat(axis, size int) einsumTerm {
	shape := append([]int{}, t.x.n.Shape...)
	shape[axis] = size
	return einsumTerm{t.x.BroadcastTo(shape...), t.letters}
}

// sumUnless sums over the axes whose letters are not in needed.
func (t einsumTerm) sumUnless(needed string) einsumTerm {
	var axes []int
	kept := ""
	for i, letter := range []rune(t.letters) {
		if strings.ContainsRune(needed, letter) {
			kept += string(letter)
		} else {
			axes = append(axes, i)
		}
	}
	if len(axes) == 0 {
		return t
	}
	return einsumTerm{t.x.Sum(axes...), kept}
}

// arrange permutes the axes into the given order of letters.
func (t einsumTerm) arrange(letters string) einsumTerm {
	if letters == t.letters {
		return t
	}
	perm := make([]int, 0, len(letters))
	for _, letter := range letters {
		perm = append(perm, slices.Index([]rune(t.letters), letter))
	}
	return einsumTerm{t.x.Permute(perm...), letters}
}

// fold joins the axes into three: batch, rows, columns.
func (t einsumTerm) fold(batch, rows, columns int) Variable {
	shape := t.x.n.Shape
	return t.x.Reshape(sizeOf(shape[:batch]), sizeOf(shape[batch:batch+rows]), sizeOf(shape[batch+rows:batch+rows+columns]))
}

// jointShape is the shape of the product before its axes are joined.
func jointShape(x, y einsumTerm, batch, left, right int) []int {
	shape := append([]int{}, x.x.n.Shape[:batch+left]...)
	return append(shape, y.x.n.Shape[len(y.x.n.Shape)-right:]...)
}

// finish sums what is left over and puts the axes in the output's order.
func (e *einsumEquation) finish(t einsumTerm) Variable {
	return t.sumUnless(e.output).arrange(e.output).x
}
