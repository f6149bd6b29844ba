package simd

// EverySecond sets rows of dst to every second element of rows of src: dst[i·dstRow+j] = src[i·srcRow+2j],
// for n elements of a row. dst and src must not overlap.
func EverySecond[T Float](dst []T, dstRow int, src []T, srcRow, rows, n int) {
	if rows <= 0 || n <= 0 {
		return
	}
	if want := extent(rows, dstRow, n, 1); len(dst) < want {
		panicLength("EverySecond", "dst", len(dst), want)
	}
	if want := extent(rows, srcRow, n, 2); len(src) < want {
		panicLength("EverySecond", "src", len(src), want)
	}
	everySecond(dst, dstRow, src, srcRow, rows, n)
}

func everySecondGeneric[T Float](dst []T, dstRow int, src []T, srcRow, rows, n int) {
	for i := range rows {
		row := src[i*srcRow:][:2*n-1]
		to := dst[i*dstRow:][:n]
		for j := range to {
			to[j] = row[2*j]
		}
	}
}

// Alternate sets rows of n elements to those of two matrices in turn, or adds them: dst[i·dstRow+2j] =
// even[i·evenRow+j], dst[i·dstRow+2j+1] = odd[i·oddRow+j]. dst must not overlap the others.
func Alternate[T Float](dst []T, dstRow int, even []T, evenRow int, odd []T, oddRow, rows, n int, accumulate bool) {
	if rows <= 0 || n <= 0 {
		return
	}
	for _, m := range []struct {
		name        string
		n, row, col int
	}{{"dst", len(dst), dstRow, n}, {"even", len(even), evenRow, (n + 1) / 2}, {"odd", len(odd), oddRow, n / 2}} {
		if want := extent(rows, m.row, m.col, 1); m.n < want {
			panicLength("Alternate", m.name, m.n, want)
		}
	}
	alternate(dst, dstRow, even, evenRow, odd, oddRow, rows, n, accumulate)
}

func alternateGeneric[T Float](dst []T, dstRow int, even []T, evenRow int, odd []T, oddRow, rows, n int, accumulate bool) {
	for i := range rows {
		to := dst[i*dstRow:][:n]
		for j := range to {
			from := even[min(i*evenRow, len(even)):]
			if j%2 == 1 {
				from = odd[min(i*oddRow, len(odd)):]
			}
			if v := from[j/2]; accumulate {
				to[j] += v
			} else {
				to[j] = v
			}
		}
	}
}
