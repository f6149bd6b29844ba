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

// idxTypes has what they are called in Go and, as for NPY, how they are decoded.
var idxTypes = map[IDXType]struct{ name, kind string }{
	IDXUint8:   {"uint8", "u1"},
	IDXInt8:    {"int8", "i1"},
	IDXInt16:   {"int16", "i2"},
	IDXInt32:   {"int32", "i4"},
	IDXFloat32: {"float32", "f4"},
	IDXFloat64: {"float64", "f8"},
}

// kind is how elements are decoded.
func (t IDXType) kind() elementType { return elementTypes[idxTypes[t].kind] }

// Size is the number of bytes of one element, 0 for an unknown type.
func (t IDXType) Size() int { return t.kind().size }

// String is the Go name of the type.
func (t IDXType) String() string {
	if known, ok := idxTypes[t]; ok {
		return known.name
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
	a, kind := makeArray(dtype, slices.Clone(x.Shape)), x.Type.kind()
	for i := range a.size() {
		a.set(i, kind.decode(binary.BigEndian, x.Data[i*kind.size:]))
	}
	return a
}

// OpenIDX opens the array at path to read single rows of. The caller closes it. It fails
// as [ReadIDXFile] does, and with a [*FormatError] for a file of another length than its
// header says, and for one that is compressed, of which [Uncompress] makes one that is not.
// For images and their labels there is [OpenImages].
func OpenIDX(path string) (*ArrayFile, error) { return openArray(path, openIDXArray) }

func openIDXArray(d *binaryReader, source io.ReaderAt, size int64) (*ArrayFile, error) {
	x, err := readIDXHeader(d)
	if err != nil {
		return nil, err
	}
	return x.arrayFile(d, source, size)
}

// arrayFile is the array that x is the header of.
func (x *IDX) arrayFile(d *binaryReader, source io.ReaderAt, size int64) (*ArrayFile, error) {
	return arrayFileOf(d, source, size, x.Shape, x.Type.kind(), binary.BigEndian)
}
