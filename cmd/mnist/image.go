package main

import (
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // the formats readImage understands
	_ "image/png"
	"io"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/image/draw"
)

// This file turns a picture of any size into the 28×28 pixels of a training image,
// light on black, in the manner the training images were made.

const (
	imageSide    = 28
	maxPixels    = 1 << 25 // of an image file: what decoding it may allocate is bounded
	workingSide  = 512     // images are reduced to this before anything else
	leastInk     = 16      // of 255: less contrast than this is a blank page
	speckDivisor = 20      // a spot of less than 1/20 of the largest one is dirt
)

// framing is how the images of a data set were brought into 28×28 pixels.
type framing struct {
	Box      int  // side of the square the object fits into, its aspect ratio kept
	ByMass   bool // whether the centre of mass is in the middle, or that of the box
	Contrast bool // whether the strokes were brought to full intensity
}

// framings of the data sets: handwritten digits are in a box of 20×20, placed by
// centre of mass; articles fill the image, and how dark they are says what they are.
var (
	digitFraming   = framing{Box: 20, ByMass: true, Contrast: true}
	fashionFraming = framing{Box: 28}
)

// readImage decodes a PNG or JPEG file, reduced if it is large, and turned as the camera
// was held. Its errors name the file.
func readImage(path string) (*image.NRGBA, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	if !info.Mode().IsRegular() { // opening a pipe might wait for ever
		return nil, fmt.Errorf("%s: %s", path, notAFile(info))
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	defer file.Close()

	config, _, err := image.DecodeConfig(file)
	if err != nil {
		return nil, decodeError(path, err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return nil, fmt.Errorf("%s: %d×%d pixels: want 1 to %d in all", path, config.Width, config.Height, maxPixels)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, pathError(path, err)
	}
	orientation := orientationOf(file)
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, pathError(path, err)
	}
	picture, _, err := image.Decode(file)
	if err != nil {
		return nil, decodeError(path, err)
	}
	return turn(reduce(picture), orientation), nil
}

func decodeError(path string, err error) error {
	if errors.Is(err, image.ErrFormat) {
		return fmt.Errorf("%s: not a PNG or JPEG image", path)
	}
	return fmt.Errorf("%s: damaged image: %w", path, err)
}

// notAFile says what is there instead of a regular file.
func notAFile(info fs.FileInfo) string {
	if info.IsDir() {
		return "is a directory"
	}
	return "not a regular file"
}

// pathError is err, naming the path once, whether it does so already or not.
func pathError(path string, err error) error {
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// normalize is the picture as a training image, 28×28 bytes, light on black, and the
// number of objects it shows. It fails if there is nothing to be seen.
func (f framing) normalize(picture image.Image) (pixels []byte, objects int, err error) {
	gray := grayOf(reduce(picture))
	ink := inkOf(gray)
	threshold := otsu(ink.Pix)
	if threshold == 0 {
		return nil, 0, errors.New("nothing to be seen: the image is blank")
	}
	// What is fainter than half the threshold is the paper: its shade and grain.
	for i, v := range ink.Pix {
		if int(v) < (threshold+1)/2 {
			ink.Pix[i] = 0
		}
	}
	removeSpecks(ink)
	objects = countObjects(ink)
	if f.Contrast {
		stretch(ink, threshold)
	}
	return f.place(fit(ink, boundingBox(ink), f.Box)), objects, nil
}

// reduce scales a large picture down, so that what follows takes bounded time and
// sees little of the noise.
func reduce(picture image.Image) *image.NRGBA {
	bounds := picture.Bounds()
	width, height := fitInto(bounds.Dx(), bounds.Dy(), workingSide)
	if max(bounds.Dx(), bounds.Dy()) <= workingSide {
		width, height = bounds.Dx(), bounds.Dy()
	}
	reduced := image.NewNRGBA(image.Rect(0, 0, width, height))
	if bounds.Size() == reduced.Rect.Size() {
		draw.Draw(reduced, reduced.Rect, picture, bounds.Min, draw.Src)
	} else {
		draw.CatmullRom.Scale(reduced, reduced.Rect, picture, bounds, draw.Src, nil)
	}
	return reduced
}

// fitInto is width and height scaled for the greater to become side.
func fitInto(width, height, side int) (int, int) {
	scale := func(n int) int { return max(1, (n*side+max(width, height)/2)/max(width, height)) }
	return scale(width), scale(height)
}

// grayOf is the picture in shades of gray, on white where it is transparent. If that
// leaves nothing to be seen, it was meant for a dark background.
func grayOf(picture *image.NRGBA) *image.Gray {
	gray := over(picture, image.White)
	if lo, hi := slices.Min(gray.Pix), slices.Max(gray.Pix); int(hi)-int(lo) < leastInk && !picture.Opaque() {
		return over(picture, image.Black)
	}
	return gray
}

func over(picture *image.NRGBA, background image.Image) *image.Gray {
	gray := image.NewGray(picture.Rect)
	draw.Draw(gray, gray.Rect, background, image.Point{}, draw.Src)
	draw.Draw(gray, gray.Rect, picture, image.Point{}, draw.Over)
	return gray
}

// inkOf is how much each pixel differs from the background, in the direction of the
// stroke: darker on a light page, lighter on a dark one. The background is the
// median of the border, and the stroke lies on the side that goes farther from it.
func inkOf(gray *image.Gray) *image.Gray {
	width, height := gray.Rect.Dx(), gray.Rect.Dy()
	var border []byte
	border = append(border, gray.Pix[:width]...)
	border = append(border, gray.Pix[(height-1)*width:]...)
	for y := range height {
		border = append(border, gray.Pix[y*width], gray.Pix[y*width+width-1])
	}
	slices.Sort(border)
	background := int(border[len(border)/2])

	darkest, lightest := int(slices.Min(gray.Pix)), int(slices.Max(gray.Pix))
	sign := 1
	if background-darkest > lightest-background {
		sign = -1
	}
	ink := image.NewGray(gray.Rect)
	for i, v := range gray.Pix {
		ink.Pix[i] = byte(max(0, sign*(int(v)-background)))
	}
	return ink
}

// otsu is the threshold that best separates the values into two classes, in the sense
// of the greatest variance between them (N. Otsu, 1979): the lowest value of the upper
// class; 0 if they hardly differ.
func otsu(values []byte) int {
	var histogram [256]int
	sum := 0
	for _, v := range values {
		histogram[v]++
		sum += int(v)
	}
	if slices.Max(values) < leastInk {
		return 0
	}
	threshold, best := 0, -1.0
	below, belowSum := 0, 0
	for v := range 255 {
		below += histogram[v]
		belowSum += v * histogram[v]
		above := len(values) - below
		if below == 0 || above == 0 {
			continue
		}
		distance := float64(belowSum)/float64(below) - float64(sum-belowSum)/float64(above)
		if variance := float64(below) * float64(above) * distance * distance; variance > best {
			threshold, best = v+1, variance
		}
	}
	return threshold
}

// removeSpecks blackens the spots that are small beside the largest one: dust, and
// what compression leaves behind.
func removeSpecks(ink *image.Gray) {
	spots := spotsOf(ink)
	largest := 0
	for _, spot := range spots {
		largest = max(largest, len(spot))
	}
	for _, spot := range spots {
		if len(spot)*speckDivisor < largest {
			for _, i := range spot {
				ink.Pix[i] = 0
			}
		}
	}
}

// spotsOf is the connected regions of ink, each as the indices of its pixels; pixels
// that touch at a corner are connected.
func spotsOf(ink *image.Gray) [][]int {
	width, height := ink.Rect.Dx(), ink.Rect.Dy()
	seen := make([]bool, len(ink.Pix))
	var spots [][]int
	for start, v := range ink.Pix {
		if v == 0 || seen[start] {
			continue
		}
		seen[start] = true
		spot := []int{start}
		for next := 0; next < len(spot); next++ {
			x, y := spot[next]%width, spot[next]/width
			for ny := max(0, y-1); ny <= min(height-1, y+1); ny++ {
				for nx := max(0, x-1); nx <= min(width-1, x+1); nx++ {
					if i := ny*width + nx; ink.Pix[i] > 0 && !seen[i] {
						seen[i] = true
						spot = append(spot, i)
					}
				}
			}
		}
		spots = append(spots, spot)
	}
	return spots
}

// stretch brings the strokes, what is above the threshold, to full intensity: their
// median becomes white.
func stretch(ink *image.Gray, threshold int) {
	var stroke []byte
	for _, v := range ink.Pix {
		if int(v) >= threshold {
			stroke = append(stroke, v)
		}
	}
	if len(stroke) == 0 {
		return
	}
	slices.Sort(stroke)
	full := int(stroke[len(stroke)/2])
	for i, v := range ink.Pix {
		ink.Pix[i] = byte(min(255, (int(v)*255+full/2)/full))
	}
}

// boundingBox is the smallest rectangle that holds all ink.
func boundingBox(ink *image.Gray) image.Rectangle {
	width := ink.Rect.Dx()
	var box image.Rectangle
	for i, v := range ink.Pix {
		if v > 0 {
			x, y := i%width, i/width
			box = box.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	return box
}

// fit scales a part of the image for its longer side to become side.
func fit(ink *image.Gray, part image.Rectangle, side int) *image.Gray {
	width, height := fitInto(part.Dx(), part.Dy(), side)
	scaled := image.NewGray(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(scaled, scaled.Rect, ink, part, draw.Src, nil)
	return scaled
}

// place puts the scaled object into the middle of a black image of 28×28.
func (f framing) place(object *image.Gray) []byte {
	width, height := object.Rect.Dx(), object.Rect.Dy()
	left, top := (imageSide-width)/2, (imageSide-height)/2
	if f.ByMass {
		total, momentX, momentY := 0, 0, 0
		for i, v := range object.Pix {
			total += int(v)
			momentX += int(v) * (i % width)
			momentY += int(v) * (i / width)
		}
		left = placement(total, momentX, width)
		top = placement(total, momentY, height)
	}
	placed := make([]byte, imageSide*imageSide)
	for y := range height {
		copy(placed[(top+y)*imageSide+left:], object.Pix[y*width:(y+1)*width])
	}
	return placed
}

// placement is where an object of this size begins, along one axis, for its centre of
// mass moment/total to come nearest pixel 28/2, where all images of MNIST have theirs
// (within half a pixel), as far as the object stays inside.
func placement(total, moment, size int) int {
	if total == 0 {
		return (imageSide - size) / 2
	}
	begin := ((imageSide+1)*total - 2*moment) / (2 * total) // ⌊14 − moment/total + ½⌋
	return min(max(begin, 0), imageSide-size)
}
