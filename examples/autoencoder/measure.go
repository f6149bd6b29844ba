package main

import (
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// features are numbers that stand for images, [n, features], with their classes: of images to
// learn from, and of others.
type features struct {
	train, test             autograd.Variable
	trainLabels, testLabels []int
}

// penalties of the weights among which each probe has the one that serves it best.
var penalties = []float64{1e-4, 1e-3, 1e-2, 1e-1}

// probe is the accuracy on test images of logistic regression that knows the classes of 50
// images, five of each class: the mean over so many draws of the 50.
func (f features) probe(draws int, seed uint64) (float64, error) {
	f = f.standardized()
	best := 0.0
	for _, penalty := range penalties {
		rng, sum := rand.New(rand.NewPCG(seed, 1)), 0.0 // the same draws for each penalty
		for range draws {
			accuracy, err := f.regression(fiveOfEach(rng, f.trainLabels), penalty)
			if err != nil {
				return 0, err
			}
			sum += accuracy
		}
		best = max(best, sum/float64(draws))
	}
	return best, nil
}

// regression is logistic regression on some of the examples.
func (f features) regression(chosen []int, penalty float64) (accuracy float64, err error) {
	labels := make([]int, len(chosen))
	for i, c := range chosen {
		labels[i] = f.trainLabels[c]
	}
	x := f.train.IndexSelect(0, chosen)
	model := nn.NewLinear(nil, x.Dim(1), classes, nn.LinearConfig{Init: nn.Zeros})
	tape := autograd.NewTape(autograd.TapeConfig{})
	_, err = optim.NewLBFGS(nn.Params(model), optim.LBFGSConfig{}).Minimize(func() (float64, autograd.Gradients) {
		tape.Reset()
		loss := nn.CrossEntropyLoss(model.Forward(tape.Const(x)), labels)
		loss = loss.Add(tape.Watch(model.Weight).Square().Sum().MulScalar(penalty))
		return loss.Item(), loss.Backward()
	})
	if err != nil {
		return 0, err
	}
	right := 0
	for i, class := range model.Forward(f.test).ArgMax(-1) {
		if class == f.testLabels[i] {
			right++
		}
	}
	return float64(right) / float64(len(f.testLabels)), nil
}

// standardized are features with the mean 0, and the variance 1 in the mean over them: what
// scale a representation has does not matter for the penalty.
func (f features) standardized() features {
	mean := f.train.Mean(0)
	scale := 1 / math.Sqrt(f.train.Sub(mean).Square().Mean().Item())
	f.train, f.test = f.train.Sub(mean).MulScalar(scale), f.test.Sub(mean).MulScalar(scale)
	return f
}

// fiveOfEach draws five examples of each class.
func fiveOfEach(rng *rand.Rand, labels []int) []int {
	var chosen []int
	var count [classes]int
	for _, i := range rng.Perm(len(labels)) {
		if class := labels[i]; count[class] < 5 {
			count[class]++
			chosen = append(chosen, i)
		}
	}
	return chosen
}

// purity is the fraction of examples whose class is the most frequent one of their cluster, of
// ten that k-means finds without knowing classes: by the best of so many starts.
func (f features) purity(starts int, seed uint64) float64 {
	rng := rand.New(rand.NewPCG(seed, 2))
	best, pure := math.Inf(1), 0.0
	for range starts {
		if cluster, inertia := kMeans(rng, f.train, classes); inertia < best {
			best, pure = inertia, purityOf(cluster, f.trainLabels)
		}
	}
	return pure
}

// kMeans finds k centers by the method of Lloyd, from starts as k-means++ draws them (Arthur and
// Vassilvitskii 2007). It returns the center next to each row of x [n, features], and the
// sum of squared distances.
func kMeans(rng *rand.Rand, x autograd.Variable, k int) (cluster []int, inertia float64) {
	n := x.Dim(0)
	centers := x.IndexSelect(0, []int{rng.IntN(n)})
	for centers.Dim(0) < k {
		square := autograd.CDist(x, centers, 2).Min(1).Square().Floats()
		total := 0.0
		for _, s := range square {
			total += s
		}
		next, u := 0, rng.Float64()*total
		for u > square[next] && next < n-1 {
			u -= square[next]
			next++
		}
		centers = autograd.Concat(0, centers, x.IndexSelect(0, []int{next}))
	}
	for range 100 {
		distances := autograd.CDist(x, centers, 2)
		cluster, inertia = distances.ArgMin(1), distances.Min(1).Square().Sum().Item()
		member := autograd.OneHot(x.DType(), cluster, k)
		size := member.Sum(0).Unsqueeze(1)
		means := member.T().MatMul(x).Div(size.Clamp(1, math.MaxFloat32))
		moved := means.Sub(centers).Norm().Item()
		if centers = means; moved < 1e-4 {
			break
		}
	}
	return cluster, inertia
}

func purityOf(cluster, labels []int) float64 {
	count := map[[2]int]int{}
	for i, c := range cluster {
		count[[2]int{c, labels[i]}]++
	}
	right := 0
	for c := range classes {
		most := 0
		for class := range classes {
			most = max(most, count[[2]int{c, class}])
		}
		right += most
	}
	return float64(right) / float64(len(labels))
}
