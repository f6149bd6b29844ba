package nn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"math"
	"math/rand/v2"
	"os"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// The program is killed, or cancelled, and started again: it goes on where it was.
func ExampleNewCheckpointing() {
	dir, err := os.MkdirTemp("", "checkpoints")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	program := func(ctx context.Context, stopAt int) {
		train, _, err := data.Digits(1, 0.2)
		if err != nil {
			log.Fatal(err)
		}
		model := nn.Sequential{nn.Flatten{}, nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{784, 16, 10}})}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		checkpoints := nn.NewCheckpointing(dir, nn.CheckpointingConfig{Resume: true, Steps: 20})
		history, err := nn.Fit(ctx, model, train, nn.FitConfig{Epochs: 3, Callbacks: []nn.Callback{
			checkpoints,
			nn.OnStep(func(s *nn.Step) error {
				if s.Epoch*s.Total+s.Index+1 == stopAt {
					cancel()
				}
				return nil
			}),
		}})
		if at := checkpoints.Resumed(); at != nil {
			fmt.Printf("resumed at epoch %d, step %d\n", at.Epoch, at.Step)
		}
		fmt.Println(len(history.Epochs), "epochs, cancelled:", errors.Is(err, context.Canceled))
	}
	program(context.Background(), 70)
	program(context.Background(), 0)
	// Output:
	// 2 epochs, cancelled: true
	// resumed at epoch 1, step 25
	// 3 epochs, cancelled: false
}

// Two trainers in a loop of one's own go into one checkpoint.
func ExampleCheckpointDir() {
	path, err := os.MkdirTemp("", "checkpoints")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(path)
	dir := nn.CheckpointDir{Path: path}
	newTrainer := func(seed uint64) *nn.Trainer {
		model := nn.NewMLP(rand.New(rand.NewPCG(seed, 2)), nn.MLPConfig{Sizes: []int{2, 4, 1}})
		return nn.NewTrainer(nn.Supervised(model, nn.MSE{}), nn.TrainerConfig{})
	}
	generator, critic := newTrainer(1), newTrainer(2)
	for range 2 {
		info, err := dir.Load(nn.LoadCheckpointConfig{}, generator, critic)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			fmt.Println("from the beginning")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println("from step", info.Steps, string(info.Extra["note"]))
		}
		// Train, and now and then:
		extra := map[string][]byte{"note": []byte("with a note")}
		if _, err := dir.Save(math.NaN(), nn.SaveCheckpointConfig{Extra: extra}, generator, critic); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// from the beginning
	// from step 0 with a note
}

// A model for three classes takes over all but the head of one for ten, and trains the head
// alone.
func ExampleExcept() {
	var file bytes.Buffer
	pretrained := nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{8, 16, 10}})
	if err := nn.Save(&file, pretrained, nn.SaveConfig{}); err != nil {
		log.Fatal(err)
	}
	model := nn.NewMLP(rand.New(rand.NewPCG(3, 4)), nn.MLPConfig{Sizes: []int{8, 16, 3}})
	if err := nn.Load(&file, model, nn.LoadConfig{Except: []string{"2.*"}}); err != nil {
		log.Fatal(err)
	}
	trained := nn.Except(nn.Params(model), "0.*")
	optimizer := optim.NewAdam(trained, optim.AdamConfig{})
	for name := range optim.Params(optimizer) {
		fmt.Println(name)
	}
	// Output:
	// 2.weight
	// 2.bias
}
