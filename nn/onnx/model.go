package onnx

import (
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// Config configures how a model is read. The zero value is what one wants.
type Config struct {
	// Trainable says which weights become parameters, by name; the others are constants.
	// nil means all. Weights are the initializers of floating-point numbers; in a file
	// without such, as some programs write them, the results of Constant nodes that have
	// more than one element.
	Trainable func(name string) bool

	// Inference says that the model is to be run only: all weights and running statistics are
	// constants, whatever Trainable says, and Dropout and BatchNormalization do what they do in
	// inference on tapes in training mode too. The model has no parameters and no buffers then,
	// and is faster: batch normalizations become part of convolutions, and matrices lie as the
	// products want them. Gradients flow to its inputs.
	Inference bool

	// ExternalData lets tensors be read from other files than the model's. They must lie in
	// its directory or below.
	ExternalData bool

	// MaxBytes is the most memory that the results of all nodes of one evaluation may take:
	// what a file makes of its inputs may be larger than they are, to any degree. 0 means
	// 4 GiB.
	MaxBytes int64

	asWritten bool // nodes are not put together: what the others are compared with
}

func (c Config) maxBytes() int64 {
	if c.MaxBytes > 0 {
		return c.MaxBytes
	}
	return 4 << 30
}

// Model is a model that was read from an ONNX file. It is an [nn.Module] whose parameters are
// its weights, under the names that the file has for them, and, if it has one input and one
// output of floating-point numbers, an [nn.Layer] to be trained on.
//
// A Model may be used by any number of goroutines, each with a tape of its own, while nobody
// writes to its parameters.
type Model struct {
	file     string
	config   Config
	producer string
	metadata map[string]string

	directory *os.Root // of external data, while the model is opened

	main    *graph
	inputs  []Info
	outputs []Info
	values  []Value // constants, parameters and buffers by slot
	parts   *parts
	buffers map[int]autograd.Variable // running statistics by slot
	fused   map[string]int            // how often there was each of patterns
	runs    sync.Pool                 // *run
	records records
}

// Info is what a file says about an input or output of a model.
type Info struct {
	Name string
	Type DataType
	// Shape has the sizes of the axes. It is nil if the file does not say even how many axes
	// there are, which HasShape tells apart from a scalar.
	Shape    []Dim
	HasShape bool
	// Optional says that an input may be left out, or be the zero Value.
	Optional bool
}

// Dim is the size of an axis of an input or output.
type Dim struct {
	Size int    // −1 if it may be any
	Name string // of a size that may be any, such as "batch"; may be empty
}

// String is the size, its name or "?".
func (d Dim) String() string {
	switch {
	case d.Size >= 0:
		return itoa(d.Size)
	case d.Name != "":
		return d.Name
	}
	return "?"
}

// Open reads the model in a file. The error is an [*Error] if something is wrong with the file,
// an [*UnsupportedError] if it needs something that this package does not have, and of package
// os if the file cannot be read.
func Open(path string, config Config) (*Model, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	m := &Model{file: path, config: config}
	if config.ExternalData {
		m.directory, err = os.OpenRoot(filepath.Dir(path))
		if err != nil {
			return nil, fmt.Errorf("onnx: %w", err)
		}
		defer m.directory.Close()
	}
	return m.parse(data)
}

// Read reads a model as [Open] does. It cannot have external data.
func Read(r io.Reader, config Config) (*Model, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	config.ExternalData = false
	return (&Model{config: config}).parse(data)
}

func (m *Model) parse(data []byte) (*Model, error) {
	var p onnxpb.ModelProto
	if err := proto.Unmarshal(data, &p); err != nil {
		return nil, &Error{Place: Place{File: m.file}, Reason: "this is no ONNX file, or damaged", Err: err}
	}
	err := autograd.Try(func() { m.build(&p, len(data)) })
	if err != nil {
		return nil, placed(err, Place{File: m.file}, 0)
	}
	m.directory = nil
	return m, nil
}

// foldBytes is how much memory results of constants may take beyond four times the file's.
const foldBytes = 64 << 20

func (m *Model) build(p *onnxpb.ModelProto, size int) {
	if p.GetGraph() == nil {
		failf("there is no graph: this is no ONNX model")
	}
	m.producer = p.GetProducerName()
	m.metadata = map[string]string{}
	for _, entry := range p.GetMetadataProps() {
		m.metadata[entry.GetKey()] = entry.GetValue()
	}
	m.parts, m.buffers, m.fused = newParts(), map[int]autograd.Variable{}, map[string]int{}
	b := &builder{model: m, functions: map[operatorName]*onnxpb.FunctionProto{}, names: map[string]bool{}}
	b.fromConstants = !hasFloats(p.GetGraph(), 0)
	b.versions = versionsOf(p.GetOpsetImport())
	for _, f := range p.GetFunctions() {
		b.functions[operatorName{standardDomain(f.GetDomain()), f.GetName()}] = f
	}
	m.main = &graph{name: p.GetGraph().GetName()}
	b.fold = &run{model: m, budget: foldBytes + 4*int64(size)}
	m.main = b.graph(p.GetGraph(), p.GetGraph().GetName(), nil, nil)
	m.describe(p.GetGraph())
	if !m.config.asWritten {
		b.fuse()
	}
	b.setRoles(m.main)
	b.forget()
	m.values = b.values
}

// describe notes what the file says about inputs and outputs.
func (m *Model) describe(p *onnxpb.GraphProto) {
	initialized := map[string]bool{}
	for _, t := range p.GetInitializer() {
		initialized[t.GetName()] = true
	}
	at(Place{File: m.file, Graph: p.GetName()}, 0, func() {
		for _, in := range p.GetInput() {
			if !initialized[in.GetName()] {
				m.inputs = append(m.inputs, infoOf(in))
			}
		}
		for _, out := range p.GetOutput() {
			m.outputs = append(m.outputs, infoOf(out))
		}
	})
}

func infoOf(p *onnxpb.ValueInfoProto) Info {
	info := Info{Name: p.GetName()}
	t := p.GetType().GetTensorType()
	if optional := p.GetType().GetOptionalType(); optional != nil {
		t, info.Optional = optional.GetElemType().GetTensorType(), true
	}
	if t == nil {
		if p.GetType() != nil {
			unsupportedf("%q is no tensor", p.GetName())
		}
		return info
	}
	info.Type = DataType(t.GetElemType())
	if info.Type != Undefined && !info.Type.isFloat() && !info.Type.isHost() {
		unsupportedf("%q has elements of type %v", p.GetName(), info.Type)
	}
	info.HasShape = t.GetShape() != nil
	for _, d := range t.GetShape().GetDim() {
		size := d.GetDimValue()
		if _, fixed := d.GetValue().(*onnxpb.TensorShapeProto_Dimension_DimValue); !fixed || size < 0 || size > maxElements {
			size = -1
		}
		info.Shape = append(info.Shape, Dim{Size: int(size), Name: d.GetDimParam()})
	}
	return info
}

// Inputs is what the model takes, in the file's order.
func (m *Model) Inputs() []Info { return m.inputs }

// Outputs is what the model gives, in the file's order.
func (m *Model) Outputs() []Info { return m.outputs }

// Producer is the name of the program that wrote the file.
func (m *Model) Producer() string { return m.producer }

// Metadata is a copy of the file's metadata_props: what ExportConfig.Metadata was.
func (m *Model) Metadata() map[string]string { return maps.Clone(m.metadata) }

// Parts yields the weights as parameters, and running statistics of batch normalizations as
// buffers. A dot in a weight's name stands between modules, as in PyTorch.
func (m *Model) Parts() iter.Seq2[string, nn.Part] { return m.parts.Parts() }

// Forward computes the one output of a model with one input, on x's tape. It panics with an
// [*Error] that [autograd.Try] catches if the model has more inputs or outputs, or x does not
// fit: see [Model.Run] for models with several.
func (m *Model) Forward(x autograd.Variable) autograd.Variable {
	if len(m.inputs) != 1 || len(m.outputs) != 1 {
		panic(m.mistake(fmt.Sprintf("the model has %d inputs and %d outputs: Forward needs one each, Run takes any", len(m.inputs), len(m.outputs))))
	}
	outputs, err := m.evaluate(x.Tape(), []Value{m.inputs[0].fit(x)})
	if err != nil {
		panic(err)
	}
	if !outputs[0].isTensor() {
		panic(m.mistake(fmt.Sprintf("output %q is %s: Forward gives floating-point numbers", m.outputs[0].Name, outputs[0].describe())))
	}
	return nn.Hooked(m, outputs[0].float)
}

// fit is a Variable as a Value for an input, of half precision if that is.
func (in Info) fit(x autograd.Variable) Value {
	v := Tensor(x)
	if v.dtype == Float && (in.Type == Float16 || in.Type == BFloat16) {
		v.dtype = in.Type
	}
	return v
}

// mistake is an error that autograd.Try catches.
func (m *Model) mistake(reason string) *Error {
	return &Error{Place: Place{File: m.file, Graph: m.main.name}, Err: &failure{reason: reason}}
}

// Run computes the outputs of the model for inputs, by their names in the file. They are
// recorded on tape, which brings inputs there that are on none; nil stands for no tape, and
// then everything is computed on the heap. An [*Error] says which input is missing, unknown or
// of another type or shape than the file declares, or which node could not be computed.
//
// Where the tape is in training mode, Dropout drops and BatchNormalization normalizes by the
// batch, as the layers of package nn do.
func (m *Model) Run(tape *autograd.Tape, inputs map[string]Value) (map[string]Value, error) {
	ordered := make([]Value, len(m.inputs))
	found := 0
	for i, in := range m.inputs {
		v, ok := inputs[in.Name]
		if v.isNone() && !in.Optional {
			return nil, m.mistake(fmt.Sprintf("there is no input %q", in.Name))
		}
		if ok {
			found++
		}
		ordered[i] = v
	}
	if found < len(inputs) {
		for name := range inputs {
			if !m.takes(name) {
				return nil, m.mistake(fmt.Sprintf("the model has no input %q", name))
			}
		}
	}
	outputs, err := m.evaluate(tape, ordered)
	if err != nil {
		return nil, err
	}
	named := make(map[string]Value, len(outputs))
	for i, out := range m.outputs {
		named[out.Name] = outputs[i]
	}
	return named, nil
}

func (m *Model) takes(name string) bool {
	for _, in := range m.inputs {
		if in.Name == name {
			return true
		}
	}
	return false
}

// evaluate computes the outputs for inputs in the file's order.
func (m *Model) evaluate(tape *autograd.Tape, inputs []Value) (outputs []Value, err error) {
	if err := m.checkInputs(inputs); err != nil {
		return nil, err
	}
	r, _ := m.runs.Get().(*run)
	if r == nil {
		r = &run{model: m, values: make([]Value, len(m.values))}
	}
	defer m.release(r)
	r.begin(inputs)
	r.tape, r.budget = tape, m.config.maxBytes()
	err = autograd.Try(func() {
		r.current()
		for i, slot := range m.main.inputs {
			if inputs[i].isTensor() {
				inputs[i].float = r.onTape(inputs[i].float)
			}
			r.values[slot] = inputs[i]
		}
		r.eval(m.main)
		r.remember(inputs)
	})
	if err != nil {
		place, version := r.place()
		return nil, placed(err, place, version)
	}
	outputs = make([]Value, len(m.outputs))
	for i, slot := range m.main.outputs {
		outputs[i] = r.values[slot]
		if reason := m.outputs[i].mismatch(outputs[i], nil); reason != "" {
			return nil, m.mistake(fmt.Sprintf("output %q is %s: the file declares %s", m.outputs[i].Name, outputs[i].describe(), reason))
		}
		if outputs[i].isTensor() {
			outputs[i].float = r.onTape(outputs[i].float)
		}
	}
	return outputs, nil
}

// current makes the values of buffers those of the tape's step.
func (r *run) current() {
	if r.tape == nil {
		return
	}
	for slot, buffer := range r.model.buffers {
		r.values[slot].float = r.tape.Current(buffer)
	}
}

// release gives a run back. It keeps nothing alive.
func (m *Model) release(r *run) {
	clear(r.values)
	clear(r.stack[:cap(r.stack)])
	r.tape, r.node, r.stack = nil, nil, r.stack[:0]
	r.memory = recollection{seen: r.memory.seen[:0]}
	m.runs.Put(r)
}

// checkInputs compares inputs with what the file declares.
func (m *Model) checkInputs(inputs []Value) error {
	sizes := map[string]int{}
	for i, in := range m.inputs {
		if reason := in.mismatch(inputs[i], sizes); reason != "" {
			return m.mistake(fmt.Sprintf("input %q is %s: the file declares %s", in.Name, inputs[i].describe(), reason))
		}
	}
	return nil
}

// mismatch is what is declared, where v is not that; else it is empty. sizes, if it is not
// nil, has the sizes that names stand for, and gets those of v.
func (in Info) mismatch(v Value, sizes map[string]int) string {
	if in.Optional && v.isNone() {
		return ""
	}
	half := v.dtype == Float && (in.Type == Float16 || in.Type == BFloat16)
	if in.Type != Undefined && in.Type != v.dtype && !half {
		return in.describe()
	}
	if !in.HasShape {
		return ""
	}
	shape := v.Shape()
	if len(shape) != len(in.Shape) {
		return in.describe()
	}
	for axis, d := range in.Shape {
		switch {
		case d.Size >= 0 && d.Size != shape[axis]:
			return in.describe()
		case d.Size < 0 && d.Name != "" && sizes != nil:
			if known, ok := sizes[d.Name]; ok && known != shape[axis] {
				return fmt.Sprintf("%s, where %s is %d by other axes", in.describe(), d.Name, known)
			}
			sizes[d.Name] = shape[axis]
		}
	}
	return ""
}

func (in Info) describe() string {
	if !in.HasShape {
		return in.Type.String()
	}
	return fmt.Sprintf("%v%v", in.Type, in.Shape)
}
