package explain

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// ShapleyConfig configures [Shapley].
type ShapleyConfig struct {
	// Background is examples [rows, features…] whose features stand in for those that are
	// absent: some of the training data. The zero Variable means one example of zeros.
	Background autograd.Variable

	// Permutations is how many orders of the features are drawn, every second one being the
	// one before it backwards, for the same row of the background. 0 means 100.
	Permutations int

	// Groups makes elements of an example come and go together, such as the pixels of
	// a region: for each element the number of its group, from 0 and less than the number of
	// elements. Nil makes each element a group of its own.
	Groups []int

	Seed      uint64 // of the permutations and the rows of the background
	BatchSize int    // examples computed at once; 0 means 256
}

// Shapley is what each feature adds to the output, on average over all orders in which the
// features may come to be known (Shapley 1953; Štrumbelj and Kononenko 2014):
//
//	φᵢ = Σ_S |S|! (d − |S| − 1)! / d! · (v(S ∪ {i}) − v(S))
//
// over the sets S of the d features without i, where v(S) is the mean over the background of
// the output for an example that has the features in S from x, and the others from the
// background. The sum is estimated by permutations: along each, one feature after the other
// of a row of the background is replaced by that of x, and the change of the output counts for
// the feature. The error falls with 1/√Permutations; reverse orders make it smaller (Mitchell
// et al. 2022).
//
// Whatever the number of permutations, the values add up to f(x) − Attribution.Baseline, the
// mean of f over the rows that were drawn (efficiency), and a feature that the model does not
// use has 0, both up to rounding. Rows are drawn without repetition, and when all have been,
// again: with a multiple of 2·rows permutations Baseline is the mean over the background. The value of a group is spread evenly over its elements.
//
// It computes Permutations·(d + 1) outputs for each example. Besides what the package's
// documentation says it panics with [*autograd.ShapeError] and [*autograd.DTypeError] for a
// background that does not fit x, and with [*autograd.ValueError] for negative numbers
// and groups that are not one for each element, or out of range.
func Shapley(model nn.Layer, x autograd.Variable, targets []int, config ShapleyConfig) Attribution {
	s := newSubject("Shapley", model, x, targets)
	p := &players{
		subject: s, rows: s.background(config.Background).Floats(), groups: s.groups(config.Groups),
		batch: s.orDefault("BatchSize", config.BatchSize, 256),
	}
	permutations := s.orDefault("Permutations", config.Permutations, 100)
	batch := s.x.Dim(0)
	a := Attribution{Targets: s.targets, Output: s.values(s.x, s.targets), Baseline: make([]float64, batch)}
	values, size := s.x.Floats(), s.x.Size()/batch
	for i := range batch {
		example := slices.Clone(values[i*size : (i+1)*size])
		var shares []float64
		shares, a.Baseline[i] = p.shares(example, s.targets[i], permutations, rand.New(rand.NewPCG(config.Seed, uint64(i))))
		clear(values[i*size : (i+1)*size])
		for g, elements := range p.groups {
			for _, e := range elements {
				values[i*size+e] = shares[g] / float64(len(elements))
			}
		}
	}
	a.Values = newConstant(s.x.DType(), values, s.x.Shape())
	return a
}

// players is the features that play for the output of a model.
type players struct {
	*subject
	rows   []float64 // the background
	groups [][]int   // elements of an example that are one player
	batch  int
}

// shares is Shapley values of an example's groups, and the mean output for the rows of the
// background that were drawn.
func (p *players) shares(example []float64, target, permutations int, random *rand.Rand) (shares []float64, baseline float64) {
	d, size := len(p.groups), len(example)
	shares = make([]float64, d)
	var rows, order []int
	for m := range permutations {
		if m%2 == 1 {
			slices.Reverse(order)
		} else {
			if len(rows) == 0 {
				rows = random.Perm(len(p.rows) / size)
			}
			order = random.Perm(d)
		}
		row := p.rows[rows[0]*size : (rows[0]+1)*size]
		if m%2 == 1 {
			rows = rows[1:]
		}
		f := p.along(row, example, order, target)
		baseline += f[0] / float64(permutations)
		for k, g := range order {
			shares[g] += (f[k+1] - f[k]) / float64(permutations)
		}
	}
	return shares, baseline
}

// along is the outputs on the way from one example to another, group by group.
func (p *players) along(from, to []float64, order []int, target int) []float64 {
	way := make([]float64, 0, (len(order)+1)*len(from))
	way = append(way, from...)
	at := slices.Clone(from)
	for _, g := range order {
		for _, e := range p.groups[g] {
			at[e] = to[e]
		}
		way = append(way, at...)
	}
	f := make([]float64, 0, len(order)+1)
	for part := range slices.Chunk(way, p.batch*len(from)) {
		n := len(part) / len(from)
		shape := append([]int{n}, p.x.Shape()[1:]...)
		f = append(f, p.values(newConstant(p.x.DType(), part, shape), slices.Repeat([]int{target}, n))...)
	}
	return f
}

// background is rows of the shape of an example.
func (s *subject) background(b autograd.Variable) autograd.Variable {
	example := s.x.Shape()[1:]
	switch {
	case b == autograd.Variable{}:
		return autograd.Zeros(s.x.DType(), append([]int{1}, example...)...)
	case b.DType() != s.x.DType():
		panic(&autograd.DTypeError{Op: s.op, DTypes: []autograd.DType{s.x.DType(), b.DType()}, Reason: "expected a background of the examples' type"})
	case b.Rank() != s.x.Rank() || b.Dim(0) == 0 || !slices.Equal(b.Shape()[1:], example):
		panic(shapeError(s.op, "expected a background of examples of the same shape", s.x, b))
	}
	return b
}

// groups lists the elements of each group that has any.
func (s *subject) groups(numbers []int) [][]int {
	size := s.x.Size() / s.x.Dim(0)
	if numbers != nil && len(numbers) != size {
		panic(&autograd.ValueError{Op: s.op, Reason: fmt.Sprintf("Groups has %d numbers for examples of %d elements", len(numbers), size)})
	}
	groups := make([][]int, size)
	for e := range size {
		g := e
		if numbers != nil {
			g = numbers[e]
		}
		if g < 0 || g >= size {
			panic(&autograd.ValueError{Op: s.op, Reason: fmt.Sprintf("element %d is in group %d: expected 0 to %d", e, g, size-1)})
		}
		groups[g] = append(groups[g], e)
	}
	return slices.DeleteFunc(groups, func(g []int) bool { return len(g) == 0 })
}
