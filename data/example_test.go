package data_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/chainrule-go/chainrule/data"
)

func Example() {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(train.Len(), "images to train on,", test.Len(), "to test with,", train.NumClasses(), "classes")

	loader := data.NewLoader(train, data.LoaderConfig{BatchSize: 256, Shuffle: true, Seed: 1})
	for batch, err := range loader.Batches(context.Background(), 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.Number, batch.X.Shape, len(batch.Labels))
	}
	// Output:
	// 1438 images to train on, 359 to test with, 10 classes
	// 0 [256 1 28 28] 256
	// 1 [256 1 28 28] 256
	// 2 [256 1 28 28] 256
	// 3 [256 1 28 28] 256
	// 4 [256 1 28 28] 256
	// 5 [158 1 28 28] 158
}

// With no network, a program can go on with the embedded digits.
func ExampleMNIST() {
	ctx := context.Background()
	train, test, err := data.MNIST(ctx, data.SourceConfig{
		Progress: func(p data.Progress) {
			if p.Done {
				fmt.Fprintln(os.Stderr, "downloaded", p.File)
			}
		},
		Warn: func(err error) { fmt.Fprintln(os.Stderr, err) },
	})
	if errors.Is(err, data.ErrNotFound) {
		fmt.Fprintln(os.Stderr, err, "- using the embedded digits instead")
		train, test, err = data.Digits(1, 0.2)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(train.Len(), test.Len())
}

// The irises that R. A. Fisher measured, as a Source of one file, read as CSV. With an
// empty SourceConfig it would be downloaded once, and kept.
func ExampleSource() {
	irises := data.Source[*data.Arrays]{
		Name: "Iris",
		Files: []data.SourceFile{{
			Name: "iris.data", Remote: "iris.data", Size: 4551,
			SHA256: "6f608b71a7317216319b4d27b4d9bc84e6abd734eda7872b71a458569e2656c0",
		}},
		Mirrors: []string{"https://archive.ics.uci.edu/ml/machine-learning-databases/iris/"},
		Open: func(files []data.Content) (*data.Arrays, error) {
			return data.ReadCSV(bytes.NewReader(files[0].Bytes), data.CSVConfig{NoHeader: true, Label: "-1"})
		},
	}
	set, err := irises.Load(context.Background(), data.SourceConfig{Dir: "testdata"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.X.Shape, set.Classes)
	// Output: [150 4] [Iris-setosa Iris-versicolor Iris-virginica]
}

func ExampleArrays() {
	xor := &data.Arrays{
		X: data.NewArray([]float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2),
		Y: data.NewArray([]float32{0, 1, 1, 0}, 4, 1),
	}
	loader := data.NewLoader(xor, data.LoaderConfig{BatchSize: 4})
	for batch, err := range loader.Batches(context.Background(), 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.X.Shape, batch.X.Float32s)
		fmt.Println(batch.Y.Shape, batch.Y.Float32s)
	}
	// Output:
	// [4 2] [0 0 0 1 1 0 1 1]
	// [4 1] [0 1 1 0]
}

// sine is a data set that is computed rather than stored: a thousand points of a
// sine curve.
type sine struct{}

func (sine) Len() int { return 1000 }

func (sine) Fill(batch *data.Batch, indices []int) error {
	batch.Reset(len(indices), 1)
	batch.ResetTargets(1)
	for row, i := range indices {
		x := 2 * math.Pi * float64(i) / 1000
		data.SetRow(&batch.X, row, []float64{x})
		data.SetRow(&batch.Y, row, []float64{math.Sin(x)})
	}
	return nil
}

func ExampleDataset() {
	loader := data.NewLoader(sine{}, data.LoaderConfig{BatchSize: 250, DType: data.Float64})
	for batch, err := range loader.Batches(context.Background(), 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("sin(%.4f) = %.4f\n", batch.X.Float64s[0], batch.Y.Float64s[0])
	}
	// Output:
	// sin(0.0000) = 0.0000
	// sin(1.5708) = 1.0000
	// sin(3.1416) = 0.0000
	// sin(4.7124) = -1.0000
}

func ExampleSplit() {
	train, _, err := data.Digits(1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	rest, held := data.Split(train, 0.1, 7)
	fmt.Println(rest.Len(), "to train on,", held.Len(), "held out")
	// Output:
	// 1294 to train on, 144 held out
}

func ExampleImages_Standardize() {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	mean, std := train.MeanStd()
	train, test = train.Standardize(mean, std), test.Standardize(mean, std)
	fmt.Printf("black is %.2f, white is %.2f\n", (0-test.Mean[0])/test.Std[0], (1-train.Mean[0])/train.Std[0])
	// Output:
	// black is -0.56, white is 3.15
}

// A run that was interrupted after batch 4 of epoch 2 goes on with batch 5.
func ExampleLoader_BatchesFrom() {
	train, _, err := data.Digits(1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	loader := data.NewLoader(train, data.LoaderConfig{BatchSize: 200, Shuffle: true, Seed: 1})
	for batch, err := range loader.BatchesFrom(context.Background(), 2, 5) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("epoch", batch.Epoch, "batch", batch.Number, "of", loader.NumBatches())
	}
	// Output:
	// epoch 2 batch 5 of 8
	// epoch 2 batch 6 of 8
	// epoch 2 batch 7 of 8
}

func ExampleReadCSV() {
	const file = `length,width,species
5.1,3.5,setosa
6.2,2.9,versicolor
5.0,3.6,setosa
`
	flowers, err := data.ReadCSV(strings.NewReader(file), data.CSVConfig{Label: "species"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(flowers.Names, flowers.X.Shape, flowers.X.Float32s)
	fmt.Println(flowers.Classes, flowers.Labels)

	_, err = data.ReadCSV(strings.NewReader("length,width\n5.1,3.5\n6.2,n/a\n"), data.CSVConfig{})
	fmt.Println(err)
	// Output:
	// [length width] [3 2] [5.1 3.5 6.2 2.9 5 3.6]
	// [setosa versicolor] [0 1 0]
	// data: line 3, column 2: want a finite float32 in column "width", got "n/a"
}

// Images that are compressed, and larger than memory when they are not.
func ExampleOpenImages() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	images := &data.IDX{Type: data.IDXUint8, Shape: []int{3, 2, 2}, Data: []byte{0, 0, 0, 0, 255, 255, 255, 255, 0, 255, 0, 255}}
	labels := &data.IDX{Type: data.IDXUint8, Shape: []int{3}, Data: []byte{0, 1, 0}}
	imagesPath, labelsPath := filepath.Join(dir, "images.gz"), filepath.Join(dir, "labels.gz")
	write := func(path string, x *data.IDX) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		x.WriteTo(z)
		z.Close()
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			log.Fatal(err)
		}
	}
	write(imagesPath, images)
	write(labelsPath, labels)

	path, err := data.Uncompress(context.Background(), imagesPath, dir) // "" keeps it in the user's cache
	if err != nil {
		log.Fatal(err)
	}
	train, err := data.OpenImages(path, labelsPath)
	if err != nil {
		log.Fatal(err)
	}
	defer train.Close()
	for batch, err := range data.NewLoader(train, data.LoaderConfig{BatchSize: 2}).Batches(context.Background(), 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.X.Shape, batch.X.Float32s, batch.Labels)
	}
	// Output:
	// [2 1 2 2] [0 0 0 0 1 1 1 1] [0 1]
	// [1 1 2 2] [0 1 0 1] [0]
}

// A text of any length becomes a file of numbers, of which passages are read.
func ExampleVocabulary_EncodeFile() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	text := func() io.Reader { return strings.NewReader("To be, or not to be, that is the question") } // or an *os.File

	vocabulary, err := data.ReadVocabulary(text(), data.Words, 0)
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(dir, "tokens.npy")
	n, err := vocabulary.EncodeFile(path, text(), data.Words)
	if err != nil {
		log.Fatal(err)
	}
	tokens, err := data.OpenNPY(path)
	if err != nil {
		log.Fatal(err)
	}
	defer tokens.Close()
	passages := &data.Passages{File: tokens, Length: 5}
	fmt.Println(n, "tokens,", vocabulary.Len(), "in the vocabulary,", passages.Len(), "passages")
	for batch, err := range data.NewLoader(passages, data.LoaderConfig{BatchSize: 1}).Batches(context.Background(), 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(vocabulary.Decode(batch.Tokens), "→", vocabulary.Decode(batch.Labels))
	}
	// Output:
	// 12 tokens, 11 in the vocabulary, 2 passages
	// [to be , or not] → [be , or not to]
	// [to be , that is] → [be , that is the]
}

// What was fitted on the examples to train on is kept, and applied to others.
func ExampleStandardization() {
	train := &data.Arrays{X: data.NewArray([]float64{1, 10, 3, 30}, 2, 2)}
	scaling, err := data.Standardization(context.Background(), train)
	if err != nil {
		log.Fatal(err)
	}
	text, err := json.Marshal(scaling) // for the metadata of the model's file
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))

	var kept data.Scaling
	if err := json.Unmarshal(text, &kept); err != nil {
		log.Fatal(err)
	}
	others := kept.Of(&data.Arrays{X: data.NewArray([]float64{5, 20}, 1, 2)})
	for batch, err := range data.NewLoader(others, data.LoaderConfig{}).Batches(context.Background(), 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.X.Float32s)
	}
	// Output:
	// {"Offset":[2,20],"Scale":[1,10]}
	// [3 0]
}
