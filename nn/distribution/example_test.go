package distribution_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/distribution"
)

func s(x float64) autograd.Variable { return autograd.Scalar(x) }

func ExampleNormal() {
	d := distribution.NewNormal(s(1), s(2))
	fmt.Printf("%.4f\n", d.LogProb(autograd.New([]float64{1, 3})))
	fmt.Printf("between %.2f and %.2f in 95 of 100 cases\n", d.Quantile(s(0.025)).Item(), d.Quantile(s(0.975)).Item())
	// Output:
	// float64 [2]
	// [-1.6121 -2.1121]
	// between -2.92 and 4.92 in 95 of 100 cases
}

func ExampleNormal_RSample() {
	tape := autograd.NewTape(autograd.TapeConfig{Seed: 1})
	mean, std := tape.Watch(s(3)), tape.Watch(s(0.5))
	z := distribution.NewNormal(mean, std).RSample(tape.Rand(), 200_000)
	grads := z.Square().Mean().Backward() // E z² = μ² + σ², with derivatives 2μ and 2σ
	fmt.Printf("%.1f %.1f\n", grads.Of(mean).Item(), grads.Of(std).Item())
	// Output:
	// 6.0 1.0
}

func ExampleMultivariateNormal() {
	covariance := autograd.New([]float64{2, 1, 1, 2}, 2, 2)
	d := distribution.NewMultivariateNormal(autograd.New([]float64{0, 1}), covariance.Cholesky())
	fmt.Printf("%.4f %.4f\n", d.LogProb(autograd.New([]float64{0, 1})).Item(), d.Entropy().Item())
	// Output:
	// -2.3872 3.3872
}

func ExampleBernoulli() {
	d := distribution.NewBernoulli(s(0.8).Logit())
	fmt.Printf("%.1f %.4f\n", d.Mean().Item(), d.Entropy().Item())
	fmt.Println(d.Sample(rand.New(rand.NewPCG(3, 0)), 8).Floats())
	// Output:
	// 0.8 0.5004
	// [0 1 1 1 1 1 1 1]
}

func ExampleCategorical() {
	d := distribution.NewCategorical(autograd.New([]float64{0.2, 0.5, 0.3}).Log())
	fmt.Printf("%.4f\n", d.LogProb(s(1)).Exp().Item())
	fmt.Println(d.Sample(rand.New(rand.NewPCG(1, 0)), 8).Floats())
	// Output:
	// 0.5000
	// [1 1 0 1 2 1 0 0]
}

func ExampleBeta() {
	d := distribution.NewBeta(s(9), s(3)) // after 8 successes and 2 failures
	fmt.Printf("%.2f ± %.2f\n", d.Mean().Item(), d.Variance().Sqrt().Item())
	// Output:
	// 0.75 ± 0.12
}

func ExampleGamma_RSample() {
	tape := autograd.NewTape(autograd.TapeConfig{Seed: 1})
	concentration := tape.Watch(s(2))
	x := distribution.NewGamma(concentration, s(4)).RSample(tape.Rand(), 5000)
	fmt.Printf("%.2f\n", x.Mean().Backward().Of(concentration).Item()) // of α/β: 1/4
	// Output:
	// 0.25
}

func ExampleLaplace() {
	d := distribution.NewLaplace(s(0), s(1))
	fmt.Printf("%.4f %.4f\n", d.LogProb(s(2)).Item(), d.CDF(s(2)).Item())
	// Output:
	// -2.6931 0.9323
}

func ExampleUniform() {
	d := distribution.NewUniform(s(0), autograd.New([]float64{1, 4}))
	fmt.Printf("%.4f\n", d.LogProb(s(2)).Exp()) // of each of the batch
	// Output:
	// float64 [2]
	// [0.0000 0.2500]
}

func ExampleMixture() {
	weights := distribution.NewCategorical(autograd.New([]float64{0.3, 0.7}).Log())
	each := distribution.NewNormal(autograd.New([]float64{-2, 2}), s(1))
	d := distribution.NewMixture(weights, each)
	fmt.Printf("%.2f %.2f\n", d.Mean().Item(), d.Variance().Item())
	fmt.Printf("%.3f\n", d.Responsibilities(s(-0.2)))
	// Output:
	// 0.80 4.36
	// float64 [2]
	// [0.488 0.512]
}

func ExampleKL() {
	q := distribution.NewNormal(autograd.New([]float64{0, 1}), autograd.New([]float64{1, 0.5}))
	prior := distribution.NewNormal(s(0), s(1))
	fmt.Printf("%.4f\n", distribution.KL(q, prior))
	// Output:
	// float64 [2]
	// [0.0000 0.8181]
}

func ExampleHasKL() {
	normal, beta := distribution.NewNormal(s(0), s(1)), distribution.NewBeta(s(2), s(2))
	fmt.Println(distribution.HasKL(beta, normal), distribution.HasKL(normal, beta))
	// Output:
	// true false
}

func ExampleEstimateKL() {
	weights := distribution.NewCategorical(autograd.New([]float64{0.3, 0.7}).Log())
	mixture := distribution.NewMixture(weights, distribution.NewNormal(autograd.New([]float64{-2, 2}), s(1)))
	wide := distribution.NewNormal(mixture.Mean(), mixture.Variance().Sqrt())
	fmt.Printf("%.2f\n", distribution.EstimateKL(rand.New(rand.NewPCG(1, 0)), mixture, wide, 20_000).Item())
	// Output:
	// 0.18
}
