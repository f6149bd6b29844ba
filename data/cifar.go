package data

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// CIFAR10 reads the data set of 32×32 photographs in 10 classes by Krizhevsky (2009) from
// the files of its binary version in dir, unpacked: data_batch_1.bin to data_batch_5.bin,
// 50,000 images to train on, and test_batch.bin, 10,000 to test with. Each file may be
// compressed with gzip. It fails if a file is missing, and with a [*FormatError] if one
// is not whole records of a class below 10 and 3,072 bytes.
func CIFAR10(dir string) (train, test *Images, err error) {
	read := func(names ...string) (*Images, error) {
		return readCIFAR(dir, cifarFormat{label: 1, classes: 10, list: "batches.meta.txt"}, names...)
	}
	train, err = read("data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin")
	if err == nil {
		test, err = read("test_batch.bin")
	}
	return train, test, err
}

// CIFAR100 reads the data set of 32×32 photographs in 100 classes by Krizhevsky (2009) as
// [CIFAR10] does, from train.bin and test.bin. With coarse, labels are the 20 superclasses.
func CIFAR100(dir string, coarse bool) (train, test *Images, err error) {
	format := cifarFormat{label: 2, at: 1, classes: 100, list: "fine_label_names.txt"}
	if coarse {
		format = cifarFormat{label: 2, at: 0, classes: 20, list: "coarse_label_names.txt"}
	}
	train, err = readCIFAR(dir, format, "train.bin")
	if err == nil {
		test, err = readCIFAR(dir, format, "test.bin")
	}
	return train, test, err
}

// cifarFormat is what records begin with.
type cifarFormat struct {
	label   int // bytes before the pixels
	at      int // which of them is the class
	classes int
	list    string // file of the classes' names
}

const cifarPixels = 3 * 32 * 32

// readCIFAR reads files one after the other.
func readCIFAR(dir string, format cifarFormat, names ...string) (*Images, error) {
	m := &Images{Channels: 3, Height: 32, Width: 32}
	for _, name := range names {
		path, err := existing(dir, name)
		if err != nil {
			return nil, err
		}
		if err := format.read(m, path); err != nil {
			return nil, err
		}
	}
	m.N = len(m.Labels)
	if text, err := os.ReadFile(filepath.Join(dir, format.list)); err == nil {
		if classes := strings.Fields(string(text)); len(classes) == format.classes {
			m.Classes = classes
		}
	}
	return m, nil
}

// existing is the path of a file, or of a compressed one.
func existing(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		if _, err := os.Stat(path + ".gz"); err == nil {
			return path + ".gz", nil
		}
		return "", fmt.Errorf("data: %w", err)
	}
	return path, nil
}

// read adds a file's records to m.
func (c cifarFormat) read(m *Images, path string) error {
	f, _, err := openFile(path)
	if err != nil {
		return err
	}
	defer f.Close()
	content, err := uncompress(f, path)
	if err != nil {
		return err
	}
	buffered := bufio.NewReader(content)
	d := &binaryReader{r: buffered, name: path}
	record := make([]byte, c.label+cifarPixels)
	for {
		if _, err := buffered.Peek(1); err == io.EOF {
			return nil
		}
		start := d.offset
		if err := d.full(record, fmt.Sprintf("a record of %d bytes", len(record))); err != nil {
			return err
		}
		class := int(record[c.at])
		if class >= c.classes {
			return d.wrong(start+int64(c.at), fmt.Sprintf("a class below %d", c.classes), fmt.Sprint(class))
		}
		m.Labels = append(m.Labels, class)
		m.Pixels = append(m.Pixels, record[c.label:]...)
	}
}
