package onnx

import (
	"maps"
	"slices"
)

// operator is a row of the table of operators: what an operator means from one version of its
// operator set on, to the next row of its name.
type operator struct {
	name   string
	domain string // empty for the standard's own
	since  int    // the first version of the operator set that this is the meaning of
	last   int    // the last one, where the operator ends; 0 otherwise

	in, out span // how many inputs and outputs there may be; outputs are one if not said

	// make reads the attributes and says how a node is evaluated. It fails by failf and
	// unsupportedf.
	make func(n *node) kernel

	plain   []int // inputs whose gradient nobody wants: bounds, scales of sizes
	running []int // inputs that are running statistics

	impure bool   // results depend on the tape's mode or chance: the operator is not folded
	typed  bool   // results of half precision say so by themselves
	note   string // for the documentation: what is not supported, or peculiar
}

// span is from least to most; most is many if there is no limit.
type span struct{ least, most int }

const many = 1 << 30

// Spans that are common.
var (
	none      = span{0, 0}
	one       = span{1, 1}
	two       = span{2, 2}
	three     = span{3, 3}
	oneOrTwo  = span{1, 2}
	oneOrMore = span{1, many}
)

// family is the operators of one file.
type family struct {
	title     string
	operators []operator
}

// families are all operators, as the documentation lists them. An operator is a row of its
// family's list and the function that makes it, side by side in one file, and nothing else.
var families = []family{
	constantOperators,
	arithmeticOperators,
	elementwiseOperators,
	logicOperators,
	reduceOperators,
	softmaxOperators,
	shapeOperators,
	movementOperators,
	gatherOperators,
	selectionOperators,
	productOperators,
	convolutionOperators,
	poolOperators,
	normalizationOperators,
	dropoutOperators,
	lossOperators,
	signalOperators,
	sequenceOperators,
	recurrentOperators,
	resizeOperators,
	quantizationOperators,
	detectionOperators,
	optimizerOperators,
	controlOperators,
}

// newestVersion is the newest version of the standard's operator set that is known: a later
// one may give operators another meaning.
const newestVersion = 23

type operatorName struct{ domain, name string }

// operatorTable has the rows of each operator, oldest first.
var operatorTable = func() map[operatorName][]*operator {
	table := map[operatorName][]*operator{}
	for _, f := range families {
		for i := range f.operators {
			op := &f.operators[i]
			key := operatorName{op.domain, op.name}
			table[key] = append(table[key], op)
		}
	}
	for rows := range maps.Values(table) {
		slices.SortFunc(rows, func(a, b *operator) int { return a.since - b.since })
	}
	return table
}()

// findOperator is the row for an operator at a version of its operator set.
func findOperator(domain, name string, version int) *operator {
	rows := operatorTable[operatorName{domain, name}]
	if len(rows) == 0 {
		unsupportedf("there is no such operator here")
	}
	for _, op := range slices.Backward(rows) {
		if version < op.since {
			continue
		}
		if op.last != 0 && version > op.last {
			unsupportedf("the operator ends with operator set %d", op.last)
		}
		return op
	}
	unsupportedf("the operator is known from operator set %d on", rows[0].since)
	return nil
}

// check fails if the operator does not have so many inputs or outputs.
func (op *operator) check(inputs, outputs int) {
	if inputs < op.in.least || inputs > op.in.most {
		failf("there are %d inputs, expected %s", inputs, op.in)
	}
	out := op.out
	if out == (span{}) {
		out = one
	}
	if outputs < out.least || outputs > out.most {
		failf("there are %d outputs, expected %s", outputs, out)
	}
}

func (s span) String() string {
	switch {
	case s.most == many:
		return itoa(s.least) + " or more"
	case s.least == s.most:
		return itoa(s.least)
	}
	return itoa(s.least) + " to " + itoa(s.most)
}
