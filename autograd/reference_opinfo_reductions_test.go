package autograd_test

import "github.com/chainrule-go/chainrule/internal/reference"

var opinfoReductions = map[string]reference.Func{}
