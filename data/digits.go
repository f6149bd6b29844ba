package data

import (
	"bytes"
	_ "embed"
	"slices"
	"sync"
)

//go:embed digits/digits.csv.gz
var digitsCSV []byte

const (
	smallSide = 8  // of the digits as published
	boxSide   = 20 // of the box MNIST fits its digits into
	imageSide = 28
)

// Digits is the UCI data set of handwritten digits, embedded in the program: 1,797
// images, dealt out by [Split] with this fraction (0 … 1) as test images and this
// seed. It stands in for MNIST where that is out of reach, and is what a quick test
// needs. It panics with [*ValueError] if testFraction is out of range; an error would
// mean that the program was built from damaged files.
//
// The images are enlarged from 8×8 to 28×28 pixels in the manner of MNIST: the digit
// in a box of 20×20, the box placed so that the centre of mass is in the middle,
// values 0 to 255.
//
// E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine
// Learning Repository, 1998, https://doi.org/10.24432/C50P49, CC BY 4.0.
func Digits(seed uint64, testFraction float64) (train, test *Images, err error) {
	all, err := allDigits()
	if err != nil {
		return nil, nil, err
	}
	rest, held := Split(all, testFraction, seed)
	train, test = all.Subset(rest.Indices), all.Subset(held.Indices)
	train.Classes, test.Classes = slices.Clone(all.Classes), slices.Clone(all.Classes)
	return train, test, nil
}

// allDigits is all images, 1.4 MB that are made once. Nobody changes them: users get
// copies.
var allDigits = sync.OnceValues(func() (*Images, error) {
	small, err := ReadCSV(bytes.NewReader(digitsCSV), CSVConfig{NoHeader: true, Label: "-1"})
	if err != nil {
		return nil, err
	}
	all := &Images{N: small.Len(), Channels: 1, Height: imageSide, Width: imageSide, Labels: small.Labels, Classes: digitNames(),
		Pixels: make([]byte, small.Len()*imageSide*imageSide)}
	const size = smallSide * smallSide
	for i := range all.N {
		enlarge(all.Image(i), small.X.Float32s[i*size:(i+1)*size])
	}
	return all, nil
})

// enlarge draws a digit of 8×8 values 0 … 16 into image, 28×28 and black. All is
// done in integers, so that every processor draws the same.
func enlarge(image []byte, small []float32) {
	var box [boxSide][boxSide]int
	total, momentX, momentY := 0, 0, 0
	for y := range boxSide {
		for x := range boxSide {
			v := bilinear(small, x, y)
			box[y][x] = v
			total += v
			momentX += v * x
			momentY += v * y
		}
	}
	left, top := placement(total, momentX), placement(total, momentY)
	for y, row := range box {
		for x, v := range row {
			image[(top+y)*imageSide+left+x] = byte(v)
		}
	}
}

// bilinear is pixel (x, y) of the box, 0 … 255, interpolated between the four nearest
// values. The centre of pixel x of 20 lies over x′ = (x + ½)·8/20 − ½ = (4x − 3)/10
// of 8; beyond the border everything is 0.
func bilinear(small []float32, x, y int) int {
	const tenths = 10
	at := func(x, y int) int {
		if x < 0 || x >= smallSide || y < 0 || y >= smallSide {
			return 0
		}
		return int(small[y*smallSide+x])
	}
	// Ten more, so that division rounds down: x′ may be negative.
	u, v := 4*x-3+tenths, 4*y-3+tenths
	x0, y0 := u/tenths-1, v/tenths-1
	fx, fy := u%tenths, v%tenths
	sum := (tenths-fy)*((tenths-fx)*at(x0, y0)+fx*at(x0+1, y0)) + fy*((tenths-fx)*at(x0, y0+1)+fx*at(x0+1, y0+1))
	const full = 16 * tenths * tenths
	return (sum*255 + full/2) / full
}

// placement is where the box begins, along one axis, for the centre of mass
// moment/total to come nearest the middle of the image, (28 − 1)/2, as far as the
// box stays inside.
func placement(total, moment int) int {
	if total == 0 {
		return (imageSide - boxSide) / 2
	}
	// ⌊27/2 − moment/total + 1/2⌋
	return min(max((imageSide/2*total-moment)/total, 0), imageSide-boxSide)
}
