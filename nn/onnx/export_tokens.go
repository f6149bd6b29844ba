package onnx

import "slices"

// Lists of whole numbers that operations take as indices. In a trace they are numbers; in the file they are
// a constant, what an input has, or a part of that. Which of these is found by comparing the lists with the
// inputs in all traces, whose tokens are different ones in each.

// tokens is the name of an array of int64 with one axis that has a list in each trace. whole is the name of
// the input, of these dims, that has just these numbers; "" if none has.
func (e *exporter) tokens(lists [][]int, what string) (flat, whole string, dims []extents) {
	same := !slices.ContainsFunc(lists, func(l []int) bool { return !slices.Equal(l, lists[0]) })
	for k := range e.inputs {
		if e.inputs[k].Tokens == nil || same && allEqual(lists[0]) {
			continue
		}
		dims := e.inputDims(k)
		start, step, ok := e.partOfInput(k, lists)
		if !ok {
			continue
		}
		flat := e.reshaped(e.inputs[k].Name, dims, []extents{e.product(dims)})
		if e.isWhole(k, lists) {
			return flat, e.inputs[k].Name, dims
		}
		stop := e.stop(k, lists, start, step)
		return e.emit("Slice", []string{flat, e.ints(start), stop, e.ints(0), e.ints(step)}), "", nil
	}
	if same {
		return e.ints(lists[0]...), "", nil
	}
	if name := e.ramp(lists); name != "" {
		return name, "", nil
	}
	if list := e.places(lists); list != nil {
		return e.sizeList(list), "", nil
	}
	byValue := slices.ContainsFunc(lists[:exampleTraces], func(l []int) bool { return !slices.Equal(l, lists[0]) })
	e.fail(e.dependence(byValue, what))
	return "", "", nil
}

func allEqual(list []int) bool {
	return !slices.ContainsFunc(list, func(i int) bool { return i != list[0] })
}

// inputDims is the sizes of input k.
func (e *exporter) inputDims(k int) []extents {
	dims := make([]extents, len(e.inputs[k].Shape))
	for axis := range dims {
		for t := range e.traces {
			dims[axis] = append(dims[axis], e.traces[t].shapes[k][axis])
		}
	}
	return dims
}

func (e *exporter) isWhole(k int, lists [][]int) bool {
	for t := range e.traces {
		if len(lists[t]) != len(e.traces[t].tokens[k]) {
			return false
		}
	}
	return true
}

// partOfInput says that the lists are those elements of input k from start on that are step apart: neighbours,
// or what lies along one of the axes.
func (e *exporter) partOfInput(k int, lists [][]int) (start, step int, ok bool) {
	steps := []int{1}
	dims := e.inputDims(k)
	for axis := range dims {
		if inner := dims[axis+1:]; axis+1 < len(dims) && allConstant(inner) {
			steps = append(steps, product(first(inner)))
		}
	}
	for _, step := range steps {
		for start := range e.traces[0].tokens[k] {
			if e.isPart(k, lists, start, step) {
				return start, step, true
			}
		}
	}
	return 0, 0, false
}

func (e *exporter) isPart(k int, lists [][]int, start, step int) bool {
	for t, list := range lists {
		tokens := e.traces[t].tokens[k]
		if len(list) == 0 || start+(len(list)-1)*step >= len(tokens) {
			return false
		}
		for i, token := range list {
			if tokens[start+i*step] != token {
				return false
			}
		}
	}
	return true
}

// stop is where the part ends: with the input, or at a place of its own.
func (e *exporter) stop(k int, lists [][]int, start, step int) string {
	end := make(extents, len(lists))
	toEnd := true
	for t, list := range lists {
		end[t] = start + (len(list)-1)*step + 1
		toEnd = toEnd && end[t]+step > len(e.traces[t].tokens[k])
	}
	if toEnd {
		return e.ints(maxIndex)
	}
	return e.size(end)
}

// places is lists of one length whose numbers depend on the sizes each by itself, as where they count from the
// end; nil if they are not that.
func (e *exporter) places(lists [][]int) []extents {
	list := make([]extents, len(lists[0]))
	for _, l := range lists {
		if len(l) != len(list) {
			return nil
		}
		for k, place := range l {
			list[k] = append(list[k], place)
		}
	}
	for _, place := range list {
		if _, ok := e.fit(place); !ok {
			return nil
		}
	}
	return list
}

// ramp is the name of lists of numbers at the same distances, of lengths that differ; "" if they
// are not that.
func (e *exporter) ramp(lists [][]int) string {
	var limits extents
	for _, l := range lists {
		if len(l) < 2 || l[0] != lists[0][0] || l[1] != lists[0][1] || l[1] == l[0] {
			return ""
		}
		distance := l[1] - l[0]
		for k := range l {
			if l[k] != l[0]+k*distance {
				return ""
			}
		}
		limits = append(limits, l[0]+len(l)*distance)
	}
	scalar := func(i int) string { return e.intArray([]int{}, []int{i}) }
	limit := e.emit("Squeeze", []string{e.size(limits), e.ints(0)})
	return e.emit("Range", []string{scalar(lists[0][0]), limit, scalar(lists[0][1] - lists[0][0])})
}
