package nn_test

import (
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// mixed is a model with parameters of both types.
type mixed struct{ single, double autograd.Variable }

func (m mixed) Forward(x autograd.Variable) autograd.Variable { return x }

func (m mixed) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Weight("single", m.single), nn.Weight("double", m.double))
}

func TestSummary(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	shared := nn.NewLinear(rng, 3, 3, nn.LinearConfig{NoBias: true})
	for _, test := range []struct {
		name  string
		model nn.Layer
		input []int
		rows  []nn.LayerSummary
		total string
	}{
		{"shared layer", nn.Sequential{shared, nn.Sequential{shared, nn.Softmax{}}}, []int{3}, []nn.LayerSummary{
			{Name: "0", Type: "Linear", Output: []int{1, 3}, Params: 9},
			{Name: "1.0", Type: "Linear", Output: []int{1, 3}, Params: 9},
			{Name: "1.1", Type: "Softmax", Output: []int{1, 3}},
		}, "Parameters: 9 (36 B)"},
		{"both types", mixed{
			autograd.Parameter(autograd.Zeros(autograd.Float32, 2, 128)), autograd.Parameter(autograd.Zeros(autograd.Float64, 256)),
		}, []int{2, 5}, []nn.LayerSummary{{Type: "mixed", Output: []int{1, 2, 5}, Params: 512}}, "Parameters: 512 (3.00 KiB)"},
		{"no layers", nn.Sequential{}, nil, nil, "Parameters: 0 (0 B)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var text strings.Builder
			rows, err := nn.Summary(&text, test.model, test.input...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.rows, rows); diff != "" {
				t.Errorf("rows differ (-want +got):\n%s", diff)
			}
			if !strings.Contains(text.String(), test.total+"\n") {
				t.Errorf("expected %q in\n%s", test.total, text.String())
			}
		})
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestSummaryErrors(t *testing.T) {
	model := nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{2, 1}})
	var shapeError *autograd.ShapeError
	if rows, err := nn.Summary(io.Discard, model, 3); !errors.As(err, &shapeError) || rows != nil {
		t.Errorf("got %v, %v for an input of the wrong size, want a ShapeError", rows, err)
	}
	if rows, err := nn.Summary(brokenWriter{}, model, 2); !errors.Is(err, io.ErrClosedPipe) || len(rows) != 1 {
		t.Errorf("got %v, %v from a broken writer, want its error beside the rows", rows, err)
	}
}
