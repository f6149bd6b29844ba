package main

import (
	"maps"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/bench/networks"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// addNetworks adds the training and the inference of networks.
func addNetworks(makers map[string]workload.Maker) {
	for i, network := range workload.Networks() {
		makers[network.Step] = func() (workload.Work, error) { return networkStep(network, prepared(i)) }
		for _, batch := range []int{1, 128} {
			makers[network.Inference(batch)] = func() (workload.Work, error) { return inference(network, prepared(i), batch) }
		}
	}
}

// prepared is network number i with the values that all start from.
func prepared(i int) networks.Network {
	network := networks.All()[i]
	k := 0
	for name, w := range nn.Params(network.Model) {
		copy(w.Float32s(), workload.InitialValues(k, name, w.Shape()))
		k++
	}
	return network
}

func networkStep(of workload.Network, network networks.Network) (workload.Work, error) {
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	adam := optim.NewAdam(nn.Params(network.Model), optim.AdamConfig{
		LR: workload.LearningRate, Betas: [2]float64{workload.Beta1, workload.Beta2}, Eps: workload.Epsilon,
	})
	x := autograd.New(of.Inputs(of.Batch), append([]int{of.Batch}, of.Input...)...)
	labels := make([]int, of.Batch)
	if of.Classes > 0 {
		labels = workload.Labels(of.Batch, of.Classes)
	}
	var loss float64
	step := func() error {
		l := network.Loss(network.Model.Forward(tape.Const(x)), labels)
		loss = l.Item()
		adam.Step(l.Backward())
		tape.Reset()
		return nil
	}
	var check []float64
	for range 3 {
		step()
		check = append(check, loss)
	}
	return workload.Work{Check: check, Run: step}, nil
}

func inference(of workload.Network, network networks.Network, batch int) (workload.Work, error) {
	x := autograd.New(of.Inputs(batch), append([]int{batch}, of.Input...)...)
	return probed(x, autograd.Variable.Float32s, network.Model.Forward)
}

func addConvolutions(makers map[string]workload.Maker) {
	for _, c := range workload.Convolutions() {
		makers[c.Name] = func() (workload.Work, error) { return convolution(c) }
	}
}

func convolution(c workload.Convolution) (workload.Work, error) {
	x := autograd.New(c.Images(), c.Batch, c.In, c.Size, c.Size)
	w := autograd.Parameter(autograd.New(c.Weights(), c.Out, c.In/c.Groups, c.Kernel, c.Kernel))
	config := autograd.ConvConfig{
		Stride: [2]int{c.Stride, c.Stride}, Padding: [2]int{c.Kernel / 2, c.Kernel / 2}, Groups: c.Groups,
	}
	return differentiated(func(x autograd.Variable) autograd.Variable {
		return autograd.Conv2d(x, w, autograd.Variable{}, config)
	}, c.Upstream(), x, w)
}

// differentiated is the work of computing f(x) and the gradients of x and of the
// parameters for a given gradient of the result.
func differentiated(f func(x autograd.Variable) autograd.Variable, upstream []float32, x autograd.Variable, params ...autograd.Variable) (workload.Work, error) {
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	x = autograd.Parameter(x)
	var check []float64
	run := func(probe bool) {
		y := f(tape.Watch(x))
		grads := y.BackwardWith(autograd.New(upstream, y.Shape()...))
		if probe {
			check = workload.Probe(y.Float32s())
			for _, x := range append([]autograd.Variable{x}, params...) {
				check = append(check, workload.Probe(grads.Of(x).Float32s())...)
			}
		}
		tape.Reset()
	}
	run(true)
	return workload.Work{Check: check, Run: func() error {
		run(false)
		return nil
	}}, nil
}

func embedding() (workload.Work, error) {
	table := autograd.New(workload.Uniform32(100, workload.Tokens*workload.Features), workload.Tokens, workload.Features)
	tokens := workload.Labels(workload.Lookups, workload.Tokens)
	return differentiated(func(x autograd.Variable) autograd.Variable {
		return x.IndexSelect(0, tokens)
	}, workload.Uniform32(102, workload.Lookups*workload.Features), table)
}

func layerNorm() (workload.Work, error) {
	const rows, width = workload.Rows, workload.Width
	norm := nn.NewLayerNorm([]int{width}, nn.LayerNormConfig{})
	return differentiated(norm.Forward, workload.Uniform32(102, rows*width),
		autograd.New(workload.Uniform32(100, rows*width), rows, width), norm.Weight, norm.Bias)
}

func batchNorm() (workload.Work, error) {
	x := channels()
	norm := nn.NewBatchNorm2d(x.Dim(1), nn.BatchNormConfig{})
	return differentiated(norm.Forward, workload.Uniform32(102, x.Size()), x, norm.Weight, norm.Bias)
}

func maxPool() (workload.Work, error) {
	x := channels()
	return differentiated(nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{}).Forward, workload.Uniform32(102, x.Size()/4), x)
}

// channels is what BatchNorm and MaxPool work on.
func channels() autograd.Variable {
	shape := workload.Channels()
	return autograd.New(workload.Uniform32(100, shape[0]*shape[1]*shape[2]*shape[3]), shape[:]...)
}

func adamStep() (workload.Work, error) {
	w := autograd.Parameter(autograd.New(workload.Uniform32(100, workload.AdamSize), workload.AdamSize))
	tape := autograd.NewTape(autograd.TapeConfig{})
	upstream := autograd.New(workload.Uniform32(102, workload.AdamSize), workload.AdamSize)
	grads := tape.Watch(w).MulScalar(1).BackwardWith(upstream)
	adam := optim.NewAdam(maps.All(map[string]autograd.Variable{"w": w}), optim.AdamConfig{
		LR: workload.LearningRate, Betas: [2]float64{workload.Beta1, workload.Beta2}, Eps: workload.Epsilon,
	})
	adam.Step(grads)
	return workload.Work{Check: workload.Probe(w.Float32s()), Run: func() error {
		adam.Step(grads)
		return nil
	}}, nil
}
