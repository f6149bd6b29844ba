package nn

import (
	"errors"
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// LayerError says in which layer of a model an operation failed. Layers panic with it in
// place of the error of package autograd, which it wraps; autograd.Try and autograd.Catch
// return it. What this package returns knows the path too.
type LayerError struct {
	Path  string // place in the model, such as "2.bn1"; empty where the model is not known
	Layer Module // the innermost layer that is known
	Err   error  // what it panicked with

	owner Module // the Sequential that the layer is part of, under name; nil if not known
	name  string
}

// Error names the layer, its type and what failed.
func (e *LayerError) Error() string {
	where := typeName(e.Layer)
	switch {
	case e.Path != "":
		where = fmt.Sprintf("%s (%s)", e.Path, where)
	case e.owner != nil:
		where = fmt.Sprintf("%s (%s)", e.name, where)
	}
	return where + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *LayerError) Unwrap() error { return e.Err }

// in is deferred by the methods of a layer that compute: an error of package autograd
// that passes through learns that it happened in that layer.
func in(m Module) {
	if r := recover(); r != nil {
		panic(layerError(m, r))
	}
}

// layerError is what a layer panics with in place of r. Panics that are no error of
// package autograd pass through it.
func layerError(m Module, r any) *LayerError {
	err := autograd.Try(func() { panic(r) })
	var inner *LayerError
	if errors.As(err, &inner) {
		return inner
	}
	return &LayerError{Layer: m, Err: err}
}

// locate fills in the path of a LayerError in a model.
func locate(err error, model Module) error {
	var e *LayerError
	if !errors.As(err, &e) || e.Path != "" {
		return err
	}
	known, name := e.Layer, ""
	if e.owner != nil {
		known, name = e.owner, e.name
	}
	id := identity(known)
	for path, m := range Modules(model) {
		if id != nil && identity(m) == id {
			e.Path = join(path, name)
			break
		}
	}
	return err
}
