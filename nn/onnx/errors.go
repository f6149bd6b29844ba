package onnx

import (
	"fmt"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
)

// Error says what is wrong with a file, with the values that a model was given, or with
// computing one of its nodes, and where.
type Error struct {
	Place
	Reason string // what is wrong and what was expected; may be empty if there is Err
	Err    error  // the underlying error; may be nil
}

// Place is where in a file something is. What does not apply is empty.
type Place struct {
	File     string // path; empty if the model was read from an io.Reader
	Graph    string // name of the graph, with those of the nodes that it is within in front
	Node     string // name of the node, or its number in the graph, as in "#3"
	Operator string // with its domain, unless that is the standard's: "Conv", "com.microsoft.Gelu"
}

func (p Place) prefix() string {
	var b strings.Builder
	b.WriteString("onnx: ")
	if p.File != "" {
		b.WriteString(p.File + ": ")
	}
	if p.Graph != "" {
		fmt.Fprintf(&b, "graph %q: ", p.Graph)
	}
	if p.Node != "" {
		fmt.Fprintf(&b, "node %q: ", p.Node)
	}
	if p.Operator != "" {
		b.WriteString(p.Operator + ": ")
	}
	return b.String()
}

// Error names file, graph, node, operator and the reason.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return e.prefix() + e.Reason
	case e.Reason == "":
		return e.prefix() + e.Err.Error()
	}
	return e.prefix() + e.Reason + ": " + e.Err.Error()
}

// Unwrap is the underlying error.
func (e *Error) Unwrap() error { return e.Err }

// UnsupportedError says that a model needs something that this package does not have.
type UnsupportedError struct {
	Place
	Version int    // of the operator set that the node is of; 0 if it is not about an operator
	Reason  string // what there is none of
}

// Error names file, graph, node, operator, version and the reason.
func (e *UnsupportedError) Error() string {
	text := e.prefix()
	if e.Version > 0 {
		text = strings.TrimSuffix(text, ": ") + fmt.Sprintf(" (operator set %d): ", e.Version)
	}
	return text + "unsupported: " + e.Reason
}

// failure is what kernels and builders panic with to end the evaluation of a node: it becomes
// an [*Error] with the node's place. It wraps a mistake that [autograd.Try] catches.
type failure struct {
	reason      string
	unsupported bool
}

func (f *failure) Error() string { return f.reason }

// Unwrap makes autograd.Try return a failure in place of letting it through.
func (f *failure) Unwrap() error { return &autograd.ValueError{Op: "onnx", Reason: f.reason} }

// failf ends the evaluation of a node.
func failf(format string, args ...any) {
	panic(&failure{reason: fmt.Sprintf(format, args...)})
}

// unsupportedf ends it where what the file asks for is right, but not had here.
func unsupportedf(format string, args ...any) {
	panic(&failure{reason: fmt.Sprintf(format, args...), unsupported: true})
}

// placed is an error of evaluating something at a place, with the place.
func placed(err error, place Place, version int) error {
	switch e := err.(type) {
	case *located:
		return e.error
	case *tooLarge:
		return &Error{Place: place, Err: &e.failure}
	case *failure:
		if e.unsupported {
			return &UnsupportedError{Place: place, Version: version, Reason: e.reason}
		}
		return &Error{Place: place, Err: e}
	case *Error, *UnsupportedError:
		return err
	}
	return &Error{Place: place, Err: err}
}
