// Command predict has a model that PyTorch trained within itself, and prints what it computes
// for an input: a number a line.
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/torchfile"
)

var (
	//go:embed state_dict.pt
	weights []byte
	//go:embed input.npy
	input []byte
)

func main() {
	rng := rand.New(rand.NewPCG(1, 2))
	model := nn.Sequential{
		nn.NewLinear(rng, 20, 8, nn.LinearConfig{}), nn.GELU{},
		nn.NewLinear(rng, 8, 20, nn.LinearConfig{}), nn.Sigmoid{},
	}
	file, err := torchfile.New(bytes.NewReader(weights), int64(len(weights)), torchfile.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := nn.LoadWeights(file, model, nn.LoadConfig{}); err != nil {
		log.Fatal(err)
	}
	x, err := data.ReadNPY(bytes.NewReader(input))
	if err != nil {
		log.Fatal(err)
	}
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	for _, y := range model.Forward(tape.Float32s(x.Float32s, x.Shape...)).Floats() {
		fmt.Println(y)
	}
}
