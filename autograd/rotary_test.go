package autograd_test

import (
	"errors"
	"math"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

func TestRotaryRejects(t *testing.T) {
	ones := func(shape ...int) autograd.Variable { return autograd.Ones(autograd.Float32, shape...) }
	x, angles := ones(2, 3, 8), ones(3, 2)
	var shapeError *autograd.ShapeError
	var valueError *autograd.ValueError
	for _, test := range []struct {
		name        string
		x, cos, sin autograd.Variable
		heads       int
		want        any
	}{
		{"no heads fit", ones(3, 6), angles, angles, 0, &shapeError},
		{"too many heads", x, angles, angles, 3, &shapeError},
		{"heads whose features are more than an int", x, angles, angles, math.MaxInt/4 + 1, &shapeError},
		{"the most heads", x, angles, angles, math.MaxInt, &shapeError},
		{"a negative number of heads", x, angles, angles, -1, &valueError},
		{"no pairs", x, ones(3, 0), ones(3, 0), 1, &shapeError},
		{"other positions", x, ones(2, 2), ones(2, 2), 1, &shapeError},
		{"other sines", x, angles, ones(3, 1), 1, &shapeError},
		{"no positions", ones(8), angles, angles, 1, &shapeError},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if err, _ := recover().(error); !errors.As(err, test.want) {
					t.Errorf("panic %v, want %T", err, test.want)
				}
			}()
			autograd.Rotary(test.x, test.cos, test.sin, autograd.RotaryConfig{Heads: test.heads})
		})
	}
}
