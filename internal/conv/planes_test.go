package conv

import (
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// kept is planes that are kept all the same.
type kept[F simd.Float] struct {
	size int
	data []F
}

func (k *kept[F]) Take(first int, planes []F) { copy(k.data[first*k.size:], planes) }
func (k *kept[F]) Give(first int, planes []F) { copy(planes, k.data[first*k.size:]) }

// Results and gradients that go by planes are those that do not, to the bit.
func TestPlanesAreTheSame(t *testing.T) {
	t.Run("float32", testPlanes[float32])
	t.Run("float64", testPlanes[float64])
}

func testPlanes[F simd.Float](t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which would empty the pools
	special := flat(4, 16, 16, 1, 16, 16, 3, 3, 1, 1, 1)
	for i, s := range append(allShapes(), special) {
		if !s.toPlanes() {
			continue
		}
		x, w, g := operands[F](&s)
		if i == len(allShapes()) { // by tiles, but not where there are infinities
			x[(16+3)*256+5*16+7], g[(16+2)*256+4*16+4] = F(1e30)*F(1e30), F(1e30)*F(1e30)
		}
		bias := random[F](rand.New(rand.NewPCG(7, 8)), s.Out)
		for _, accumulate := range []bool{false, true} {
			y, dx, dw := make([]F, len(g)), slices.Clone(x), slices.Clone(w)
			Forward(s, y, x, w, bias, accumulate)
			InputGradient(s, dx, g, w, nil, accumulate)
			WeightGradient(s, dw, x, g, accumulate)
			result := &kept[F]{volume(s.Count), make([]F, len(g))}
			gradient := &kept[F]{volume(s.Count), g}
			dx2, dw2 := slices.Clone(x), slices.Clone(w)
			ForwardTo(s, result, x, w, bias, accumulate)
			InputGradientOf(s, dx2, gradient, w, accumulate)
			WeightGradientOf(s, dw2, x, gradient, accumulate)
			for _, pair := range []struct {
				name      string
				got, want []F
			}{{"result", result.data, y}, {"gradient of the images", dx2, dx}, {"gradient of the weights", dw2, dw}} {
				if !slices.EqualFunc(pair.got, pair.want, func(a, b F) bool { return a == b || a != a && b != b }) {
					t.Errorf("%+v, accumulate %v: the %s differs", s, accumulate, pair.name)
				}
			}
			if accumulate && !race.Enabled {
				n := testing.AllocsPerRun(10, func() { // a collection may empty the pools meanwhile
					ForwardTo(s, result, x, w, bias, true)
					InputGradientOf(s, dx2, gradient, w, true)
					WeightGradientOf(s, dw2, x, gradient, true)
				})
				if n != 0 {
					t.Errorf("%+v: %v allocations", s, n)
				}
			}
		}
	}
}
