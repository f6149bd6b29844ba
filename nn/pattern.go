package nn

import (
	"fmt"
	"iter"
	"path"

	"github.com/chainrule-go/chainrule/autograd"
)

// Except yields those of named parts, as of [Params], whose names match none of the
// patterns. With it an optimizer trains all but a part, which is frozen so:
//
//	optim.NewAdam(nn.Except(nn.Params(model), "encoder.*"), optim.AdamConfig{})
//
// What the frozen layers keep besides parameters, such as the statistics of batch
// normalization, moves as before: [Frozen] stops that too.
//
// Patterns are those of [path.Match]: * stands for any text, with dots in it or not, ? for a
// character, [0-3] for one of several. It panics with [*autograd.ValueError] if a pattern is
// malformed or, after the last part, if one has matched nothing, as one with a typing error
// does.
func Except[T any](parts iter.Seq2[string, T], patterns ...string) iter.Seq2[string, T] {
	return matching("nn.Except", parts, patterns, false)
}

// Only yields those of named parts whose names match one of the patterns, like [Except]
// otherwise.
func Only[T any](parts iter.Seq2[string, T], patterns ...string) iter.Seq2[string, T] {
	return matching("nn.Only", parts, patterns, true)
}

func matching[T any](op string, parts iter.Seq2[string, T], patterns []string, want bool) iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		p, err := newPatterns(patterns)
		for name, part := range parts {
			if err == nil && p.match(name) == want && !yield(name, part) {
				return
			}
		}
		if err == nil {
			err = p.unused()
		}
		if err != nil {
			panic(&autograd.ValueError{Op: op, Reason: err.Error()})
		}
	}
}

// patterns are patterns of names, and which of them have matched.
type patterns struct {
	list []string
	used []bool
}

func newPatterns(list []string) (*patterns, error) {
	for _, pattern := range list {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, fmt.Errorf("%q is no pattern: %w", pattern, err)
		}
	}
	return &patterns{list, make([]bool, len(list))}, nil
}

// match reports whether a name matches one of the patterns.
func (p *patterns) match(name string) bool {
	any := false
	for i, pattern := range p.list {
		if ok, _ := path.Match(pattern, name); ok {
			p.used[i], any = true, true
		}
	}
	return any
}

// unused is the error of a pattern that has matched nothing.
func (p *patterns) unused() error {
	for i, used := range p.used {
		if !used {
			return fmt.Errorf("no name matches %q", p.list[i])
		}
	}
	return nil
}
