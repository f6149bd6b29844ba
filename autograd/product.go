package autograd

import (
	"fmt"
	"slices"
)

// Products of vectors, matrices and arrays, made of MatMul and Mul.

// Outer is the outer product of two vectors: [m] and [n] give [m, n]. It panics with
// [*ShapeError] for anything else.
func Outer(x, y Variable) Variable {
	a, b := x.check("outer"), y.check("outer")
	if len(a.Shape) != 1 || len(b.Shape) != 1 {
		panic(&ShapeError{"outer", shapesOf(a, b), "expected two vectors"})
	}
	join("outer", &x, &y)
	return x.Unsqueeze(1).Mul(y)
}

// Dot is the inner product Σ x·y of two vectors of equal size, a scalar. It panics with
// [*ShapeError] for anything else.
func Dot(x, y Variable) Variable {
	a, b := x.check("dot"), y.check("dot")
	if len(a.Shape) != 1 || len(b.Shape) != 1 {
		panic(&ShapeError{"dot", shapesOf(a, b), "expected two vectors"})
	}
	return x.MatMul(y)
}

// VecDot is the inner products Σ x·y along axis, broadcasting.
func VecDot(x, y Variable, axis int) Variable { return x.Mul(y).Sum(axis) }

// Cross is the cross product of vectors of three elements along axis, broadcasting. It panics
// with [*ShapeError] if the axis has another size.
func Cross(x, y Variable, axis int) Variable {
	a, b := x.check("cross"), y.check("cross")
	for _, n := range []*node{a, b} {
		if n.Shape[resolveAxis("cross", axis, len(n.Shape))] != 3 {
			panic(&ShapeError{"cross", shapesOf(a, b), "expected three elements along the axis"})
		}
	}
	next, previous := []int{1, 2, 0}, []int{2, 0, 1}
	return x.IndexSelect(axis, next).Mul(y.IndexSelect(axis, previous)).
		Sub(x.IndexSelect(axis, previous).Mul(y.IndexSelect(axis, next)))
}

// Kron is the Kronecker product: every element of x times all of y. Axes of size 1 are put in
// front of the one that has fewer.
func Kron(x, y Variable) Variable {
	a, b := x.check("kron"), y.check("kron")
	rank := max(len(a.Shape), len(b.Shape))
	var left, right, shape []int
	for i := range rank {
		m, n := 1, 1
		if k := i - rank + len(a.Shape); k >= 0 {
			m = a.Shape[k]
		}
		if k := i - rank + len(b.Shape); k >= 0 {
			n = b.Shape[k]
		}
		left, right, shape = append(left, m, 1), append(right, 1, n), append(shape, m*n)
	}
	return x.Reshape(left...).Mul(y.Reshape(right...)).Reshape(shape...)
}

// Vander is the Vandermonde matrix of the vectors x [..., n]: row i has the powers 0 … powers−1 of
// element i, [..., n, powers]. It panics with [*ValueError] unless powers is positive.
func (x Variable) Vander(powers int) Variable {
	in := x.check("vander")
	if powers < 1 || len(in.Shape) == 0 {
		panic(&ValueError{"vander", fmt.Sprintf("%d powers of an operand of rank %d", powers, len(in.Shape))})
	}
	shape := append(append([]int{}, in.Shape...), powers-1)
	ones := x.full(1, append(append([]int{}, in.Shape...), 1)...)
	return Concat(-1, ones, x.Unsqueeze(-1).BroadcastTo(shape...)).CumProd(-1)
}

// TensorDot is the sum of products over pairs of axes, of x and of y: xAxes[i] and yAxes[i], which
// have equal sizes. The result has the other axes of x and then those of y. It panics with
// [*ShapeError] if the sizes differ.
func TensorDot(x, y Variable, xAxes, yAxes []int) Variable {
	const op = "tensordot"
	a, b := x.check(op), y.check(op)
	if len(xAxes) != len(yAxes) {
		panic(&ValueError{op, fmt.Sprintf("%d axes and %d axes", len(xAxes), len(yAxes))})
	}
	xFree, xSum, xSize := freeAxes(op, a, xAxes)
	yFree, ySum, ySize := freeAxes(op, b, yAxes)
	for i := range xSum {
		if a.Shape[xSum[i]] != b.Shape[ySum[i]] {
			panic(&ShapeError{op, shapesOf(a, b), fmt.Sprintf("axes %d and %d differ in size", xSum[i], ySum[i])})
		}
	}
	join(op, &x, &y)
	var shape []int
	for _, axis := range xFree {
		shape = append(shape, a.Shape[axis])
	}
	left := len(shape)
	for _, axis := range yFree {
		shape = append(shape, b.Shape[axis])
	}
	m := x.Permute(append(xFree, xSum...)...).Reshape(sizeOf(shape[:left]), xSize)
	n := y.Permute(append(ySum, yFree...)...).Reshape(ySize, sizeOf(shape[left:]))
	return matmul(m, n, false, false).Reshape(shape...)
}

// freeAxes divides axes into those that are not named and those that are, with the number of
// elements along these.
func freeAxes(op string, n *node, named []int) (free, sum []int, size int) {
	if len(named) > 0 {
		resolveAxes(op, named, len(n.Shape))
	}
	size = 1
	for _, axis := range named {
		axis = resolveAxis(op, axis, len(n.Shape))
		sum = append(sum, axis)
		size *= n.Shape[axis]
	}
	for axis := range n.Shape {
		if !slices.Contains(sum, axis) {
			free = append(free, axis)
		}
	}
	return free, sum, size
}

// MultiDot is the product of several matrices, in the order of multiplication that takes the
// fewest operations. The first may be a vector, which is a row, and the last one, which is a
// column. It panics with [*ShapeError] if the sizes do not fit.
func MultiDot(xs ...Variable) Variable {
	const op = "multi dot"
	nodes := checkAll(op, xs)
	xs = joined(op, xs)
	sizes := make([]int, len(xs)+1)
	last := len(xs) - 1
	for i, n := range nodes {
		switch {
		case len(n.Shape) == 2:
		case len(n.Shape) == 1 && i == 0 && last > 0:
			xs[i] = xs[i].Unsqueeze(0)
		case len(n.Shape) == 1 && i == last:
			xs[i] = xs[i].Unsqueeze(1)
		default:
			panic(&ShapeError{op, shapesOf(nodes...), "expected matrices, or a vector for the first or last"})
		}
		sizes[i], sizes[i+1] = xs[i].Dim(0), xs[i].Dim(1)
	}
	y := product(xs, cheapest(sizes), 0, last)
	if len(nodes[last].Shape) == 1 {
		y = y.Squeeze(1)
	}
	if len(nodes[0].Shape) == 1 && last > 0 {
		y = y.Squeeze(0)
	}
	return y
}

// cheapest is for each range i … j of matrices, of sizes[i] rows, where to divide it so that
// multiplying it takes the fewest operations.
func cheapest(sizes []int) [][]int {
	n := len(sizes) - 1
	cost, split := make([][]float64, n), make([][]int, n)
	for i := range n {
		cost[i], split[i] = make([]float64, n), make([]int, n)
	}
	for length := 1; length < n; length++ {
		for i := 0; i+length < n; i++ {
			j := i + length
			cost[i][j] = -1
			for k := i; k < j; k++ {
				c := cost[i][k] + cost[k+1][j] + float64(sizes[i])*float64(sizes[k+1])*float64(sizes[j+1])
				if cost[i][j] < 0 || c < cost[i][j] {
					cost[i][j], split[i][j] = c, k
				}
			}
		}
	}
	return split
}

// product multiplies matrices i … j.
func product(xs []Variable, split [][]int, i, j int) Variable {
	if i == j {
		return xs[i]
	}
	k := split[i][j]
	return product(xs, split, i, k).MatMul(product(xs, split, k+1, j))
}
