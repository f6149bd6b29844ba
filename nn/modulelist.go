package nn

import (
	"iter"
	"strconv"
)

// ModuleList is modules in order, as a module whose parts are numbered: "0.weight". What
// holds it calls them as it likes; [Sequential] is a list that is called one after the
// other.
//
//	blocks := nn.ModuleList[*Block]{newBlock(), newBlock()}
//	for _, b := range blocks {
//		x = b.Forward(x)
//	}
type ModuleList[M Module] []M

// Parts yields the modules, in order.
func (l ModuleList[M]) Parts() iter.Seq2[string, Part] {
	return func(yield func(string, Part) bool) {
		for i, m := range l {
			if !yield(strconv.Itoa(i), Part{Module: m}) {
				return
			}
		}
	}
}

// listOf is a slice of modules as a module.
func listOf[M Module](modules []M) ModuleList[M] { return modules }
