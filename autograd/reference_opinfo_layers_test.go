package autograd_test

import "github.com/chainrule-go/chainrule/internal/reference"

var opinfoLayers = map[string]reference.Func{}
