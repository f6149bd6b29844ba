package autograd_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

func ExampleVariable_Log10() {
	fmt.Println(autograd.New([]float64{0.01, 1, 1000}).Log10())
	// Output:
	// float64 [3]
	// [-2  0  3]
}

func ExampleVariable_Exp2() {
	fmt.Println(autograd.New([]float64{-1, 0, 10}).Exp2())
	// Output:
	// float64 [3]
	// [   0.5    1   1024  ]
}

func ExampleVariable_Logit() {
	fmt.Println(autograd.New([]float64{0.25, 0.5, 0.75}).Logit().Sigmoid())
	// Output:
	// float64 [3]
	// [0.25 0.5  0.75]
}

func ExampleVariable_Entr() {
	fmt.Println(autograd.New([]float64{0, 0.5, 1}).Entr())
	// Output:
	// float64 [3]
	// [ 0       0.3466 -0     ]
}

func ExampleXlogy() {
	x, y := autograd.New([]float64{0, 2}), autograd.New([]float64{0, 1})
	fmt.Println(autograd.Xlogy(x, y))
	// Output:
	// float64 [2]
	// [0 0]
}

func ExampleXlog1py() {
	x, y := autograd.New([]float64{0, 2}), autograd.New([]float64{-1, 0})
	fmt.Println(autograd.Xlog1py(x, y))
	// Output:
	// float64 [2]
	// [0 0]
}

func ExampleVariable_Sinc() {
	fmt.Println(autograd.New([]float64{0, 0.5, 1.5}).Sinc())
	// Output:
	// float64 [3]
	// [ 1       0.6366 -0.2122]
}

func ExampleVariable_Erfcx() {
	fmt.Println(autograd.New([]float64{0, 1, 100}).Erfcx())
	// Output:
	// float64 [3]
	// [1        0.4276   0.005642]
}

func ExampleVariable_NormalCDF() {
	fmt.Println(autograd.New([]float64{-1.96, 0, 1.96}).NormalCDF())
	// Output:
	// float64 [3]
	// [0.025 0.5   0.975]
}

func ExampleVariable_LogNormalCDF() {
	fmt.Println(autograd.New([]float64{-40, 0, 1}).LogNormalCDF())
	// Output:
	// float64 [3]
	// [-804.6      -0.6931   -0.1728]
}

func ExampleVariable_NormalQuantile() {
	fmt.Println(autograd.New([]float64{0.025, 0.5, 0.975}).NormalQuantile())
	// Output:
	// float64 [3]
	// [-1.96  0     1.96]
}

func ExampleVariable_I0() {
	fmt.Println(autograd.New([]float64{0, 1, 2}).I0())
	// Output:
	// float64 [3]
	// [1     1.266 2.28 ]
}

func ExampleVariable_I1() {
	fmt.Println(autograd.New([]float64{0, 1, 2}).I1())
	// Output:
	// float64 [3]
	// [0      0.5652 1.591 ]
}

func ExampleVariable_I0e() {
	fmt.Println(autograd.New([]float64{0, 1, 1000}).I0e())
	// Output:
	// float64 [3]
	// [1       0.4658  0.01262]
}

func ExampleVariable_I1e() {
	fmt.Println(autograd.New([]float64{0, 1, 1000}).I1e())
	// Output:
	// float64 [3]
	// [0       0.2079  0.01261]
}

func ExampleVariable_MvLgamma() {
	fmt.Println(autograd.New([]float64{1, 2, 3}).MvLgamma(2))
	// Output:
	// float64 [3]
	// [1.145  0.4516 1.55  ]
}

func ExampleLogBeta() {
	x, y := autograd.New([]float64{1, 2}), autograd.New([]float64{1, 3})
	fmt.Println(autograd.LogBeta(x, y))
	// Output:
	// float64 [2]
	// [ 0     -2.485]
}

func ExampleBeta() {
	x, y := autograd.New([]float64{1, 2}), autograd.New([]float64{1, 3})
	fmt.Println(autograd.Beta(x, y))
	// Output:
	// float64 [2]
	// [1       0.08333]
}

func ExampleGammaInc() {
	x, y := autograd.New([]float64{1, 1, 2}), autograd.New([]float64{0.5, 1, 2})
	fmt.Println(autograd.GammaInc(x, y))
	// Output:
	// float64 [3]
	// [0.3935 0.6321 0.594 ]
}

func ExampleGammaIncC() {
	x, y := autograd.New([]float64{1, 1, 2}), autograd.New([]float64{0.5, 1, 2})
	fmt.Println(autograd.GammaIncC(x, y))
	// Output:
	// float64 [3]
	// [0.6065 0.3679 0.406 ]
}
