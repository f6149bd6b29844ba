package autograd

import "github.com/chainrule-go/chainrule/internal/tensor"

// Func is a differentiable function of Variables, written with operations. The
// transformations [ValueAndGrad], [VJP], [JVP], [HVP], [Jacobian], [Hessian] and
// [Checkpoint] give it Variables on a tape; others it captures must be parameters,
// constants, or on the same tape.
//
// A transformation evaluates its Func on the tape of its arguments if they are on one, and
// then its results are recorded there and can be differentiated further, so that
// transformations nest; else on a tape of its own, and then its results are constants. A tape
// that does not record ([TapeConfig].NoGrad) does so for the transformation's sake, and the
// results are constants on it. It panics with [*TapeError] if its arguments are on two tapes. Where the result does not
// depend on an argument, derivatives with respect to that are zero, save for
// [ValueAndGrad].
type Func func(xs []Variable) Variable

// evaluation is one run of a Func for a transformation.
type evaluation struct {
	tape *Tape
	own  bool    // the tape was made for this run
	lent bool    // the tape does not record otherwise, and does for this run
	xs   []*node // the Func's arguments
	y    *node   // its result
}

func evaluate(op string, f Func, xs []Variable) *evaluation {
	nodes := checkAll(op, xs)
	e := &evaluation{tape: jointTape(op, nodes)}
	switch {
	case e.tape == nil:
		e.tape, e.own = NewTape(TapeConfig{}), true
	case e.tape.noGrad:
		e.lent, e.tape.noGrad, e.tape.recording = true, false, true
	}
	defer func() {
		if e.y == nil { // f panicked
			e.end()
		}
	}()
	args := make([]Variable, len(xs))
	e.xs = make([]*node, len(xs))
	for i, n := range nodes {
		e.xs[i] = e.tape.alias(n)
		args[i] = e.xs[i].variable()
	}
	y := e.tape.bring(f(args).check(op))
	if y.tape != e.tape { // a constant
		y = e.tape.view(y, y.Shape)
	}
	e.y = y
	return e
}

// end makes a tape that was lent what it was.
func (e *evaluation) end() {
	if e.lent {
		e.tape.noGrad, e.tape.recording = true, false
	}
}

// give is a result as the caller gets it.
func (e *evaluation) give(v Variable) Variable {
	switch {
	case e.own:
		return v.Clone()
	case e.lent:
		return v.Detach()
	}
	return v
}

func (e *evaluation) giveAll(vs []Variable) []Variable {
	for i, v := range vs {
		vs[i] = e.give(v)
	}
	return vs
}

// scalar panics unless the result has one element.
func (e *evaluation) scalar(op string) {
	if e.y.Len() != 1 {
		panic(&ShapeError{op, shapesOf(e.y), "expected a function whose result has one element"})
	}
}

// arguments are what the Func was called with.
func (e *evaluation) arguments() []Variable {
	xs := make([]Variable, len(e.xs))
	for i, x := range e.xs {
		xs[i] = x.variable()
	}
	return xs
}

// zerosLike is a constant of zeros of n's shape on the tape.
func (e *evaluation) zerosLike(n *node) Variable {
	z := e.tape.array(n.DType, n.Shape)
	tensor.Fill(&z.Array, 0)
	return z.variable()
}

// grads are the gradients with respect to the arguments.
func (e *evaluation) grads(op string, y *node, upstream Variable) []Variable {
	xs := e.arguments()
	if !y.tracked {
		for i, x := range e.xs {
			xs[i] = e.zerosLike(x)
		}
		return xs
	}
	return y.gradients(op, upstream, xs, 0, !e.own && !e.lent)
}

// ValueAndGrad is f's value at xs, which must have one element, and its gradient
// with respect to each of xs. It panics with [*ShapeError] if the value has more elements,
// and with [*TapeError] if it does not depend on one of xs; [GradConfig] allows that.
func ValueAndGrad(f Func, xs ...Variable) (value Variable, grads []Variable) {
	return GradConfig{}.ValueAndGrad(f, xs...)
}

// ValueAndGrad is [ValueAndGrad] as configured, and panics as that does.
func (c GradConfig) ValueAndGrad(f Func, xs ...Variable) (value Variable, grads []Variable) {
	e := evaluate("ValueAndGrad", f, xs)
	defer e.end()
	e.scalar("ValueAndGrad")
	if !c.AllowUnused {
		e.y.checkUsed("ValueAndGrad", e.arguments())
	}
	grads = e.grads("ValueAndGrad", e.y, Variable{})
	return e.give(e.y.variable()), e.giveAll(grads)
}

// VJP is f's value at xs and the vector–Jacobian product uᵀ·J: the gradient of
// Σ u·f with respect to each of xs. u has the shape and element type of f's value, or VJP
// panics with [*ShapeError] or [*DTypeError].
func VJP(f Func, xs []Variable, u Variable) (value Variable, grads []Variable) {
	e := evaluate("VJP", f, xs)
	defer e.end()
	checkUpstream("VJP", e.y, u.check("VJP"))
	grads = e.grads("VJP", e.y, u)
	return e.give(e.y.variable()), e.giveAll(grads)
}

// JVP is f's value at xs and the Jacobian–vector product J·t: the derivative of f
// in the direction where each x changes by its tangent t. It is computed in forward
// mode, by tangent rules that every operation has beside its backward rule. It panics with
// [*ShapeError] or [*DTypeError] if a tangent does not fit its x, and with [*ValueError] if
// there is not one for each, or an operation has no tangent rule, as a [Function] may.
func JVP(f Func, xs, tangents []Variable) (value, tangent Variable) {
	e := evaluate("JVP", f, xs)
	defer e.end()
	tangent = e.jvp("JVP", tangents)
	return e.give(e.y.variable()), e.give(tangent)
}

func (e *evaluation) jvp(op string, tangents []Variable) Variable {
	ts := checkAll(op, tangents)
	checkTangents(op, e.xs, ts)
	on := make([]Variable, len(ts))
	for i, n := range ts {
		on[i] = tangents[i]
		if n.tape == nil {
			on[i] = e.tape.Const(tangents[i])
		}
	}
	t := e.tape.tangentOf(e.y, e.xs, on)
	if t.n == nil {
		return e.zerosLike(e.y)
	}
	return t
}

// HVP is the Hessian–vector product H·v of f at xs, whose value must have one
// element: the derivative of the gradient in the direction v, one array for each
// x. It is the gradient of the tangent f′(x)·v, and costs about two gradients. It panics
// as [JVP] does, and with [*ShapeError] if f's value has more elements.
func HVP(f Func, xs, v []Variable) []Variable {
	e := evaluate("HVP", f, xs)
	defer e.end()
	e.scalar("HVP")
	tangent := e.jvp("HVP", v)
	return e.giveAll(e.grads("HVP", tangent.n, Variable{}))
}

// Jacobian is the matrix of all first derivatives of f at x: J[i…, j…] = ∂fᵢ/∂xⱼ,
// of shape [f's shape…, x's shape…]. It runs one backward pass for each element of
// f's value, or, where x has fewer elements, one forward pass for each of those.
func Jacobian(f func(x Variable) Variable, x Variable) Variable {
	e := evaluate("Jacobian", func(xs []Variable) Variable { return f(xs[0]) }, []Variable{x})
	defer e.end()
	shape := append(append([]int{}, e.y.Shape...), e.xs[0].Shape...)
	var rows Variable
	if e.xs[0].Len() < e.y.Len() {
		rows = e.columns().T()
	} else {
		rows = e.rows(e.y)
	}
	return e.give(rows.Reshape(shape...))
}

// rows are the gradients of the elements of y, [y's size, x's size].
func (e *evaluation) rows(y *node) Variable {
	return e.stack(y, e.xs[0], func(unit Variable) Variable {
		return e.grads("Jacobian", y, unit)[0]
	})
}

// columns are the derivatives by the elements of x, [x's size, y's size].
func (e *evaluation) columns() Variable {
	return e.stack(e.xs[0], e.y, func(unit Variable) Variable {
		return e.jvp("Jacobian", []Variable{unit})
	})
}

// stack calls f with each unit array of from's shape and stacks the results, of
// to's shape, as rows. On a tape of its own each result is copied out and its
// temporaries are let go before the next.
func (e *evaluation) stack(from, to *node, f func(unit Variable) Variable) Variable {
	rows := make([]Variable, from.Len())
	if len(rows) == 0 {
		return Zeros(to.DType, 0, to.Len())
	}
	mark := e.tape.Mark()
	for i := range rows {
		unit := e.zerosLike(from)
		unit.n.Set(i, 1)
		rows[i] = f(unit).Reshape(1, to.Len())
		if e.own {
			rows[i] = rows[i].Clone()
			e.tape.Rewind(mark)
		}
	}
	return Concat(0, rows...)
}

// Hessian is the matrix of all second derivatives of f at x: H[i…, j…] =
// ∂²f/∂xᵢ∂xⱼ, of shape [x's shape…, x's shape…]. f's value must have one element.
// The gradient is recorded once, and one backward pass runs for each element of x. It
// panics with [*ShapeError] if f's value has more elements.
func Hessian(f func(x Variable) Variable, x Variable) Variable {
	e := evaluate("Hessian", func(xs []Variable) Variable { return f(xs[0]) }, []Variable{x})
	defer e.end()
	e.scalar("Hessian")
	shape := append(append([]int{}, e.xs[0].Shape...), e.xs[0].Shape...)
	gradient := e.zerosLike(e.xs[0])
	if e.y.tracked {
		gradient = GradConfig{AllowUnused: true}.Grad(e.y.variable(), e.xs[0].variable())[0]
	}
	return e.give(e.rows(gradient.n).Reshape(shape...))
}

// PerExampleGrad is the gradient of f for each example of a batch by itself:
// f(example) has one element, batch is [n, …], and the result for each of params is
// [n, param's shape…]. It runs one backward pass for each example. batch is on no tape,
// params are parameters that f uses; the results are constants. It panics with
// [*ShapeError] if batch has no axis, and otherwise as [Variable.Backward] does.
func PerExampleGrad(f func(example Variable) Variable, batch Variable, params ...Variable) []Variable {
	b := batch.check("PerExampleGrad")
	if len(b.Shape) == 0 {
		panic(&ShapeError{"PerExampleGrad", shapesOf(b), "expected a batch [n, …]"})
	}
	results := make([]Variable, len(params))
	for j, w := range params {
		n := w.check("PerExampleGrad")
		results[j] = Zeros(n.DType, append([]int{b.Shape[0]}, n.Shape...)...)
	}
	tape := NewTape(TapeConfig{})
	for i := range b.Shape[0] {
		example := tape.Const(batch.Slice(0, i, i+1).Reshape(b.Shape[1:]...))
		grads := f(example).Backward(params...)
		for j, w := range params {
			row := results[j].Slice(0, i, i+1)
			row.CopyFrom(grads.Of(w).Reshape(row.Shape()...))
		}
		tape.Reset()
	}
	return results
}
