// Package gradcheck proves gradients right, or shows where they are wrong: it
// compares what a backward pass computes with finite differences of the forward
// computation. Use it on every hand-written [autograd.Function], and on whole
// models.
//
//	func TestMyOperation(t *testing.T) {
//		gradcheck.Test(t, func(xs []autograd.Variable) autograd.Variable {
//			return myOperation.Apply(xs[0], xs[1])
//		}, x, w)
//	}
//
// # Method
//
// Everything is computed in float64. The derivative with respect to each element of
// each input is estimated by the central six-point formula
//
//	f′(x) ≈ [¾(f(x+h)−f(x−h)) − 3⁄20(f(x+2h)−f(x−2h)) + 1⁄60(f(x+3h)−f(x−3h))] / h
//
// with h ≈ 10⁻³·max(1, |x|), whose error is of order h⁶, and again with h/2. How far
// the two estimates, and those from either side of x alone, are apart tells how good
// they are; where they disagree other steps are tried. An analytic entry is wrong if it
// differs from a good estimate by more than 10⁻⁷ of its size and what rounding can
// explain. Where no step gives a good estimate, as at a kink, at the edge of the
// domain or in noise, the entry is reported as unreliable, not as wrong, unless it is
// off by far more than the doubt.
//
// A small Jacobian is checked entry by entry. A large one (more than 10⁴ entries) is
// checked along random directions, vᵀJu with normally distributed u and v, and in a
// few single entries; an error found that way is traced to its elements by bisection.
//
// Besides, a check finds out whether the function is deterministic, the backward pass
// gives the same bits twice, is linear in the upstream gradient, gives exactly zero for
// a zero upstream gradient, has the shape and type of the inputs, and leaves inputs and
// upstream gradients unmodified.
//
// With [Config.SecondOrder] the gradient itself, as a function of the inputs and of
// the upstream gradient, is checked the same way.
//
// # Float32
//
// Differences of float32 values prove little. [CheckFloat32] runs the same program in
// float32 and in float64 at the same inputs and compares the gradients within a small
// multiple of the precision of float32.
//
// What lives here: checks and their reports. What does not: the derivatives
// themselves (package autograd).
package gradcheck
