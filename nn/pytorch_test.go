package nn_test

import (
	"bytes"
	"iter"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// Models whose weights PyTorch 1.13 trained, built here of layers of this package and of one's
// own: the names in the files come from composition alone.

// conv2d is a layer of one's own: convolution with a kernel of 3×3.
type conv2d struct {
	weight, bias autograd.Variable
	config       autograd.ConvConfig
}

func newConv2d(in, out int, bias bool, config autograd.ConvConfig) *conv2d {
	c := &conv2d{weight: autograd.Parameter(autograd.Zeros(autograd.Float32, out, in, 3, 3)), config: config}
	if bias {
		c.bias = autograd.Parameter(autograd.Zeros(autograd.Float32, out))
	}
	return c
}

func (c *conv2d) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Weight("weight", c.weight), nn.Weight("bias", c.bias))
}

func (c *conv2d) Forward(x autograd.Variable) autograd.Variable {
	return autograd.Conv2d(x, c.weight, c.bias, c.config)
}

// cnn is a convolutional network with batch normalization.
type cnn struct{ features, classifier nn.Layer }

func newCNN() *cnn {
	rng := newRand(1)
	pool := nn.Func(func(x v) v { return x.MaxPool(autograd.MaxPoolConfig{Kernel: []int{2, 2}}) })
	same := nn.Func(func(x v) v { return x }) // where PyTorch has dropout
	return &cnn{
		nn.Sequential{
			newConv2d(1, 6, true, autograd.ConvConfig{Padding: [2]int{1, 1}}), nn.NewBatchNorm2d(6, nn.BatchNormConfig{}), nn.ReLU{}, pool,
			newConv2d(6, 8, false, autograd.ConvConfig{Stride: [2]int{2, 2}}), nn.NewBatchNorm2d(8, nn.BatchNormConfig{}), nn.ReLU{},
		},
		nn.Sequential{nn.Flatten{}, same, nn.NewLinear(rng, 8*6*6, 10, nn.LinearConfig{})},
	}
}

func (m *cnn) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("features", m.features), nn.Sub("classifier", m.classifier))
}

func (m *cnn) Forward(x autograd.Variable) autograd.Variable {
	return m.classifier.Forward(m.features.Forward(x))
}

// tagger gives each token of a text scores of three tags.
type tagger struct {
	embedding *nn.Embedding
	rnn       *nn.LSTM
	out       *nn.Linear
}

func newTagger() *tagger {
	rng := newRand(1)
	return &tagger{
		nn.NewEmbedding(rng, 20, 6, nn.EmbeddingConfig{}),
		nn.NewLSTM(rng, 6, 5, nn.LSTMConfig{Layers: 2, Bidirectional: true}),
		nn.NewLinear(rng, 10, 3, nn.LinearConfig{}),
	}
}

func (m *tagger) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("embedding", m.embedding), nn.Sub("rnn", m.rnn), nn.Sub("out", m.out))
}

func (m *tagger) tags(t *autograd.Tape, tokens []int, shape ...int) autograd.Variable {
	return m.out.Forward(m.rnn.Forward(m.embedding.Lookup(t, tokens, shape...)))
}

// layerNorm is a layer of one's own.
type layerNorm struct{ weight, bias autograd.Variable }

func newLayerNorm(size int) *layerNorm {
	return &layerNorm{autograd.Parameter(autograd.Ones(autograd.Float32, size)), autograd.Parameter(autograd.Zeros(autograd.Float32, size))}
}

func (l *layerNorm) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Weight("weight", l.weight), nn.Weight("bias", l.bias))
}

func (l *layerNorm) Forward(x autograd.Variable) autograd.Variable {
	return autograd.LayerNorm(x, l.weight, l.bias, 1e-5)
}

// encoderLayer is a layer of a transformer.
type encoderLayer struct {
	attention        *nn.MultiheadAttention
	linear1, linear2 *nn.Linear
	norm1, norm2     *layerNorm
}

func newEncoderLayer(seed uint64, size, heads, hidden int) *encoderLayer {
	rng := newRand(seed)
	return &encoderLayer{
		nn.NewMultiheadAttention(rng, size, heads, nn.MultiheadAttentionConfig{}),
		nn.NewLinear(rng, size, hidden, nn.LinearConfig{}), nn.NewLinear(rng, hidden, size, nn.LinearConfig{}),
		newLayerNorm(size), newLayerNorm(size),
	}
}

func (l *encoderLayer) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("self_attn", l.attention), nn.Sub("linear1", l.linear1), nn.Sub("linear2", l.linear2),
		nn.Sub("norm1", l.norm1), nn.Sub("norm2", l.norm2))
}

func (l *encoderLayer) Forward(x autograd.Variable) autograd.Variable {
	x = l.norm1.Forward(x.Add(l.attention.Forward(x)))
	return l.norm2.Forward(x.Add(l.linear2.Forward(l.linear1.Forward(x).GELU())))
}

// stack is layers under a name of their own.
type stack struct{ nn.Sequential }

func (s stack) Parts() iter.Seq2[string, nn.Part] { return nn.Parts(nn.Sub("layers", s.Sequential)) }

// encoder is a transformer of two layers, between an embedding and a linear layer.
type encoder struct {
	position  autograd.Variable
	embedding *nn.Embedding
	layers    stack
	head      *nn.Linear
}

func newEncoder() *encoder {
	rng := newRand(1)
	return &encoder{
		autograd.Parameter(autograd.Zeros(autograd.Float32, 7, 8)), nn.NewEmbedding(rng, 20, 8, nn.EmbeddingConfig{}),
		stack{nn.Sequential{newEncoderLayer(1, 8, 2, 16), newEncoderLayer(2, 8, 2, 16)}}, nn.NewLinear(rng, 8, 20, nn.LinearConfig{}),
	}
}

func (m *encoder) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Weight("position", m.position), nn.Sub("embedding", m.embedding), nn.Sub("layers", m.layers), nn.Sub("head", m.head))
}

func (m *encoder) scores(t *autograd.Tape, tokens []int, shape ...int) autograd.Variable {
	return m.head.Forward(m.layers.Forward(m.embedding.Lookup(t, tokens, shape...).Add(m.position)))
}

func TestModelsFromPyTorch(t *testing.T) {
	c, l, e := newCNN(), newTagger(), newEncoder()
	tokens := func(x data.Array) []int {
		list := make([]int, len(x.Float64s))
		for i, token := range x.Float64s {
			list[i] = int(token)
		}
		return list
	}
	for _, test := range []struct {
		name    string
		model   nn.Module
		compute func(t *autograd.Tape, x data.Array) v
	}{
		{"cnn_batchnorm", c, func(t *autograd.Tape, x data.Array) v { return c.Forward(t.Float32s(x.Float32s, x.Shape...)) }},
		{"lstm_tagger", l, func(t *autograd.Tape, x data.Array) v { return l.tags(t, tokens(x), x.Shape...) }},
		{"transformer", e, func(t *autograd.Tape, x data.Array) v { return e.scores(t, tokens(x), x.Shape...) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join("testdata", "pytorch", test.name)
			read := func(name string) data.Array {
				array, err := data.ReadNPYFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				return array
			}
			path := filepath.Join(dir, "model.safetensors")
			if err := nn.LoadFile(path, test.model, nn.LoadConfig{}); err != nil {
				t.Fatal(err)
			}
			got, want := test.compute(autograd.NewTape(autograd.TapeConfig{NoGrad: true}), read("input.npy")), read("output.npy")
			if !cmp.Equal(got.Shape(), want.Shape) {
				t.Fatalf("the output is %v, want %v", got.Shape(), want.Shape)
			}
			for i, y := range got.Floats() {
				if !(math.Abs(y-float64(want.Float32s[i])) <= 2e-6) {
					t.Errorf("output %d is %v, in PyTorch %v", i, y, want.Float32s[i])
				}
			}
			// What is saved has the same tensors, in the order of the state_dict but for
			// their width.
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := nn.Inspect(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			ours, err := nn.Inspect(bytes.NewReader(saved(t, test.model, nil)))
			if err != nil {
				t.Fatal(err)
			}
			sort := func(list []nn.TensorInfo) (floats, counters []nn.TensorInfo) {
				for _, tensor := range list {
					if tensor.DType == "I64" {
						counters = append(counters, tensor)
					} else {
						floats = append(floats, tensor)
					}
				}
				return floats, counters
			}
			wantFloats, wantCounters := sort(theirs.Tensors)
			floats, counters := sort(ours.Tensors)
			if diff := cmp.Diff(append(wantCounters, wantFloats...), append(counters, floats...)); diff != "" {
				t.Errorf("tensors (-PyTorch +ours):\n%s", diff)
			}
		})
	}
}
