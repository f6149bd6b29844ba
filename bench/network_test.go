package bench

import (
	"fmt"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/bench/networks"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// trainNetworks measures training steps of networks of each kind.
func trainNetworks(b *testing.B) {
	for _, network := range networks.All() {
		b.Run(network.Name, func(b *testing.B) {
			b.ReportAllocs()
			tape := autograd.NewTape(autograd.TapeConfig{Training: true})
			adam := optim.NewAdam(nn.Params(network.Model), optim.AdamConfig{})
			x := uniform(autograd.Float32, append([]int{network.Batch}, network.Input...)...)
			labels := classes(network.Batch)
			step := func() {
				tape.Reset()
				adam.Step(network.Loss(network.Model.Forward(tape.Const(x)), labels).Backward())
			}
			step() // makes the buffers
			for b.Loop() {
				step()
			}
			reportFlops[float32](b, network.StepFlops())
		})
	}
}

// inferByNetworks measures their forward passes for one example and for many.
func inferByNetworks(b *testing.B) {
	for _, network := range networks.All() {
		for _, batch := range []int{1, 128} {
			b.Run(fmt.Sprintf("%s/batch %d", network.Name, batch), func(b *testing.B) {
				x := uniform(autograd.Float32, append([]int{batch}, network.Input...)...)
				repeat(b, network.Model.Forward, x)
				reportFlops[float32](b, network.ForwardFlops(batch))
			})
		}
	}
}
