package torchfile

import (
	"fmt"
	"strings"
)

// What a pickle makes: nil, bool, int64, float64, string, []byte, and the types here.

// dict is a dict, ordered or not.
type dict struct{ items []item }

type item struct{ key, value any }

// get is the value of a key, the last if there are several, as in Python.
func (d *dict) get(key string) (value any) {
	for _, item := range d.items {
		if item.key == key {
			value = item.value
		}
	}
	return value
}

func (d *dict) hasTensors() bool {
	for _, item := range d.items {
		if _, ok := item.value.(*tensor); ok {
			return true
		}
	}
	return false
}

// keys lists the first keys.
func (d *dict) keys() string {
	var list []string
	for i, item := range d.items {
		if i == 20 {
			list = append(list, "…")
			break
		}
		list = append(list, describe(item.key))
	}
	return "[" + strings.Join(list, " ") + "]"
}

// tuple is a tuple or a torch.Size.
type tuple []any

// list is a list or a set.
type list struct{ items []any }

// long is an integer of more than 64 bits, little-endian.
type long string

// global is a class or a function that a pickle names.
type global struct {
	name string // module and name

	// call makes a value of arguments; nil if that is not allowed.
	call func(m *machine, args tuple) (any, error)

	storage *storageKind // of a class of storages
}

// opaque is a value that means nothing here.
type opaque struct{}

// describe names a value for an error.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool, int64, float64:
		return fmt.Sprint(v)
	case string:
		return fmt.Sprintf("%.60q", v)
	case []byte:
		return "bytes"
	case *dict:
		return "a dict"
	case tuple:
		return "a tuple"
	case *list:
		return "a list"
	case long:
		return "a large integer"
	case *global:
		return fmt.Sprintf("%.100s", v.name)
	case *storage:
		return "a storage"
	case *tensor:
		return "a tensor"
	}
	return "something that is left out"
}
