package tensor

import (
	"math"
	"testing"
)

// normSet is the elements of x, by position, that are normalized together, and which
// element of w and b each has.
type normSet struct{ at, weight []int }

// normalized is the plain formulas: y, dx, gw, gb. Where there are means and variances, they
// are taken as given.
func normalized(x, w, b, g []float64, sets []normSet, eps float64, center bool, means, variances []float64) (y, dx, gw, gb []float64) {
	y, dx = make([]float64, len(x)), make([]float64, len(x))
	gw, gb = make([]float64, len(w)), make([]float64, len(b))
	for k, set := range sets {
		average := func(f func(i, j int) float64) float64 { // with the error of Kahan's sum
			var sum, lost float64
			for j, i := range set.at {
				v := f(i, j) - lost
				next := sum + v
				lost, sum = next-sum-v, next
			}
			return sum / float64(len(set.at))
		}
		var mean, c1, c2 float64
		switch {
		case means != nil:
			mean = means[k]
		case center && len(set.at) > 0:
			mean = x[set.at[0]] + average(func(i, _ int) float64 { return x[i] - x[set.at[0]] })
		}
		variance := average(func(i, _ int) float64 { return (x[i] - mean) * (x[i] - mean) })
		if variances != nil {
			variance = variances[k]
		}
		scale := 1 / math.Sqrt(variance+eps)
		if variance+eps == 0 {
			scale = 0
		}
		if means == nil {
			c2 = average(func(i, j int) float64 { return g[i] * w[set.weight[j]] * (x[i] - mean) * scale })
			if center {
				c1 = average(func(i, j int) float64 { return g[i] * w[set.weight[j]] })
			}
		}
		for j, i := range set.at {
			at, unit := set.weight[j], (x[i]-mean)*scale
			y[i] = unit*w[at] + b[at]
			gw[at] += g[i] * unit
			gb[at] += g[i]
			dx[i] = scale * (g[i]*w[at] - c1 - unit*c2)
		}
	}
	return y, dx, gw, gb
}

// rowSets is the sets of a layer norm, channelSets those of Channels.
func rowSets(rows, n int) (sets []normSet) {
	for r := range rows {
		var s normSet
		for k := range n {
			s.at, s.weight = append(s.at, r*n+k), append(s.weight, k)
		}
		sets = append(sets, s)
	}
	return sets
}

func channelSets(c Channels) []normSet {
	sets := make([]normSet, c.Sets())
	for n := range c.Batch {
		for channel := range c.Channels {
			set := channel
			if c.Groups > 0 {
				set = n*c.Groups + channel/(c.Channels/c.Groups)
			}
			for k := range c.Size {
				sets[set].at = append(sets[set].at, (n*c.Channels+channel)*c.Size+k)
				sets[set].weight = append(sets[set].weight, channel)
			}
		}
	}
	return sets
}

// gradientCases are cases of a gradient that is set, added to, or not wanted.
func gradientCases(what string, run func(r *random, dx *Array, accumulate bool) (x, gw, gb *Array, wantX, wantW, wantB []float64)) (cases []testCase) {
	for _, accumulate := range []bool{false, true} {
		cases = append(cases, testCase{name(what, " dx accumulate=", accumulate), func(r *random) (*Array, []float64) {
			dx, _, _, want, _, _ := run(r, r.garbage(0), accumulate)
			return dx, want
		}})
	}
	return append(cases, testCase{what + " gw", func(r *random) (*Array, []float64) {
		_, gw, _, _, want, _ := run(r, nil, false)
		return gw, want
	}}, testCase{what + " gb", func(r *random) (*Array, []float64) {
		_, _, gb, _, _, want := run(r, nil, false)
		return gb, want
	}})
}

// normOperands are x, w, b and g; x has a set of equal elements at its start.
func normOperands(r *random, size, weights, equal int) (x, w, b, g *Array) {
	x, w, b, g = r.array(size), r.array(weights), r.array(weights), r.array(size)
	for i := range min(equal, size) {
		x.Set(i, 0.3)
	}
	return x, w, b, g
}

func TestLayerNorm(t *testing.T) {
	var cases []testCase
	for _, s := range []struct{ rows, n int }{{1, 1}, {3, 4}, {0, 5}, {3, 0}, {7, 33}, {300, 129}, {3, 9000}, {90, 1000}} {
		for _, center := range []bool{true, false} {
			for _, eps := range []float64{0, 1e-3} {
				what := name(s, " center=", center, " eps=", eps)
				sets := rowSets(s.rows, s.n)
				formulas := func(x, w, b, g *Array) (y, dx, gw, gb []float64) {
					return normalized(valuesOf(x), valuesOf(w), valuesOf(b), valuesOf(g), sets, eps, center, nil, nil)
				}
				cases = append(cases, testCase{"LayerNorm" + what, func(r *random) (*Array, []float64) {
					x, w, b, g := normOperands(r, s.rows*s.n, s.n, s.n)
					y := r.garbage(x.Len())
					LayerNorm(y, x, w, b, nil, s.n, eps, center)
					want, _, _, _ := formulas(x, w, b, g)
					return y, want
				}}, testCase{"LayerNorm without weights " + what, func(r *random) (*Array, []float64) {
					x, w, b, g := normOperands(r, s.rows*s.n, s.n, 0)
					Fill(w, 1)
					Fill(b, 0)
					y := r.garbage(x.Len())
					LayerNorm(y, x, &Array{DType: r.dtype}, &Array{DType: r.dtype}, nil, s.n, eps, center)
					want, _, _, _ := formulas(x, w, b, g)
					return y, want
				}})
				cases = append(cases, gradientCases("LayerNormBackward"+what, func(r *random, dx *Array, accumulate bool) (*Array, *Array, *Array, []float64, []float64, []float64) {
					x, w, b, g := normOperands(r, s.rows*s.n, s.n, s.n)
					y, statistics, gw, gb := r.garbage(x.Len()), r.garbage(2, s.rows), r.garbage(s.n), r.garbage(s.n)
					LayerNorm(y, x, w, b, statistics, s.n, eps, center)
					_, wantX, wantW, wantB := formulas(x, w, b, g)
					if dx != nil {
						dx = r.garbage(x.Len())
						if accumulate {
							dx = r.array(x.Len())
							for i := range wantX {
								wantX[i] += dx.At(i)
							}
						}
					}
					LayerNormBackward(dx, gw, gb, g, x, w, statistics, s.n, center, accumulate)
					return dx, gw, gb, wantX, wantW, wantB
				})...)
			}
		}
	}
	runCases(t, cases)
}

func TestChannelNorm(t *testing.T) {
	var cases []testCase
	for _, c := range []Channels{
		{Batch: 2, Channels: 1, Size: 1}, {Batch: 3, Channels: 2, Size: 5}, {Batch: 0, Channels: 2, Size: 5}, {Batch: 20, Channels: 16, Size: 130},
		{Batch: 2, Channels: 3, Size: 9000}, {Batch: 5, Channels: 3, Size: 1}, {Batch: 300, Channels: 50, Size: 1}, {Batch: 70, Channels: 16, Size: 1},
		{Batch: 3, Channels: 4, Size: 5, Groups: 2}, {Batch: 20, Channels: 16, Size: 130, Groups: 16}, {Batch: 2, Channels: 6, Size: 3000, Groups: 2},
		{Batch: 2, Channels: 6, Size: 1, Groups: 2}, {Batch: 0, Channels: 6, Size: 4, Groups: 2}, {Batch: 0, Channels: 40, Size: 1}, {Batch: 2, Channels: 3, Size: 0}, {Batch: 2, Channels: 4, Size: 0, Groups: 2},
	} {
		for _, fixed := range []bool{false, true} {
			if fixed && c.Groups > 0 {
				continue
			}
			const eps = 1e-3
			what := name(c, " fixed=", fixed)
			sets, size := channelSets(c), c.Batch*c.Channels*c.Size
			// normalize runs the function under test.
			normalize := func(r *random, x, w, b *Array) (y, statistics, variance *Array) {
				y, statistics, variance = r.garbage(x.Len()), r.garbage(2, c.Sets()), r.garbage(c.Sets())
				if !fixed {
					ChannelNorm(y, x, w, b, statistics, variance, c, eps)
					return y, statistics, variance
				}
				for i := range c.Sets() {
					statistics.Set(i, float64(i%3)/4)
					statistics.Set(c.Sets()+i, 0.5+float64(i%2))
				}
				ChannelScale(y, x, w, b, statistics, c)
				return y, statistics, variance
			}
			formulas := func(x, w, b, g, statistics *Array) (y, dx, gw, gb []float64) {
				var means, variances []float64
				for i := 0; fixed && i < c.Sets(); i++ {
					scale := statistics.At(c.Sets() + i)
					means, variances = append(means, statistics.At(i)), append(variances, 1/(scale*scale)-eps)
				}
				return normalized(valuesOf(x), valuesOf(w), valuesOf(b), valuesOf(g), sets, eps, true, means, variances)
			}
			cases = append(cases, testCase{"ChannelNorm" + what, func(r *random) (*Array, []float64) {
				x, w, b, g := normOperands(r, size, c.Channels, c.Size)
				y, statistics, _ := normalize(r, x, w, b)
				want, _, _, _ := formulas(x, w, b, g, statistics)
				return y, want
			}}, testCase{"ChannelNorm without weights" + what, func(r *random) (*Array, []float64) {
				x, w, b, g := normOperands(r, size, c.Channels, 0)
				Fill(w, 1)
				Fill(b, 0)
				y, statistics, _ := normalize(r, x, &Array{DType: r.dtype}, &Array{DType: r.dtype})
				want, _, _, _ := formulas(x, w, b, g, statistics)
				return y, want
			}})
			if !fixed && size > 0 {
				cases = append(cases, testCase{"variances" + what, func(r *random) (*Array, []float64) {
					x, w, b, _ := normOperands(r, size, c.Channels, 0)
					_, statistics, variance := normalize(r, x, w, b)
					want := make([]float64, c.Sets())
					for i, set := range sets {
						for _, at := range set.at {
							want[i] += math.Pow(x.At(at)-statistics.At(i), 2) / float64(len(set.at))
						}
					}
					return variance, want
				}})
			}
			cases = append(cases, gradientCases("ChannelNormBackward"+what, func(r *random, dx *Array, accumulate bool) (*Array, *Array, *Array, []float64, []float64, []float64) {
				x, w, b, g := normOperands(r, size, c.Channels, c.Size)
				_, statistics, _ := normalize(r, x, w, b)
				_, wantX, wantW, wantB := formulas(x, w, b, g, statistics)
				if dx != nil {
					dx = r.garbage(x.Len())
					if accumulate {
						dx = r.array(x.Len())
						for i := range wantX {
							wantX[i] += dx.At(i)
						}
					}
				}
				sums := r.garbage(2, c.Channels)
				ChannelNormBackward(dx, sums, g, x, w, statistics, c, fixed, accumulate)
				gw, gb := sums.View(0, c.Channels, []int{c.Channels}), sums.View(c.Channels, c.Channels, []int{c.Channels})
				return dx, &gw, &gb, wantX, wantW, wantB
			})...)
		}
	}
	runCases(t, cases)
}
