package host

import "slices"

// vector is the elements of an array, of a kind only it knows: a generic type stands behind
// each, so that what is computed with is the Go type itself.
type vector interface {
	len() int
	at(i int) int64
	set(i int, x int64) // loses upper bits
	clone() vector
	pick(positions []int) vector
	place(positions []int, src vector, combine Op)
	combine(op Op, y vector) vector    // of equal length, or y has one element
	compare(op Op, y vector) of[uint8] // likewise
	reduce(op Op, inner []int, outer []int) vector
}

// of is a vector of elements of one Go type.
type of[T Integer] []T

func makeVector(kind Kind, n int) vector {
	switch kind {
	case Int8:
		return make(of[int8], n)
	case Int16:
		return make(of[int16], n)
	case Int32:
		return make(of[int32], n)
	case Int64:
		return make(of[int64], n)
	case Uint16:
		return make(of[uint16], n)
	case Uint32:
		return make(of[uint32], n)
	case Uint64:
		return make(of[uint64], n)
	}
	return make(of[uint8], n)
}

func (v of[T]) kind() Kind {
	switch any(v).(type) {
	case of[int8]:
		return Int8
	case of[int16]:
		return Int16
	case of[int32]:
		return Int32
	case of[int64]:
		return Int64
	case of[uint16]:
		return Uint16
	case of[uint32]:
		return Uint32
	case of[uint64]:
		return Uint64
	}
	return Uint8
}

func (v of[T]) len() int           { return len(v) }
func (v of[T]) at(i int) int64     { return int64(v[i]) }
func (v of[T]) set(i int, x int64) { v[i] = T(x) }
func (v of[T]) clone() vector      { return slices.Clone(v) }

func (v of[T]) pick(positions []int) vector {
	y := make(of[T], len(positions))
	for i, p := range positions {
		if p >= 0 {
			y[i] = v[p]
		}
	}
	return y
}

func (v of[T]) place(positions []int, src vector, combine Op) {
	s := src.(of[T])
	for i, p := range positions {
		if combine == Replace {
			v[p] = s[i]
		} else {
			v[p] = apply(combine, v[p], s[i])
		}
	}
}

func (v of[T]) combine(op Op, y vector) vector {
	w := y.(of[T])
	z := make(of[T], len(v))
	if len(w) == 1 {
		for i, a := range v {
			z[i] = apply(op, a, w[0])
		}
		return z
	}
	for i, a := range v {
		z[i] = apply(op, a, w[i])
	}
	return z
}

func (v of[T]) compare(op Op, y vector) of[uint8] {
	w := y.(of[T])
	z := make(of[uint8], len(v))
	for i, a := range v {
		b := w[0]
		if len(w) > 1 {
			b = w[i]
		}
		if holds(op, a, b) {
			z[i] = 1
		}
	}
	return z
}

// reduce combines, for each of the outer positions, the elements at that position plus each of
// the inner ones, of which there is at least one.
func (v of[T]) reduce(op Op, inner []int, outer []int) vector {
	y := make(of[T], len(outer))
	for i, base := range outer {
		sum := v[base+inner[0]]
		for _, p := range inner[1:] {
			sum = apply(op, sum, v[base+p])
		}
		y[i] = sum
	}
	return y
}
