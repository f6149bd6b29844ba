package data

import (
	"fmt"
	"slices"
)

// emnistClasses are the characters that the classes of each part of EMNIST stand for.
var emnistClasses = map[string]string{
	"balanced": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt",
	"bymerge":  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt",
	"byclass":  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	"letters":  "abcdefghijklmnopqrstuvwxyz",
	"digits":   "0123456789",
	"mnist":    "0123456789",
}

// EMNIST reads a part of the data set of handwritten digits and letters by Cohen et al.
// (2017), "balanced", "bymerge", "byclass", "letters", "digits" or "mnist", from its files in
// dir, such as emnist-letters-train-images-idx3-ubyte, compressed with gzip or not. Images
// are upright, as those of MNIST are; in the files they lie on their sides. Classes are
// numbered from 0, those of letters too, which the files number from 1.
//
// It fails if a file is missing, and with a [*FormatError] if one is damaged, images and
// labels do not fit each other, or a label is not one of the part's. It panics with
// [*ValueError] for another part.
func EMNIST(dir, part string) (train, test *Images, err error) {
	characters, known := emnistClasses[part]
	if !known {
		misuse("EMNIST", "part %q: want balanced, bymerge, byclass, letters, digits or mnist", part)
	}
	if train, err = readEMNIST(dir, "emnist-"+part+"-train", characters, part == "letters"); err != nil {
		return nil, nil, err
	}
	if test, err = readEMNIST(dir, "emnist-"+part+"-test", characters, part == "letters"); err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

func readEMNIST(dir, name, characters string, fromOne bool) (*Images, error) {
	images, err := existing(dir, name+"-images-idx3-ubyte")
	if err != nil {
		return nil, err
	}
	labels, err := existing(dir, name+"-labels-idx1-ubyte")
	if err != nil {
		return nil, err
	}
	m, err := ReadImages(images, labels)
	if err != nil {
		return nil, err
	}
	m.Classes = Characters(characters)
	first := 0
	if fromOne {
		first = 1
	}
	for i, label := range m.Labels {
		if label < first || label >= first+len(characters) {
			return nil, &FormatError{File: labels, Offset: int64(8 + i), Want: fmt.Sprintf("labels from %d to %d", first, first+len(characters)-1), Got: fmt.Sprint(label)}
		}
		m.Labels[i] = label - first
	}
	m.transpose()
	return m, nil
}

// transpose exchanges rows and columns of all images.
func (m *Images) transpose() {
	size := m.Height * m.Width
	if size == 0 {
		return
	}
	for start := 0; start < len(m.Pixels); start += size {
		image := m.Pixels[start : start+size]
		original := slices.Clone(image)
		for y := range m.Height {
			for x := range m.Width {
				image[x*m.Height+y] = original[y*m.Width+x]
			}
		}
	}
	m.Height, m.Width = m.Width, m.Height
}
