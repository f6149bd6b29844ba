package nn

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// Linear is a fully connected layer, y = x·Wᵀ + b: of x [..., in] it makes
// [..., out]. Its parameters are named "weight" and "bias". As a [Module] it may be
// used by several goroutines at once, each with its own tape.
type Linear struct {
	Weight autograd.Variable // [out, in], as PyTorch stores it
	Bias   autograd.Variable // [out]; the zero Variable for none
}

// LinearConfig configures [NewLinear]. The zero value is a layer of float32 with a
// bias.
type LinearConfig struct {
	NoBias   bool           // leave the bias out
	Init     Initializer    // of the weight; nil means GlorotUniform
	BiasInit Initializer    // of the bias; nil means Zeros
	DType    autograd.DType // Float32 by default
}

// NewLinear is a Linear layer with weights drawn from rng: those of the weight first,
// then those of the bias. It panics with [*autograd.ValueError] unless in and out are
// positive.
func NewLinear(rng *rand.Rand, in, out int, config LinearConfig) *Linear {
	if in < 1 || out < 1 {
		panic(&autograd.ValueError{Op: "nn.NewLinear", Reason: fmt.Sprintf("%d inputs and %d outputs: expected positive numbers", in, out)})
	}
	l := &Linear{Weight: autograd.Parameter(autograd.Zeros(config.DType, out, in))}
	orInit(config.Init, GlorotUniform)(rng, l.Weight, in, out)
	if !config.NoBias {
		l.Bias = autograd.Parameter(autograd.Zeros(config.DType, out))
		orInit(config.BiasInit, Zeros)(rng, l.Bias, in, out)
	}
	return l
}

// Forward is x·Wᵀ + b for x [..., in], of shape [..., out]. It panics with
// [*autograd.ShapeError] if x has another last axis or none, and with
// [*autograd.DTypeError] if x is not of the weight's type.
func (l *Linear) Forward(x autograd.Variable) autograd.Variable {
	defer in(l)
	return Hooked(l, autograd.Linear(x, l.Weight, l.Bias))
}

// Parts yields weight and bias.
func (l *Linear) Parts() iter.Seq2[string, Part] {
	return Parts(Weight("weight", l.Weight), Weight("bias", l.Bias))
}
