package autograd_test

import "github.com/chainrule-go/chainrule/internal/reference"

var opinfoMovements = map[string]reference.Func{}
