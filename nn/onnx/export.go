package onnx

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/durable"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// ExportOpset is the version of the operator set that [Export] writes: the first with layer
// normalization. onnxruntime has it since version 1.12.
const ExportOpset = 17

// ExportInput is an input of a model that is exported: its name, and an example of what the model is
// given. Exactly one of Variable, Tokens and Bytes is set; [Export] computes the model with it,
// and with arrays of other sizes that are made of its elements, so it should be like real data.
type ExportInput struct {
	Name string // in the file; "" means "x", or "x0", "x1", … if there are several inputs

	Variable autograd.Variable // numbers: an input of float32 or float64
	Tokens   []int             // whole numbers, such as tokens or lengths: an input of int64
	Bytes    []byte            // bytes, such as pixels: an input of uint8, of which the model sees byte·Scale + Shift as float32

	Shape        []int   // of Tokens and Bytes; nil means one axis
	Scale, Shift float64 // of Bytes; a Scale of 0 means 1

	// Dynamic names the axes whose size is not that of the example only. Axes of several inputs
	// with the same name have the same size. nil means {0: "batch"}; an empty map means none.
	Dynamic map[int]string
}

// ExportValue is an input as the function that is exported gets it: numbers and bytes as Variable, whole
// numbers as Tokens, in row-major order of Shape.
type ExportValue struct {
	Variable autograd.Variable
	Tokens   []int
	Shape    []int
}

// ExportConfig configures [Export]. The zero value exports a layer as the function of one array
// that its Forward is.
type ExportConfig struct {
	// Forward computes the model's outputs on tape t. nil means the Forward of the model, which
	// has to be a nn.Layer, or for tokens its ForTokens(t, tokens, shape...), or Lookup(t, tokens,
	// shape...) as [nn.Embedding] has. It must be a function of the inputs: the same operations for all values,
	// since the file has those of the example. Numbers that Go code takes out of Variables are
	// constants in the file, or an error if they depend on the inputs.
	Forward func(t *autograd.Tape, in []ExportValue) []autograd.Variable

	Outputs []string // names of the outputs; nil means "y", or "y0", "y1", …

	Name     string            // of the graph; "" means "model"
	Producer string            // producer_name; "" means "chainrule"
	Doc      string            // doc_string of the model
	Metadata map[string]string // metadata_props of the model
}

// Export writes a model as an ONNX file: what it computes in inference, traced on the examples that
// inputs are, with its parameters and buffers under the names of [nn.Params] and [nn.Buffers].
// ir_version is 8, the operator set [ExportOpset]; everything runs in onnxruntime.
//
// The model is computed several times, with other sizes of the axes that ExportInput.Dynamic names and
// other values, and what differs is written down as a function of the sizes; a computation that
// cannot be written so is an error, which names the operation and the layer, and so is an
// operation that ONNX does not have (docs/onnx.md lists both).
//
// Nothing is written if there is an error of the model. Errors of w are returned as they are,
// wrapped.
func Export(w io.Writer, model nn.Module, inputs []ExportInput, config ExportConfig) error {
	data, err := exportBytes(model, inputs, config)
	if err != nil {
		return fmt.Errorf("onnx: Export: %w", err)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("onnx: Export: %w", err)
	}
	return nil
}

// ExportFile is [Export] to a file, which is replaced when the new one is complete.
func ExportFile(path string, model nn.Module, inputs []ExportInput, config ExportConfig) error {
	data, err := exportBytes(model, inputs, config)
	if err == nil {
		err = durable.Replace(durable.OS{}, path, func(w io.Writer) error {
			_, err := w.Write(data)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("onnx: ExportFile: %s: %w", filepath.Clean(path), err)
	}
	return nil
}

// maxExport is the greatest size of a message of protocol buffers.
const maxExport = 1<<31 - 1

func exportBytes(model nn.Module, inputs []ExportInput, config ExportConfig) ([]byte, error) {
	m, err := exportModel(model, inputs, config)
	if err != nil {
		return nil, err
	}
	if size := proto.Size(m); size > maxExport {
		return nil, fmt.Errorf("the file would have %d bytes, more than the format allows, %d", size, maxExport)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// exportModel makes the message of a model.
func exportModel(model nn.Module, inputs []ExportInput, config ExportConfig) (m *onnxpb.ModelProto, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*exportError)
			if !ok {
				panic(r)
			}
			m, err = nil, e
		}
	}()
	t, err := newTracer(model, inputs, config)
	if err != nil {
		return nil, err
	}
	traces, err := t.traces()
	if err != nil {
		return nil, err
	}
	e := newExporter(t, traces)
	graph := e.graph(config)
	m = &onnxpb.ModelProto{
		IrVersion:    proto.Int64(8),
		ProducerName: proto.String(orDefault(config.Producer, "chainrule")),
		OpsetImport:  []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(ExportOpset)}},
		Graph:        graph,
	}
	if config.Doc != "" {
		m.DocString = proto.String(config.Doc)
	}
	for _, key := range slices.Sorted(maps.Keys(config.Metadata)) {
		m.MetadataProps = append(m.MetadataProps, &onnxpb.StringStringEntryProto{Key: proto.String(key), Value: proto.String(config.Metadata[key])})
	}
	return m, nil
}

// exportError is what the rows of the table panic with: exportModel returns it.
type exportError struct {
	op, layer string
	reason    string
}

func (e *exportError) Error() string {
	text := e.reason
	if e.op != "" {
		text = fmt.Sprintf("%s: %s", e.op, text)
	}
	if e.layer != "" {
		text = fmt.Sprintf("layer %s: %s", e.layer, text)
	}
	return text
}

var errNoInputs = errors.New("there are no inputs")

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
