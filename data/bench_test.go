package data_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/chainrule-go/chainrule/data"
)

// mnistSized is random images, as many and as large as MNIST's.
func mnistSized() *data.Images {
	random := rand.New(rand.NewPCG(1, 2))
	m := &data.Images{N: 60000, Height: 28, Width: 28, Pixels: make([]byte, 60000*28*28), Labels: make([]int, 60000)}
	for i := range m.Pixels {
		m.Pixels[i] = byte(random.Uint32())
	}
	return m
}

// BenchmarkEpoch is all batches of 128 of a data set of MNIST's size, shuffled.
func BenchmarkEpoch(b *testing.B) {
	images := mnistSized()
	for _, dtype := range []data.DType{data.Float32, data.Float64} {
		for _, prefetch := range []int{0, 2} {
			b.Run(fmt.Sprintf("%v/prefetch %d", dtype, prefetch), func(b *testing.B) {
				loader := data.NewLoader(images, data.LoaderConfig{BatchSize: 128, Shuffle: true, DType: dtype, Prefetch: prefetch})
				b.SetBytes(int64(len(images.Pixels)))
				b.ReportAllocs()
				for epoch := 0; b.Loop(); epoch++ {
					for _, err := range loader.Batches(b.Context(), epoch) {
						if err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}

// BenchmarkEpochOfRows is an epoch of rows of eight float32s.
func BenchmarkEpochOfRows(b *testing.B) {
	const n = 100000
	rows := &data.Arrays{X: data.NewArray(make([]float32, n*8), n, 8), Labels: make([]int, n)}
	loader := data.NewLoader(rows, data.LoaderConfig{BatchSize: 128, Shuffle: true})
	b.SetBytes(n * 8 * 4)
	b.ReportAllocs()
	for epoch := 0; b.Loop(); epoch++ {
		for _, err := range loader.Batches(b.Context(), epoch) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkReadIDX(b *testing.B) {
	images := mnistSized()
	var file bytes.Buffer
	x := &data.IDX{Type: data.IDXUint8, Shape: []int{images.N, 28, 28}, Data: images.Pixels}
	if _, err := x.WriteTo(&file); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		if _, err := data.ReadIDX(bytes.NewReader(file.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDigits(b *testing.B) {
	for b.Loop() {
		if _, _, err := data.Digits(1, 0.2); err != nil {
			b.Fatal(err)
		}
	}
}
