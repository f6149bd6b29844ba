package onnx

import (
	"slices"
	"strings"
)

// dim is factor·symbols: a size that is known has no symbols.
type dim struct {
	factor  int
	symbols string // sorted, each with a space behind it
}

func size(n int) dim { return dim{factor: n} }

// known reports whether the size is n.
func (d dim) known() (n int, ok bool) { return d.factor, d.symbols == "" }

// times is d·e; ok is false where it is larger than a size can be.
func (d dim) times(e dim) (product dim, ok bool) {
	if d.factor != 0 && e.factor > maxElements/d.factor {
		return dim{}, false
	}
	symbols := append(strings.Fields(d.symbols), strings.Fields(e.symbols)...)
	if len(symbols) > maxDimSymbols {
		return dim{}, false
	}
	slices.Sort(symbols)
	product.factor = d.factor * e.factor
	for _, s := range symbols {
		product.symbols += s + " "
	}
	return product, true
}

// maxDimSymbols is the most symbols of a product.
const maxDimSymbols = 8

// over is d/e, if that is a product of what d is one of.
func (d dim) over(e dim) (quotient dim, ok bool) {
	if e.factor < 1 || d.factor%e.factor != 0 {
		return dim{}, false
	}
	symbols := strings.Fields(d.symbols)
	for _, s := range strings.Fields(e.symbols) {
		i := slices.Index(symbols, s)
		if i < 0 {
			return dim{}, false
		}
		symbols = slices.Delete(symbols, i, i+1)
	}
	quotient.factor = d.factor / e.factor
	for _, s := range symbols {
		quotient.symbols += s + " "
	}
	return quotient, true
}

// productOfDims is the product of sizes.
func productOfDims(dims []dim) (product dim, ok bool) {
	product = size(1)
	for _, d := range dims {
		if product, ok = product.times(d); !ok {
			return dim{}, false
		}
	}
	return product, true
}
