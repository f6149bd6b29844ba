package torchfile

import (
	"errors"
	"fmt"
)

// storageKind is a type of elements.
type storageKind struct {
	dtype string // as safetensors names it
	size  int64  // bytes of an element
}

// globals are what a pickle may name, and what it then means here.
var globals = map[string]*global{}

func init() {
	add := func(name string, call func(m *machine, args tuple) (any, error)) {
		globals[name] = &global{name: name, call: call}
	}
	for name, kind := range map[string]storageKind{
		"Float": {"F32", 4}, "Double": {"F64", 8}, "Half": {"F16", 2}, "BFloat16": {"BF16", 2},
		"Long": {"I64", 8}, "Int": {"I32", 4}, "Short": {"I16", 2}, "Char": {"I8", 1}, "Byte": {"U8", 1}, "Bool": {"BOOL", 1},
		"ComplexFloat": {"C64", 8}, "ComplexDouble": {"C128", 16},
	} {
		for _, module := range []string{"torch.", "torch.cuda."} {
			full := module + name + "Storage"
			globals[full] = &global{name: full, storage: &kind}
		}
	}

	for _, name := range []string{"collections.OrderedDict", "collections.defaultdict", "collections.Counter", "builtins.dict", "__builtin__.dict"} {
		add(name, newDict)
	}
	add("torch._utils._rebuild_tensor", rebuildTensor)
	add("torch._utils._rebuild_tensor_v2", rebuildTensor)
	add("torch._utils._rebuild_parameter", rebuildParameter)
	add("torch._utils._rebuild_parameter_with_state", rebuildParameter)
	add("torch._tensor._rebuild_from_type_v2", rebuildFromType)
	add("torch.nn.parameter.Parameter", rebuildParameter)
	add("torch.Size", func(_ *machine, args tuple) (any, error) {
		if len(args) == 1 {
			if sizes, ok := args[0].(tuple); ok {
				return sizes, nil
			}
		}
		return nil, errors.New("expected a tuple of sizes")
	})

	// What checkpoints have besides tensors, and what is left out.
	for _, name := range []string{
		"torch.Tensor", "torch.device", "torch.serialization._get_layout",
		"torch.float16", "torch.float32", "torch.float64", "torch.bfloat16", "torch.bool", "torch.uint8",
		"torch.int8", "torch.int16", "torch.int32", "torch.int64", "torch.complex64", "torch.complex128", "torch.strided",
		"numpy.dtype", "numpy.ndarray", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
		"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "_codecs.encode",
		"builtins.set", "__builtin__.set", "builtins.frozenset", "builtins.bytearray", "builtins.complex", "builtins.slice", "builtins.range",
		"builtins.list", "__builtin__.list", "builtins.int", "builtins.float", "builtins.str", "builtins.bool",
	} {
		globals[name] = opaqueGlobal(name)
	}
}

// opaqueGlobal is a global whose values are left out.
func opaqueGlobal(name string) *global {
	return &global{name: name, call: func(*machine, tuple) (any, error) { return opaque{}, nil }}
}

// newDict is a dict of nothing, of a dict, or of pairs. The function that makes a
// defaultdict's values, the argument before, is left out.
func newDict(m *machine, args tuple) (any, error) {
	d := &dict{}
	for _, arg := range args {
		switch a := arg.(type) {
		case *dict:
			if err := m.spend(len(a.items)); err != nil {
				return nil, err
			}
			d.items = append(d.items, a.items...)
		case *list:
			if err := m.spend(len(a.items)); err != nil {
				return nil, err
			}
			for _, element := range a.items {
				pair, ok := element.(tuple)
				if l, isList := element.(*list); isList {
					pair, ok = l.items, true
				}
				if !ok || len(pair) != 2 {
					return nil, fmt.Errorf("expected pairs of keys and values, got %s", describe(element))
				}
				d.items = append(d.items, item{pair[0], pair[1]})
			}
		case *global, nil:
		default:
			return nil, fmt.Errorf("a dict of %s is not understood", describe(arg))
		}
	}
	return d, nil
}

// rebuildTensor is (storage, offset, size, stride, …): a tensor that is a part of a storage.
func rebuildTensor(_ *machine, args tuple) (any, error) {
	if len(args) < 4 || len(args) > 7 {
		return nil, fmt.Errorf("expected a storage, an offset, sizes and strides, got %d arguments", len(args))
	}
	s, ok := args[0].(*storage)
	if !ok {
		return nil, fmt.Errorf("expected a storage, got %s", describe(args[0]))
	}
	offset, ok := args[1].(int64)
	if !ok || offset < 0 {
		return nil, fmt.Errorf("expected an offset, got %s", describe(args[1]))
	}
	shape, err := sizes(args[2])
	if err != nil {
		return nil, fmt.Errorf("expected sizes: %w", err)
	}
	strides, err := sizes(args[3])
	if err != nil {
		return nil, fmt.Errorf("expected strides: %w", err)
	}
	return newTensor(s, offset, shape, strides)
}

// maxAxes is the most axes that a tensor may have: PyTorch's own.
const maxAxes = 64

// sizes is a tuple of numbers that are not negative.
func sizes(value any) ([]int, error) {
	t, ok := value.(tuple)
	if !ok {
		return nil, fmt.Errorf("got %s", describe(value))
	}
	if len(t) > maxAxes {
		return nil, fmt.Errorf("got %d of them, at most %d", len(t), maxAxes)
	}
	numbers := make([]int, len(t))
	for i, element := range t {
		n, ok := element.(int64)
		if !ok || n < 0 || int64(int(n)) != n {
			return nil, fmt.Errorf("got %s", describe(element))
		}
		numbers[i] = int(n)
	}
	return numbers, nil
}

// rebuildParameter is (tensor, …): a parameter.
func rebuildParameter(_ *machine, args tuple) (any, error) {
	if len(args) > 0 {
		if t, ok := args[0].(*tensor); ok {
			return t, nil
		}
	}
	return nil, errors.New("expected a tensor")
}

// rebuildFromType is (function, class, arguments, state): a tensor or parameter with
// attributes.
func rebuildFromType(m *machine, args tuple) (any, error) {
	if len(args) == 4 {
		function, isGlobal := args[0].(*global)
		inner, isTuple := args[2].(tuple)
		if isGlobal && isTuple && (function.name == "torch._utils._rebuild_tensor_v2" || function.name == "torch._utils._rebuild_parameter") {
			return function.call(m, inner)
		}
	}
	return nil, errors.New("expected a function that makes tensors, a class, arguments and attributes")
}
