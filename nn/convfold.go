package nn

import "github.com/chainrule-go/chainrule/autograd"

// folded is the layers behind a convolution that are one operation with it: what lies between
// them is then not kept.
type folded struct {
	relu bool
	pool autograd.MaxPoolConfig // without a kernel for none
}

// forwardFolded applies a convolution and the first layers behind it, if they are one operation
// with it, and returns how many of these there are. If there are none it does nothing.
func forwardFolded(layer Layer, behind []Layer, x autograd.Variable) (y autograd.Variable, more int) {
	c, op := convolutionOf(layer)
	if c == nil || hookOf(c.Weight) != nil || c.Bias != (autograd.Variable{}) && hookOf(c.Bias) != nil {
		return x, 0
	}
	var f folded
	if more < len(behind) && behind[more] == (ReLU{}) {
		f.relu = true
		more++
	}
	if more < len(behind) {
		if p := maxPoolOf(behind[more]); p != nil && c.pools(p, x) {
			f.pool = p.config()
			more++
		}
	}
	if more == 0 {
		return x, 0
	}
	defer in(layer)
	return c.convolve(op, x, f), more
}

// convolutionOf is what the convolutions have in common, and the name of one, or nil.
func convolutionOf(layer Layer) (c *Conv, op string) {
	switch c := layer.(type) {
	case *Conv1d:
		return &c.Conv, "nn.Conv1d"
	case *Conv2d:
		return &c.Conv, "nn.Conv2d"
	case *Conv3d:
		return &c.Conv, "nn.Conv3d"
	}
	return nil, ""
}

// maxPoolOf is what the layers of maximum pooling have in common, or nil.
func maxPoolOf(layer Layer) *MaxPool {
	switch p := layer.(type) {
	case *MaxPool1d:
		return &p.MaxPool
	case *MaxPool2d:
		return &p.MaxPool
	case *MaxPool3d:
		return &p.MaxPool
	}
	return nil
}

// pools reports whether the result of the convolution of x can be pooled. Where it cannot be,
// errors are to name the layer that they come from.
func (c *Conv) pools(p *MaxPool, x autograd.Variable) bool {
	w := &p.window
	if len(w.kernel) != c.axes || x.Rank() != c.axes+2 {
		return false
	}
	for i, kernel := range w.kernel {
		axis := 3 - c.axes + i
		room := x.Dim(2+i) + c.padding[axis][0] + c.padding[axis][1] - c.dilation[axis]*(c.Weight.Dim(2+i)-1) - 1
		if size := room/c.stride[axis] + 1; room < 0 || size+2*w.padding[i] < kernel || w.dilation[i] > 1 {
			return false
		}
	}
	return true
}
