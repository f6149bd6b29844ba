package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// This file reads and writes IDX, the format MNIST is distributed in:
//
//	2 zero bytes, 1 byte element type, 1 byte rank,
//	rank sizes as big-endian uint32,
//	the elements, row-major, big-endian, and nothing after them.

// IDXType is the element type of an IDX file.
type IDXType byte

// The element types of the format.
const (
	IDXUint8   IDXType = 0x08
	IDXInt8    IDXType = 0x09
	IDXInt16   IDXType = 0x0B
	IDXInt32   IDXType = 0x0C
	IDXFloat32 IDXType = 0x0D
	IDXFloat64 IDXType = 0x0E
)

// Size is the number of bytes of one element, 0 for an unknown type.
func (t IDXType) Size() int {
	switch t {
	case IDXUint8, IDXInt8:
		return 1
	case IDXInt16:
		return 2
	case IDXInt32, IDXFloat32:
		return 4
	case IDXFloat64:
		return 8
	}
	return 0
}

// String is the Go name of the type.
func (t IDXType) String() string {
	switch t {
	case IDXUint8:
		return "uint8"
	case IDXInt8:
		return "int8"
	case IDXInt16:
		return "int16"
	case IDXInt32:
		return "int32"
	case IDXFloat32:
		return "float32"
	case IDXFloat64:
		return "float64"
	}
	return fmt.Sprintf("IDXType(%#02x)", byte(t))
}

// IDX is the array an IDX file holds.
type IDX struct {
	Type  IDXType
	Shape []int  // sizes, at most 8 of them
	Data  []byte // the elements as the file has them: row-major, big-endian

	file string // where it was read from, for error messages
}

// maxIDXRank is the largest rank accepted. The format allows 255, arrays found in
// practice have at most four axes.
const maxIDXRank = 8

// ReadIDX reads an IDX file, plain or compressed with gzip, which it recognises by
// content. It reads to the end of r. What is malformed, truncated or followed by
// further bytes is a [*FormatError]; memory is allocated as data arrive, whatever
// the header promises.
func ReadIDX(r io.Reader) (*IDX, error) {
	return readIDX(r, nameOf(r), 0)
}

// ReadIDXFile reads the IDX file at path; see [ReadIDX].
func ReadIDXFile(path string) (*IDX, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readIDX(f, path, size)
}

// readIDX reads an IDX file from r, which may be compressed. At least available bytes are
// known to exist, so that much may be allocated at once.
func readIDX(r io.Reader, name string, available int64) (*IDX, error) {
	content, err := uncompress(r, name)
	if err != nil {
		return nil, err
	}
	return parseIDX(&binaryReader{r: content, name: name}, int(min(available, math.MaxInt32)))
}

// idxOf is the array that a file holds, in the memory of its content.
func idxOf(file Content) (*IDX, error) { return parseIDX(readerOf(file), 0) }

// parseIDX reads an IDX file up to its end. As much as trusted is allocated at once.
func parseIDX(d *binaryReader, trusted int) (*IDX, error) {
	x, err := readIDXHeader(d)
	if err != nil {
		return nil, err
	}
	size := x.Type.Size()
	for _, n := range x.Shape {
		size *= n
	}
	if x.Data, err = d.elements(size, trusted); err != nil {
		return nil, err
	}
	return x, d.end()
}

// readIDXHeader reads type and shape.
func readIDXHeader(d *binaryReader) (*IDX, error) {
	var magic [4]byte
	if err := d.full(magic[:], "an IDX header"); err != nil {
		return nil, err
	}
	if magic[0] != 0 || magic[1] != 0 {
		return nil, d.wrong(0, "an IDX file, which begins with two zero bytes", fmt.Sprintf("%q", magic[:]))
	}
	x := &IDX{Type: IDXType(magic[2]), file: d.name}
	if x.Type.Size() == 0 {
		return nil, d.wrong(2, "an element type 0x08, 0x09, 0x0b, 0x0c, 0x0d or 0x0e", fmt.Sprintf("%#02x", magic[2]))
	}
	rank := int(magic[3])
	if rank == 0 || rank > maxIDXRank {
		return nil, d.wrong(3, fmt.Sprintf("a rank of 1 to %d", maxIDXRank), fmt.Sprint(rank))
	}
	for axis := range rank {
		var field [4]byte
		at := d.offset
		if err := d.full(field[:], fmt.Sprintf("the size of axis %d", axis)); err != nil {
			return nil, err
		}
		n := uint64(binary.BigEndian.Uint32(field[:]))
		x.Shape = append(x.Shape, int(min(n, math.MaxInt)))
		if _, ok := product(x.Shape); !ok {
			return nil, d.wrong(at, addressable, fmt.Sprint(x.Shape))
		}
	}
	return x, nil
}

// WriteTo writes x to w as an IDX file, uncompressed. It panics with [*ValueError]
// if x has an unknown type, a shape the format cannot express, or a shape that does
// not fit its data.
func (x *IDX) WriteTo(w io.Writer) (int64, error) {
	n, err := io.Copy(w, io.MultiReader(bytes.NewReader(x.header()), bytes.NewReader(x.Data)))
	if err != nil {
		return n, fmt.Errorf("data: writing IDX: %w", err)
	}
	return n, nil
}

// header is what x's file begins with.
func (x *IDX) header() []byte {
	const op = "IDX.WriteTo"
	if x.Type.Size() == 0 {
		misuse(op, "unknown element type %v", x.Type)
	}
	if len(x.Shape) == 0 || len(x.Shape) > maxIDXRank {
		misuse(op, "shape %v: want a rank of 1 to %d", x.Shape, maxIDXRank)
	}
	if size := sizeOf(op, x.Shape); len(x.Data) != size*x.Type.Size() {
		misuse(op, "%d bytes of data for %d elements of type %v", len(x.Data), size, x.Type)
	}
	p := []byte{0, 0, byte(x.Type), byte(len(x.Shape))}
	for _, n := range x.Shape {
		if uint64(n) > math.MaxUint32 {
			misuse(op, "shape %v: a size is beyond 32 bits", x.Shape)
		}
		p = binary.BigEndian.AppendUint32(p, uint32(n))
	}
	return p
}

// Array returns x's elements, converted to dtype, with x's shape. It panics if x has an
// unknown type or a shape that does not fit its data.
func (x *IDX) Array(dtype DType) Array {
	a := makeArray(dtype, slices.Clone(x.Shape))
	if dtype == Float64 {
		for i := range a.Float64s {
			a.Float64s[i] = x.at(i)
		}
	} else {
		for i := range a.Float32s {
			a.Float32s[i] = float32(x.at(i))
		}
	}
	return a
}

// at is element i.
func (x *IDX) at(i int) float64 {
	order := binary.BigEndian
	switch p := x.Data[i*x.Type.Size():]; x.Type {
	case IDXUint8:
		return float64(p[0])
	case IDXInt8:
		return float64(int8(p[0]))
	case IDXInt16:
		return float64(int16(order.Uint16(p)))
	case IDXInt32:
		return float64(int32(order.Uint32(p)))
	case IDXFloat32:
		return float64(math.Float32frombits(order.Uint32(p)))
	default:
		return math.Float64frombits(order.Uint64(p))
	}
}
