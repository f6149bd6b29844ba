package nn

import (
	"fmt"
	"iter"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// LayerNormConfig configures [NewLayerNorm]. The zero value is PyTorch's default.
type LayerNormConfig struct {
	Eps      float64        // added to the variance; 0 means 1e-5, None 0
	NoAffine bool           // leave weight and bias out
	NoBias   bool           // leave the bias out
	DType    autograd.DType // Float32 by default
}

// LayerNorm normalizes each example by itself over the last axes (Ba et al. 2016):
//
//	y = (x − mean)/√(variance + eps)·weight + bias
//
// Its parameters are named "weight" and "bias".
type LayerNorm struct {
	Weight, Bias autograd.Variable // of the shape that is normalized; zero Variables without them

	shape []int
	eps   float64
}

// NewLayerNorm is a LayerNorm over last axes of the given shape, with weight 1 and bias 0.
// It panics with [*autograd.ValueError] unless there are axes and all are positive.
func NewLayerNorm(shape []int, config LayerNormConfig) *LayerNorm {
	const op = "nn.NewLayerNorm"
	l := &LayerNorm{shape: normalizedShape(op, shape), eps: number(op, "Eps", config.Eps, 1e-5)}
	if !config.NoAffine {
		l.Weight = autograd.Parameter(autograd.Ones(config.DType, shape...))
		if !config.NoBias {
			l.Bias = autograd.Parameter(autograd.Zeros(config.DType, shape...))
		}
	}
	return l
}

// normalizedShape is a copy of the shape of the axes that a layer normalizes.
func normalizedShape(op string, shape []int) []int {
	if len(shape) == 0 || slices.Min(shape) < 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the shape is %v, expected positive sizes", shape)})
	}
	return slices.Clone(shape)
}

// Parts yields weight and bias.
func (l *LayerNorm) Parts() iter.Seq2[string, Part] {
	return Parts(Weight("weight", l.Weight), Weight("bias", l.Bias))
}

// Forward normalizes x [..., shape…]. It panics with [*autograd.ShapeError] if x has
// other last axes.
func (l *LayerNorm) Forward(x autograd.Variable) autograd.Variable {
	defer in(l)
	checkLast("nn.LayerNorm", x, l.shape)
	if (l.Weight != autograd.Variable{}) || len(l.shape) == 1 {
		return Hooked(l, autograd.LayerNorm(x, l.Weight, l.Bias, l.eps))
	}
	return Hooked(l, autograd.LayerNorm(x.Flatten(-len(l.shape)), l.Weight, l.Bias, l.eps).Reshape(x.Shape()...))
}

// checkLast panics unless x has the given last axes.
func checkLast(op string, x autograd.Variable, shape []int) {
	fits := x.Rank() >= len(shape)
	for i := 0; fits && i < len(shape); i++ {
		fits = x.Dim(i-len(shape)) == shape[i]
	}
	if !fits {
		panic(shapeError(op, fmt.Sprintf("expected last axes %v", shape), x))
	}
}

// RMSNormConfig configures [NewRMSNorm]. The zero value is PyTorch's default.
type RMSNormConfig struct {
	Eps      float64        // added to the mean square; 0 means the precision of DType, 2⁻²³ or 2⁻⁵², None 0
	NoAffine bool           // leave the weight out
	DType    autograd.DType // Float32 by default
}

// RMSNorm divides by the root of the mean square over the last axes (Zhang and Sennrich
// 2019):
//
//	y = x/√(mean(x²) + eps)·weight
//
// Its parameter is named "weight".
type RMSNorm struct {
	Weight autograd.Variable // of the shape that is normalized; the zero Variable without it

	shape []int
	eps   float64
}

// NewRMSNorm is an RMSNorm over last axes of the given shape, with weight 1. It panics
// with [*autograd.ValueError] unless there are axes and all are positive.
func NewRMSNorm(shape []int, config RMSNormConfig) *RMSNorm {
	const op = "nn.NewRMSNorm"
	precision := 0x1p-23
	if config.DType == autograd.Float64 {
		precision = 0x1p-52
	}
	l := &RMSNorm{shape: normalizedShape(op, shape), eps: number(op, "Eps", config.Eps, precision)}
	if !config.NoAffine {
		l.Weight = autograd.Parameter(autograd.Ones(config.DType, shape...))
	}
	return l
}

// Parts yields weight.
func (l *RMSNorm) Parts() iter.Seq2[string, Part] { return Parts(Weight("weight", l.Weight)) }

// Forward normalizes x [..., shape…]. It panics with [*autograd.ShapeError] if x has
// other last axes.
func (l *RMSNorm) Forward(x autograd.Variable) autograd.Variable {
	defer in(l)
	checkLast("nn.RMSNorm", x, l.shape)
	if (l.Weight != autograd.Variable{}) || len(l.shape) == 1 {
		return Hooked(l, autograd.RMSNorm(x, l.Weight, l.eps))
	}
	return Hooked(l, autograd.RMSNorm(x.Flatten(-len(l.shape)), l.Weight, l.eps).Reshape(x.Shape()...))
}
