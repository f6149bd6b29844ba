package drawing_test

import (
	"fmt"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/drawing"
)

func Example() {
	w := autograd.Parameter(autograd.New([]float64{1, 2}))
	loss := autograd.NewTape(autograd.TapeConfig{}).Const(autograd.New([]float64{3, 4})).Mul(w).Sum()
	graph := autograd.Graph(loss)
	graph.SetNames(func(yield func(string, autograd.Variable) bool) { yield("w", w) })
	graph.SetGradients(loss.Backward())

	var file strings.Builder // or an os.File
	if err := drawing.WriteHTML(&file, graph, drawing.Config{Title: "A loss"}); err != nil {
		fmt.Println(err)
	}
	for _, want := range []string{"<h1>A loss</h1>", ">w<", ">float64 [2]<", ">1 … 2<", ">‖∇‖ 5<"} {
		fmt.Println(want, strings.Contains(file.String(), want))
	}
	// Output:
	// <h1>A loss</h1> true
	// >w< true
	// >float64 [2]< true
	// >1 … 2< true
	// >‖∇‖ 5< true
}
