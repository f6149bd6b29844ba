// The programs of guide.md, which a test of the repository holds against this file.
package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log"
	"math/rand/v2"
	"os"
	"strings"
	"sync"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/autograd/optimize"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
	"github.com/chainrule-go/chainrule/nn/torchfile"
	gonum "gonum.org/v1/gonum/optimize"
)

func Example_data() {
	file := strings.NewReader("width,height,kind\n1.0,2.0,0\n1.2,1.9,0\n3.1,0.4,1\n2.9,0.5,1\n")
	table, err := data.ReadCSV(file, data.CSVConfig{Label: "kind"})
	if err != nil {
		log.Fatal(err)
	}
	loader := data.NewLoader(table, data.LoaderConfig{BatchSize: 2, Shuffle: true, Seed: 1})
	for batch, err := range loader.Batches(context.Background(), 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.X.Shape, len(batch.Labels))
	}
	// Output:
	// [2 2] 2
	// [2 2] 2
}

// Gated is a layer of one's own: a linear layer whose output is scaled by a gate.
type Gated struct {
	Linear *nn.Linear
	Gate   autograd.Variable // [out]
}

func NewGated(rng *rand.Rand, in, out int) *Gated {
	return &Gated{
		Linear: nn.NewLinear(rng, in, out, nn.LinearConfig{}),
		Gate:   autograd.Parameter(autograd.Zeros(autograd.Float32, out)),
	}
}

func (g *Gated) Forward(x autograd.Variable) autograd.Variable {
	return g.Linear.Forward(x).Mul(g.Gate.Sigmoid())
}

func (g *Gated) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("linear", g.Linear), nn.Weight("gate", g.Gate))
}

func Example_model() {
	rng := rand.New(rand.NewPCG(1, 2))
	model := nn.Sequential{
		NewGated(rng, 64, 32),
		nn.ReLU{},
		nn.NewLinear(rng, 32, 10, nn.LinearConfig{}),
	}
	for name, w := range nn.Params(model) {
		fmt.Println(name, w.Shape())
	}
	// Output:
	// 0.linear.weight [32 64]
	// 0.linear.bias [32]
	// 0.gate [32]
	// 2.weight [10 32]
	// 2.bias [10]
}

func Example_fit() {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	rng, ctx := rand.New(rand.NewPCG(1, 2)), context.Background()
	model := nn.Sequential{nn.Flatten{}, nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{784, 64, 10}})}
	optimizer := optim.NewAdamW(nn.Params(model), optim.AdamConfig{LR: 2e-3}, optim.NoDecay(nn.Params(model)))
	history, err := nn.Fit(ctx, model, train, nn.FitConfig{
		Epochs:     10,
		Loss:       nn.CrossEntropy{LabelSmoothing: 0.05},
		Optimizer:  optimizer,
		Schedule:   optim.Warmup(45, optim.Cosine(405, 0.01)),
		Metrics:    []nn.Metric{nn.Accuracy{}},
		Validation: test,
		ClipNorm:   1,
	})
	if err != nil {
		log.Fatal(err)
	}
	accuracy, _ := history.Validation("accuracy")
	fmt.Printf("epochs: %d, accuracy at the end above 0.95: %v\n", len(accuracy), accuracy[9] > 0.95)
	// Output:
	// epochs: 10, accuracy at the end above 0.95: true
}

func Example_measure() {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	rng, ctx := rand.New(rand.NewPCG(1, 2)), context.Background()
	model := nn.Sequential{nn.Flatten{}, nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{784, 64, 10}})}
	if _, err := nn.Fit(ctx, model, train, nn.FitConfig{Epochs: 10}); err != nil {
		log.Fatal(err)
	}
	confusion, ranking := &nn.ConfusionMatrix{}, &nn.Ranking{}
	scores, err := nn.Evaluate(ctx, model, test, nn.EvaluateConfig{
		Metrics: []nn.Metric{nn.Accuracy{}, nn.FBeta{Average: nn.AverageMacro}, nn.ROCAUC{}},
		Meters:  []nn.Meter{confusion, ranking},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range scores[1:] { // after the loss
		fmt.Printf("%s %.2f\n", s.Name, s.Value)
	}
	fmt.Printf("of the digits 8, %.1f were taken for one\n", confusion.Recall(8))
	curve := ranking.ROC(8)
	fmt.Println("the curve ends at", curve[len(curve)-1].TruePositiveRate)
	// Output:
	// accuracy 0.96
	// f1_macro 0.96
	// roc_auc 1.00
	// of the digits 8, 1.0 were taken for one
	// the curve ends at 1
}

func Example_callbacks() {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	model := nn.Sequential{nn.Flatten{}, nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{784, 64, 10}})}
	average := nn.NewEMA(model, optim.EMAConfig{Decay: 0.98, WarmUp: true})
	stop := nn.NewEarlyStopping(nn.EarlyStoppingConfig{Score: "accuracy", Maximize: true, Patience: 5})
	var table bytes.Buffer
	history, err := nn.Fit(context.Background(), model, train, nn.FitConfig{
		Epochs:     100,
		BatchSize:  128,
		MicroBatch: 32,
		Optimizer:  optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 5e-3}),
		Metrics:    []nn.Metric{nn.Accuracy{}},
		Validation: test,
		Callbacks:  []nn.Callback{average, stop, nn.NewCSVLog(&table)},
	})
	if err != nil {
		log.Fatal(err)
	}
	best, _, _ := stop.Best()
	fmt.Println("epochs after the best:", len(history.Epochs)-1-best, "lines:", strings.Count(table.String(), "\n")-len(history.Epochs))
	// Output:
	// epochs after the best: 5 lines: 1
}

func Example_loop() {
	x := autograd.New([]float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)
	labels := []int{0, 1, 1, 0}
	model := nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{2, 8, 2}})

	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	optimizer := optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.05})
	for range 200 {
		logits := model.Forward(tape.Const(x))
		loss := nn.CrossEntropyLoss(logits, labels)
		for name, w := range nn.Params(model) {
			if strings.HasSuffix(name, ".weight") {
				loss = loss.Add(w.Square().Sum().MulScalar(1e-4))
			}
		}
		grads := loss.Backward()
		optim.ClipGradNorm(grads, 1)
		optimizer.Step(grads)
		tape.Commit() // of what layers assigned, such as running statistics
		tape.Reset()  // memory goes back for the next step
	}
	fmt.Println(model.Forward(x).ArgMax(1))
	// Output:
	// [0 1 1 0]
}

func Example_files() {
	model := nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{2, 3, 1}})
	var file bytes.Buffer // or nn.SaveFile and nn.LoadFile
	if err := nn.Save(&file, model, nn.SaveConfig{}); err != nil {
		log.Fatal(err)
	}
	other := nn.NewMLP(rand.New(rand.NewPCG(3, 4)), nn.MLPConfig{Sizes: []int{2, 3, 5}})
	fmt.Println(nn.Load(bytes.NewReader(file.Bytes()), other, nn.LoadConfig{}) != nil)
	fmt.Println(nn.Load(bytes.NewReader(file.Bytes()), other, nn.LoadConfig{Except: []string{"2.*"}}))
	head := optim.NewAdam(nn.Only(nn.Params(other), "2.*"), optim.AdamConfig{}) // the rest is frozen
	fmt.Println(len(head.Groups()))
	// Output:
	// true
	// <nil>
	// 1
}

func Example_fromPyTorch() {
	rng := rand.New(rand.NewPCG(1, 2))
	model := nn.Sequential{
		nn.NewLinear(rng, 20, 8, nn.LinearConfig{}), nn.GELU{},
		nn.NewLinear(rng, 8, 20, nn.LinearConfig{}), nn.Sigmoid{},
	}
	const dir = "../internal/models/testdata/autoencoder/"
	// torch.save(model.state_dict(), "state_dict.pt"), or a checkpoint that has it under a key
	if err := torchfile.LoadFile(dir+"state_dict.pt", model, torchfile.Options{}, nn.LoadConfig{}); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", model[0].(*nn.Linear).Bias.Floats()[0])
	// safetensors, also in several files with an index, and numpy.savez
	for _, file := range []string{"model.safetensors", "weights.npz"} {
		if err := nn.LoadFile(dir+file, model, nn.LoadConfig{}); err != nil {
			log.Fatal(err)
		}
	}
	// Tensors that have other names there.
	decoder := nn.NewLinear(rng, 8, 20, nn.LinearConfig{})
	fmt.Println(nn.LoadFile(dir+"model.safetensors", decoder, nn.LoadConfig{Prefix: "2."}))
	renamed := nn.ModuleMap[nn.Module]{"encoder": model[0], "decoder": model[2]}
	names := strings.NewReplacer("0.", "encoder.", "2.", "decoder.")
	fmt.Println(nn.LoadFile(dir+"model.safetensors", renamed, nn.LoadConfig{Rename: names.Replace}))
	// Output:
	// 0.1970
	// <nil>
	// <nil>
}

func Example_checkpoints() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	run := func(epochs int) {
		train, _, err := data.Digits(1, 0.2)
		if err != nil {
			log.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		model := nn.Sequential{nn.Flatten{}, nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{784, 16, 10}})}
		checkpoints := nn.NewCheckpointing(dir, nn.CheckpointingConfig{Resume: true, Steps: 100})
		history, err := nn.Fit(context.Background(), model, train, nn.FitConfig{Epochs: epochs, Callbacks: []nn.Callback{checkpoints}})
		if err != nil {
			log.Fatal(err)
		}
		if at := checkpoints.Resumed(); at != nil {
			fmt.Printf("went on at epoch %d, step %d\n", at.Epoch, at.Step)
		}
		fmt.Println(len(history.Epochs))
	}
	run(2)
	run(3) // as if the program had been started again
	// Output:
	// 2
	// went on at epoch 2, step 0
	// 3
}

func Example_goroutines() {
	model := nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{4, 8, 3}})
	requests := make(chan []float32)
	var workers sync.WaitGroup
	var answered sync.Map
	for range 4 {
		workers.Go(func() {
			tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true}) // one a goroutine
			for request := range requests {
				class := model.Forward(tape.Const(autograd.New(request, 1, 4))).ArgMax(-1)
				answered.Store(request[0], class[0])
				tape.Reset()
			}
		})
	}
	for i := range 100 {
		requests <- []float32{float32(i), 1, 2, 3}
	}
	close(requests)
	workers.Wait()
	count := 0
	for range answered.Range {
		count++
	}
	fmt.Println(count)
	// Output:
	// 100
}

func Example_function() {
	softClip := &autograd.Function{
		Name:    "softclip", // x/√(1+x²)
		Forward: func(xs []autograd.Variable) autograd.Variable { return xs[0].Div(norm(xs[0])) },
		VJP: func(xs []autograd.Variable, y, g autograd.Variable) []autograd.Variable {
			n := norm(xs[0])
			return []autograd.Variable{g.Div(n.Mul(n).Mul(n))} // y′ = (1+x²)^(−3/2)
		},
	}
	f := func(xs []autograd.Variable) autograd.Variable { return softClip.Apply(xs[0]).Sum() }
	_, err := gradcheck.Check(f, []autograd.Variable{autograd.New([]float64{-2, 0.5, 3})}, gradcheck.Config{})
	fmt.Println(err)
	// Output:
	// <nil>
}

// norm is √(1+x²).
func norm(x autograd.Variable) autograd.Variable { return x.Square().AddScalar(1).Sqrt() }

func Example_optimize() {
	rosenbrock := optimize.Problem(func(x autograd.Variable) autograd.Variable {
		a, b := x.Index(0), x.Index(1)
		valley := b.Sub(a.Square()).Square().MulScalar(100)
		return a.Neg().AddScalar(1).Square().Add(valley)
	})
	result, err := gonum.Minimize(rosenbrock, []float64{-1.2, 1}, nil, &gonum.Newton{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", result.X)
	// Output:
	// [1.0000 1.0000]
}

func Example_derivatives() {
	f := func(x autograd.Variable) autograd.Variable { return x.Sin().Mul(x).Sum() } // Σ x·sin x
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(autograd.New([]float64{0, 1, 2}))
	y := f(x)
	fmt.Printf("%.4f\n", y.Item())
	fmt.Printf("%.4f\n", y.Backward().Of(x).Float64s()) // sin x + x·cos x
	fmt.Printf("%.4f\n", autograd.Hessian(f, autograd.New([]float64{0, 1, 2})))
	// Output:
	// 2.6601
	// [0.0000 1.3818 0.0770]
	// float64 [3 3]
	// [[ 2.0000  0.0000  0.0000]
	//  [ 0.0000  0.2391  0.0000]
	//  [ 0.0000  0.0000 -2.6509]]
}
