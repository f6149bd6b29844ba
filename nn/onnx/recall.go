package onnx

import (
	"slices"
	"sync"
)

// What is computed from shapes alone, as exporters write it by the dozen, is the same whenever
// the shapes are: it is kept from run to run, by the shapes of the inputs. Whether shapes
// within the graph are those it was computed from is seen at each node that asks for one.

// role says how a node's results are kept.
type role uint8

const (
	computed role = iota // they are not
	root                 // the shape of a value
	derived              // of roots and constants alone
)

// maxKept is the most elements of a result that is kept, and maxRecords how many shapes of
// inputs there are records for.
const (
	maxKept    = 1 << 18
	maxRecords = 8
)

// record is what was computed from shapes alone in runs with inputs of some shapes.
type record struct {
	inputs [][]int
	values []Value       // by slot, those of the model where nothing was kept
	kept   []bool        // by slot
	shapes map[int][]int // that roots saw, by slot of the result
}

// records is those of a model, the latest first.
type records struct {
	mu  sync.Mutex
	all []*record
}

// find is the record for inputs, nil if there is none.
func (s *records) find(inputs []Value) *record {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rec := range s.all {
		if rec.fits(inputs) {
			return rec
		}
	}
	return nil
}

func (rec *record) fits(inputs []Value) bool {
	for i, v := range inputs {
		if !slices.Equal(rec.inputs[i], v.Shape()) {
			return false
		}
	}
	return true
}

// add makes a record the latest, in place of that for the same shapes, or of the oldest.
func (s *records) add(rec *record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := func(old *record) bool { return slices.EqualFunc(old.inputs, rec.inputs, slices.Equal[[]int]) }
	s.all = slices.Insert(slices.DeleteFunc(slices.Clone(s.all), same), 0, rec)
	s.all = s.all[:min(len(s.all), maxRecords)]
}

// setRoles finds the nodes of a graph whose results depend on shapes alone. Graphs within its
// nodes keep theirs, since a loop's are evaluated again and again.
func (b *builder) setRoles(g *graph) {
	settled := slices.Clone(b.constant)
	for _, n := range g.nodes {
		if !n.isPure || len(n.outputs) == 0 || slices.Contains(n.outputs, absent) {
			continue
		}
		if name := n.op.name; n.op.domain == "" && (name == "Shape" || name == "Size") {
			n.role = root
			settled[n.outputs[0]] = true
			continue
		}
		if len(n.inputs) == 0 || slices.ContainsFunc(n.inputs, func(slot int) bool { return slot != absent && !settled[slot] }) ||
			!slices.ContainsFunc(n.inputs, func(slot int) bool { return slot != absent && !b.constant[slot] }) {
			continue
		}
		n.role = derived
		for _, slot := range n.outputs {
			settled[slot] = true
		}
	}
}

// recollection is what a run has from a record, and notes for the next one.
type recollection struct {
	record *record // nil if there is none
	strays bool    // a shape was another than the record's: nothing of it counts any more
	fresh  bool    // something was computed that the record does not have
	seen   []int   // slots of results that were computed or taken
	shapes map[int][]int
}

// begin gives a run the values that are known.
func (r *run) begin(inputs []Value) {
	known := r.model.values
	if r.memory.record = r.model.records.find(inputs); r.memory.record != nil {
		known = r.memory.record.values
	}
	copy(r.values, known)
}

// recall reports whether the results of a node, which is no computed one, are there already.
func (r *run) recall(n *node) bool {
	m, slot := &r.memory, n.outputs[0]
	if m.strays || m.record == nil || !m.record.kept[slot] {
		return false
	}
	if n.role == root && !slices.Equal(r.values[n.inputs[0]].Shape(), m.record.shapes[slot]) {
		m.strays = true
		return false
	}
	m.seen = append(m.seen, n.outputs...)
	return true
}

// note remembers the results of a node.
func (r *run) note(n *node) {
	m := &r.memory
	m.fresh = true
	m.seen = append(m.seen, n.outputs...)
	if n.role == root {
		if m.shapes == nil {
			m.shapes = map[int][]int{}
		}
		m.shapes[n.outputs[0]] = slices.Clone(r.values[n.inputs[0]].Shape())
	}
}

// remember makes a record of a run that computed something new.
func (r *run) remember(inputs []Value) {
	m := &r.memory
	if !m.fresh {
		return
	}
	rec := &record{values: slices.Clone(r.model.values), kept: make([]bool, len(r.values)), shapes: map[int][]int{}}
	for _, v := range inputs {
		rec.inputs = append(rec.inputs, slices.Clone(v.Shape()))
	}
	if m.record != nil && !m.strays {
		for slot, kept := range m.record.kept {
			if kept {
				rec.kept[slot], rec.values[slot], rec.shapes[slot] = true, m.record.values[slot], m.record.shapes[slot]
			}
		}
	}
	for _, slot := range m.seen {
		if r.values[slot].Size() > maxKept {
			continue
		}
		rec.kept[slot], rec.values[slot] = true, r.values[slot]
		if shape, ok := m.shapes[slot]; ok {
			rec.shapes[slot] = shape
		} else if m.record != nil {
			rec.shapes[slot] = m.record.shapes[slot]
		}
	}
	r.model.records.add(rec)
}
