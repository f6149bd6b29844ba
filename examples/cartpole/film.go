package main

import (
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"math"
	"math/rand/v2"
	"os"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"github.com/chainrule-go/chainrule/nn"
)

const (
	filmWidth, sceneHeight = 400, 120
	frames, stepsAFrame    = 130, 2 // a frame each 0.04 seconds
	metre                  = 78.0   // in pixels
)

// palette has few colours, and those between them that smooth edges need.
var palette = func() (p color.Palette) {
	p = append(p, color.White)
	for _, c := range []color.RGBA{{0x33, 0x33, 0x33, 255}, {0x1f, 0x77, 0xb4, 255}, {0xd6, 0x7a, 0x27, 255}} {
		for share := 1; share <= 5; share++ {
			mix := func(v uint8) uint8 { return uint8(255 - (255-int(v))*share/5) }
			p = append(p, color.RGBA{mix(c.R), mix(c.G), mix(c.B), 255})
		}
	}
	return p
}()

var dark, blue, brown = palette[5], palette[10], palette[15]

// film shows, at the speed of the world, what a network does before it has learned and what
// it does afterwards, from a start that is farther from rest than those it has learned from.
func film(path string, r *run) error {
	untrained := nn.NewMLP(rand.New(rand.NewPCG(r.seed, 4)), nn.MLPConfig{Sizes: []int{stateSize, 128, 128, actions}})
	first := state{-1.2, 0, 0.1, 0}
	scenes := []*scene{
		{title: "before learning", player: newPlayer(untrained), first: first, at: first},
		{title: "after learning", player: newPlayer(r.policy), first: first, at: first},
	}
	movie := &gif.GIF{}
	var last *image.Paletted
	for range frames {
		picture := image.NewRGBA(image.Rect(0, 0, filmWidth, sceneHeight*len(scenes)))
		draw.Draw(picture, picture.Bounds(), image.White, image.Point{}, draw.Src)
		for i, s := range scenes {
			s.draw(picture, float64(i*sceneHeight))
			for range stepsAFrame {
				s.step()
			}
		}
		frame := image.NewPaletted(picture.Bounds(), palette)
		draw.Draw(frame, frame.Bounds(), picture, image.Point{}, draw.Src)
		movie.Image = append(movie.Image, changed(last, frame))
		movie.Delay = append(movie.Delay, int(100*interval*stepsAFrame))
		last = frame
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := gif.EncodeAll(file, movie); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

// changed is the part of a frame that is not as in the one before.
func changed(before, frame *image.Paletted) *image.Paletted {
	if before == nil {
		return frame
	}
	area := image.Rect(0, 0, 1, 1) // a frame is never empty
	for y := range frame.Rect.Dy() {
		for x := range frame.Rect.Dx() {
			if before.ColorIndexAt(x, y) != frame.ColorIndexAt(x, y) {
				area = area.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return frame.SubImage(area).(*image.Paletted)
}

// scene is an episode after the other, each from the same start.
type scene struct {
	title     string
	player    *player
	first, at state
	fallen    int // steps since
}

const pause = 25 // steps for which a pole that has fallen is shown

func (s *scene) step() {
	switch {
	case !s.at.lost():
		s.at = s.at.next(s.player.best(s.at)[0])
	case s.fallen < pause:
		s.fallen++
	default:
		s.at, s.fallen = s.first, 0
	}
}

func (s *scene) draw(picture draw.Image, top float64) {
	ground := top + sceneHeight - 22
	middle := filmWidth / 2.0
	fill := func(c color.Color, corners ...float64) {
		r := vector.NewRasterizer(picture.Bounds().Dx(), picture.Bounds().Dy())
		r.MoveTo(float32(corners[0]), float32(corners[1]))
		for i := 2; i < len(corners); i += 2 {
			r.LineTo(float32(corners[i]), float32(corners[i+1]))
		}
		r.ClosePath()
		r.Draw(picture, picture.Bounds(), image.NewUniform(c), image.Point{})
	}
	box := func(c color.Color, left, top, right, bottom float64) {
		fill(c, left, top, right, top, right, bottom, left, bottom)
	}
	box(dark, middle-positionLimit*metre, ground, middle+positionLimit*metre, ground+2)
	for _, side := range []float64{-1, 1} {
		x := middle + side*positionLimit*metre
		box(dark, x-1, ground-8, x+1, ground+2)
	}
	x := middle + s.at[0]*metre
	box(blue, x-20, ground-18, x+20, ground-4)
	// The pole stands on the cart, and the angle is clockwise.
	sin, cos := math.Sincos(s.at[2])
	const width, length = 3, 2 * halfLength * metre
	y := ground - 18
	fill(brown, x-width*cos, y-width*sin, x+width*cos, y+width*sin, x+width*cos+length*sin, y+width*sin-length*cos, x-width*cos+length*sin, y-width*sin-length*cos)
	text := s.title
	if s.at.lost() {
		text += ": lost"
	}
	drawer := font.Drawer{Dst: picture, Src: image.NewUniform(dark), Face: basicfont.Face7x13, Dot: fixed.P(filmWidth/2-48, int(ground)+15)}
	drawer.DrawString(text)
}
