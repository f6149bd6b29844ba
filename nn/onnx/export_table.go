package onnx

import (
	"maps"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// exportRow says how an operation of package autograd is written in ONNX: by the operators that
// onnx names, or not, for a reason. A new operation has its row in the table of its family.
type exportRow struct {
	onnx   string
	emit   func(e *exporter, i int) string // writes node i, and gives the name of its result
	reason string                          // why there is no emit
}

type exportRows map[string]exportRow

// exportTable is all rows, by the names of operations.
func exportTable() exportRows {
	table := exportRows{}
	for _, rows := range []exportRows{exportElementwise, exportActivations, exportBinary, exportReductions, exportMatrices, exportMovements, exportIndices, exportLayers, exportRecurrent} {
		maps.Copy(table, rows)
	}
	return table
}

// without is a row for an operation that has no counterpart.
func without(reason string) exportRow { return exportRow{reason: reason} }

// as is a row for an operation that ONNX has, with the same operands.
func as(op string, attributes ...*onnxpb.AttributeProto) exportRow {
	return exportRow{onnx: op, emit: func(e *exporter, i int) string { return e.emit(op, e.ins(i), attributes...) }}
}

// composed is a row for an operation that takes several operators; onnx names them.
func composed(onnx string, emit func(e *exporter, i int) string) exportRow {
	return exportRow{onnx: onnx, emit: emit}
}

// of1 is a row for an operation of one operand that takes several operators.
func of1(onnx string, emit func(e *exporter, i int, x string) string) exportRow {
	return exportRow{onnx: onnx, emit: func(e *exporter, i int) string { return emit(e, i, e.in(i, 0)) }}
}

// of2 is a row for an operation of two operands that takes several operators.
func of2(onnx string, emit func(e *exporter, i int, a, b string) string) exportRow {
	return exportRow{onnx: onnx, emit: func(e *exporter, i int) string { return emit(e, i, e.in(i, 0), e.in(i, 1)) }}
}

// exportTruth is a row for an operation whose results are 1 where the operators give true.
func exportTruth(onnx string, emit func(e *exporter, i int) string) exportRow {
	return exportRow{onnx: onnx + ", Cast", emit: func(e *exporter, i int) string { return e.number(i, emit(e, i)) }}
}

// What rows are made of, for the operands x, a, b of node i's type.

func (e *exporter) op1(op, x string) string    { return e.emit(op, []string{x}) }
func (e *exporter) op2(op, a, b string) string { return e.emit(op, []string{a, b}) }

func (e *exporter) add(a, b string) string { return e.op2("Add", a, b) }
func (e *exporter) sub(a, b string) string { return e.op2("Sub", a, b) }
func (e *exporter) mul(a, b string) string { return e.op2("Mul", a, b) }
func (e *exporter) div(a, b string) string { return e.op2("Div", a, b) }

func (e *exporter) where(condition, a, b string) string {
	return e.emit("Where", []string{condition, a, b})
}

// addScalar and mulScalar take a number of node i's type.
func (e *exporter) addScalar(i int, x string, s float64) string { return e.add(x, e.scalar(i, s)) }
func (e *exporter) mulScalar(i int, x string, s float64) string { return e.mul(x, e.scalar(i, s)) }

// Attributes.

func attrInt(name string, v int) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_INT.Enum(), I: proto.Int64(int64(v))}
}

func attrFloat(name string, v float64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_FLOAT.Enum(), F: proto.Float32(float32(v))}
}

func attrString(name, v string) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_STRING.Enum(), S: []byte(v)}
}

func attrStrings(name string, v ...string) *onnxpb.AttributeProto {
	a := &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_STRINGS.Enum()}
	for _, s := range v {
		a.Strings = append(a.Strings, []byte(s))
	}
	return a
}

func attrInts(name string, v []int) *onnxpb.AttributeProto {
	a := &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_INTS.Enum()}
	for _, i := range v {
		a.Ints = append(a.Ints, int64(i))
	}
	return a
}
