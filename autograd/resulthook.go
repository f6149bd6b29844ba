package autograd

// ResultHook sees the results of layers while they are computed on a tape: what package nn
// makes of functions by the names of modules. The tape only carries it.
type ResultHook interface {
	// Result takes the place of y, which is the result of what of stands for; it may be y.
	Result(of any, y Variable) Variable
}

// SetResultHook gives the tape a hook, or takes it away if h is nil. It stays over Reset,
// and [Checkpoint] computes with it both times.
func (t *Tape) SetResultHook(h ResultHook) { t.hook = h }

// ResultHook is the tape's hook, nil if it has none.
func (t *Tape) ResultHook() ResultHook { return t.hook }
