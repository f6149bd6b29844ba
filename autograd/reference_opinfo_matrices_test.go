package autograd_test

import "github.com/chainrule-go/chainrule/internal/reference"

var opinfoMatrices = map[string]reference.Func{}
