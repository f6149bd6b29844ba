package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"image"
	"io"
)

// This file finds out which way up a photograph is: cameras store the picture as the
// sensor saw it, and in a field called orientation how it is to be turned.

// Orientations, by the numbers of the Exif standard: where row 0 and column 0 of the
// stored picture are to be seen.
const (
	upright       = 1 // top, left
	mirrored      = 2 // top, right
	upsideDown    = 3 // bottom, right
	flipped       = 4 // bottom, left
	transposed    = 5 // left, top
	clockwise     = 6 // right, top: a quarter turn clockwise makes it upright
	transverse    = 7 // right, bottom
	anticlockwise = 8 // left, bottom
)

// orientationOf reads the orientation from the beginning of a JPEG file. Where there
// is none, or what is there makes no sense, the picture is taken to be upright.
func orientationOf(file io.Reader) int {
	r := bufio.NewReader(file)
	var start [2]byte
	if _, err := io.ReadFull(r, start[:]); err != nil || start != [2]byte{0xff, 0xd8} {
		return upright
	}
	for {
		var head [4]byte // marker and length, which counts itself
		if _, err := io.ReadFull(r, head[:]); err != nil || head[0] != 0xff {
			return upright
		}
		length := int(binary.BigEndian.Uint16(head[2:])) - 2
		if length < 0 || head[1] == 0xda { // the picture itself begins
			return upright
		}
		if head[1] != 0xe1 {
			if _, err := r.Discard(length); err != nil {
				return upright
			}
			continue
		}
		segment := make([]byte, length)
		if _, err := io.ReadFull(r, segment); err != nil {
			return upright
		}
		if exif, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok {
			return orientationIn(exif)
		}
	}
}

// orientationIn looks the orientation up in the first directory of an Exif block, which
// has the structure of a TIFF file.
func orientationIn(tiff []byte) int {
	const (
		headerSize     = 8
		entrySize      = 12 // tag, type, count, value
		orientationTag = 0x0112
		shortType      = 3
	)
	if len(tiff) < headerSize {
		return upright
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	offset := order.Uint32(tiff[4:])
	if uint64(offset)+2 > uint64(len(tiff)) {
		return upright
	}
	entries := tiff[offset+2:]
	for range order.Uint16(tiff[offset:]) {
		if len(entries) < entrySize {
			break
		}
		if order.Uint16(entries) == orientationTag && order.Uint16(entries[2:]) == shortType {
			if o := int(order.Uint16(entries[8:])); o >= upright && o <= anticlockwise {
				return o
			}
			break
		}
		entries = entries[entrySize:]
	}
	return upright
}

// turn is the picture as it is to be seen.
func turn(picture *image.NRGBA, orientation int) *image.NRGBA {
	width, height := picture.Rect.Dx(), picture.Rect.Dy()
	size := image.Rect(0, 0, width, height)
	if orientation >= transposed {
		size = image.Rect(0, 0, height, width)
	}
	turned := image.NewNRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			fromX, fromY := x, y
			switch orientation {
			case mirrored:
				fromX = width - 1 - x
			case upsideDown:
				fromX, fromY = width-1-x, height-1-y
			case flipped:
				fromY = height - 1 - y
			case transposed:
				fromX, fromY = y, x
			case clockwise:
				fromX, fromY = y, height-1-x
			case transverse:
				fromX, fromY = width-1-y, height-1-x
			case anticlockwise:
				fromX, fromY = width-1-y, x
			}
			turned.SetNRGBA(x, y, picture.NRGBAAt(fromX, fromY))
		}
	}
	return turned
}
