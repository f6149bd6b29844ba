package autograd_test

import (
	"math"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

// Special functions without a form in complex numbers, against values computed from their series
// with sixty digits, on both sides of where one method gives way to another.
func TestSpecialFunctions(t *testing.T) {
	for _, test := range []struct {
		name string
		f    func(v) v
		x    float64
		want []float64 // the value, and derivatives as far as given
	}{
		{"I0e", v.I0e, 0.5, []float64{0.6450352704491501}},
		{"I0e", v.I0e, 39.5, []float64{0.063680100828389916}},
		{"I0e", v.I0e, 40.5, []float64{0.06288397125805982}},
		{"I0e", v.I0e, 200, []float64{0.028227159949111916}},
		{"I1e", v.I1e, -39.5, []float64{-0.062868787292556932}},
		{"I1e", v.I1e, -60, []float64{-0.05117963018902872}},
		{"Erfcx", v.Erfcx, -2, []float64{108.94090438997797}},
		{"Erfcx", v.Erfcx, 0.25, []float64{0.77034654773099676}},
		{"Erfcx", v.Erfcx, 0.99, []float64{0.43033121306414829}},
		{"Erfcx", v.Erfcx, 1.01, []float64{0.42486681431119999}},
		{"Erfcx", v.Erfcx, 1.999, []float64{0.25550251459057793}},
		{"Erfcx", v.Erfcx, 5, []float64{0.11070463773306863}},
		{"Erfcx", v.Erfcx, 30, []float64{0.018795888861416751}},
		{"LogNormalCDF", v.LogNormalCDF, -40, []float64{-804.6084420137538, 40.024968847207262, -0.99937733162140863}},
		{"LogNormalCDF", v.LogNormalCDF, -5, []float64{-15.064998393988725, 5.1865039671258417, -0.96730356538288775}},
		{"LogNormalCDF", v.LogNormalCDF, -1.01, []float64{-1.8563130623431785, 1.5331501328895347, -0.80206769576076808}},
		{"LogNormalCDF", v.LogNormalCDF, -0.99, []float64{-1.8258103178428124, 1.5171321125926174, -0.79972905559304686}},
		{"LogNormalCDF", v.LogNormalCDF, 0.5, []float64{-0.3689464152886564, 0.50916043383703347, -0.51382456430363288}},
		{"LogNormalCDF", v.LogNormalCDF, 3, []float64{-0.0013508099647481938, 0.0044378390421256639, -0.013333211541740806}},
		// sinc at 0: (−1)ᵐ·π²ᵐ/(2m+1) for derivatives of even order.
		{"Sinc", v.Sinc, 0, []float64{1, 0, -math.Pi * math.Pi / 3, 0, math.Pow(math.Pi, 4) / 5}},
	} {
		tape := autograd.NewTape(autograd.TapeConfig{})
		x := tape.Watch(autograd.Scalar(test.x))
		y := test.f(x)
		for order, want := range test.want {
			if order > 0 {
				y = autograd.Grad(y, x)[0]
			}
			if got := y.Item(); !(math.Abs(got-want) <= 4e-14*math.Abs(want)) {
				t.Errorf("%s: derivative %d at %g is %.17g, want %.17g (off by %.1g)", test.name, order, test.x, got, want, math.Abs(got/want-1))
			}
		}
	}
}
