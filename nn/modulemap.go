package nn

import (
	"iter"
	"maps"
	"slices"
)

// ModuleMap is modules by name, as a module whose parts have these names: PyTorch's
// ModuleDict. A name must not be empty or have dots in it. Parts come in the order of their
// names, which PyTorch has in the order in which they were added; files do not depend on it.
//
//	heads := nn.ModuleMap[nn.Layer]{"mean": nn.NewLinear(…), "variance": nn.NewLinear(…)}
//	y := heads["mean"].Forward(x)
type ModuleMap[M Module] map[string]M

// Parts yields the modules in the order of their names.
func (m ModuleMap[M]) Parts() iter.Seq2[string, Part] {
	return func(yield func(string, Part) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !yield(name, Part{Module: m[name]}) {
				return
			}
		}
	}
}
