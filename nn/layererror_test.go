package nn_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// An error says in which layer it happened, by the path that its parameters have too.
func TestErrorsNameTheLayer(t *testing.T) {
	rng := newRand(1)
	linear := func(in, out int) *nn.Linear { return nn.NewLinear(rng, in, out, nn.LinearConfig{}) }
	inner := &twoLayers{linear(4, 4), nn.NewBatchNorm2d(4, nn.BatchNormConfig{})}
	shared := linear(3, 2)
	for _, test := range []struct {
		name  string
		model nn.Layer
		says  string
	}{
		{"in a Sequential", nn.Sequential{linear(2, 4), nn.ReLU{}, linear(3, 3)}, "2 (Linear): autograd: linear of [4 4] and [3 3]"},
		{"in a Sequential within", nn.Sequential{linear(2, 4), nn.Sequential{nn.ReLU{}, linear(3, 3)}}, "1.1 (Linear): "},
		{"in a layer of one's own", nn.Sequential{linear(2, 4), nn.Sequential{inner}}, "1.0.bn1 (BatchNorm2d): autograd: nn.BatchNorm2d of [4 4]"},
		{"a layer of one's own alone", &twoLayers{linear(2, 4), nn.NewBatchNorm2d(4, nn.BatchNormConfig{})}, "bn1 (BatchNorm2d): "},
		{"a layer without identity", nn.Sequential{nn.Sequential{nn.Func(func(x v) v { return x.Reshape(7) })}, linear(2, 3)}, "0.0 (Func): autograd: reshape"},
		{"the second use of a layer", nn.Sequential{linear(2, 3), shared, shared}, "2 (Linear): "},
		{"a frozen one", nn.Sequential{nn.Frozen(nn.Sequential{linear(2, 3), linear(4, 4)}), linear(4, 3)}, "0.1 (Linear): "},
		{"the model itself", linear(3, 3), "nn: Fit: training data: batch 0: Linear: autograd: linear of"},
	} {
		t.Run(test.name, func(t *testing.T) {
			set := blobs(1, 4)
			_, err := nn.Fit(context.Background(), test.model, set, nn.FitConfig{})
			var shapeError *autograd.ShapeError
			var layerError *nn.LayerError
			if !errors.As(err, &shapeError) || !errors.As(err, &layerError) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Fit: got %v, expected %q", err, test.says)
			}
			if _, err := nn.Predict(context.Background(), test.model, set, nn.PredictConfig{}); !errors.As(err, &layerError) || layerError.Path == "" && !strings.Contains(test.name, "itself") {
				t.Errorf("Predict: got %v", err)
			}
			// Alone, as far as it is known.
			err = autograd.Try(func() { test.model.Forward(autograd.New(set.X.Float32s, 4, 2)) })
			if !errors.As(err, &layerError) || layerError.Path != "" || strings.Contains(err.Error(), "()") {
				t.Errorf("Forward: got %v", err)
			}
		})
	}
	defer func() {
		if r := recover(); r != "mine" {
			t.Errorf("a panic of another kind came through as %v", r)
		}
	}()
	nn.Sequential{nn.Func(func(v) v { panic("mine") })}.Forward(autograd.Ones(double, 1))
}

// twoLayers is a layer of one's own.
type twoLayers struct {
	conv *nn.Linear
	bn   *nn.BatchNorm2d
}

func (l *twoLayers) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("conv1", l.conv), nn.Sub("bn1", l.bn))
}

func (l *twoLayers) Forward(x autograd.Variable) autograd.Variable {
	return l.bn.Forward(l.conv.Forward(x))
}

// The layer where numbers are no longer finite is found if that is asked for.
func TestAnomaliesNameTheLayer(t *testing.T) {
	rng := newRand(1)
	root := nn.Func(func(x v) v { return x.SubScalar(1e6).Sqrt() })
	model := nn.Sequential{nn.NewLinear(rng, 2, 4, nn.LinearConfig{}), nn.Sequential{nn.ReLU{}, root}, nn.NewLinear(rng, 4, 3, nn.LinearConfig{})}
	_, err := nn.Fit(context.Background(), model, blobs(1, 8), nn.FitConfig{DetectAnomaly: true})
	var anomaly *autograd.AnomalyError
	if !errors.As(err, &anomaly) || !strings.Contains(err.Error(), "nn: epoch 0, step 0: 1.1 (Func): ") || !strings.Contains(err.Error(), "sqrt") {
		t.Errorf("got %v", err)
	}
	_, err = nn.Fit(context.Background(), model, blobs(1, 8), nn.FitConfig{})
	var notFinite *nn.NonFiniteError
	if !errors.As(err, &notFinite) {
		t.Errorf("without being asked for: got %v", err)
	}
}
