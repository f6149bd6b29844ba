package nn

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// safetensorsStream is the tensors behind a header that has been read, which come once and in
// order.
type safetensorsStream struct {
	h     *header
	infos []TensorInfo
	r     io.Reader
	at    int64 // of the data
}

func newStream(h *header, r io.Reader) *safetensorsStream {
	return &safetensorsStream{h: h, infos: h.infos(), r: r}
}

// Read reads what comes next of the data.
func (s *safetensorsStream) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.at += int64(n)
	return n, err
}

func (s *safetensorsStream) Tensors() []TensorInfo { return s.infos }

func (s *safetensorsStream) Place(i int) (file string, offset int64) {
	return "", s.h.size + s.h.tensors[i].begin
}

func (s *safetensorsStream) Open(i int) (io.ReadCloser, error) {
	t := &s.h.tensors[i]
	if err := s.skipTo(t.begin); err != nil {
		return nil, err
	}
	return io.NopCloser(io.LimitReader(s, t.end-t.begin)), nil
}

// skipTo reads over the data up to an offset in them that is not behind.
func (s *safetensorsStream) skipTo(offset int64) error {
	for i := range s.h.tensors {
		t := &s.h.tensors[i]
		if t.end <= s.at || t.begin >= offset {
			continue
		}
		if _, err := io.CopyN(io.Discard, s, t.end-s.at); err != nil {
			return s.h.cutOff(t, s.at-t.begin, err)
		}
	}
	return nil
}

// cutOff is the error of data that end, or cannot be read, after so many bytes of a tensor.
func (h *header) cutOff(t *tensorEntry, n int64, err error) error {
	return unreadable(h.size+t.begin+n, t.name, fmt.Sprintf("expected %d bytes of data up to byte %d", t.end-t.begin, h.size+t.end), err)
}

// expectEnd sees that nothing follows the data.
func (h *header) expectEnd(r io.Reader) error {
	end := h.end()
	var extra [1]byte
	switch n, err := io.ReadFull(r, extra[:]); {
	case n > 0:
		return &FormatError{Offset: end, Reason: "expected nothing after the data of the last tensor"}
	case err != io.EOF:
		return unreadable(end, "", "expected the end", err)
	}
	return nil
}

// safetensors is files whose headers have been read, and tensors of all of them.
type safetensors struct {
	infos  []TensorInfo
	places []safetensorsPlace // one for each tensor
	owners []io.Closer
}

// safetensorsPlace is where a tensor is.
type safetensorsPlace struct {
	r          io.ReaderAt
	file       string
	begin, end int64 // in the file
}

// newSafetensors is the tensors of a file of size bytes.
func newSafetensors(r io.ReaderAt, size int64, name string, owner io.Closer) (*safetensors, error) {
	h, err := readHeader(io.NewSectionReader(r, 0, size))
	if err == nil {
		err = h.checkEnd(size)
	}
	if err != nil {
		return nil, nameFile(err, name)
	}
	s := &safetensors{}
	s.add(h, r, name, owner)
	return s, nil
}

// checkEnd sees that a file of so many bytes ends where its data do.
func (h *header) checkEnd(size int64) error {
	if size > h.end() {
		return &FormatError{Offset: h.end(), Reason: "expected nothing after the data of the last tensor"}
	}
	for i := range h.tensors {
		if t := &h.tensors[i]; h.size+t.end > size {
			return h.cutOff(t, max(0, size-h.size-t.begin), io.ErrUnexpectedEOF)
		}
	}
	return nil
}

// add adds the tensors of a file.
func (s *safetensors) add(h *header, r io.ReaderAt, name string, owner io.Closer) {
	s.infos = append(s.infos, h.infos()...)
	for _, t := range h.tensors {
		s.places = append(s.places, safetensorsPlace{r, name, h.size + t.begin, h.size + t.end})
	}
	if owner != nil {
		s.owners = append(s.owners, owner)
	}
}

func (s *safetensors) Tensors() []TensorInfo { return s.infos }

func (s *safetensors) Place(i int) (file string, offset int64) {
	return s.places[i].file, s.places[i].begin
}

func (s *safetensors) Open(i int) (io.ReadCloser, error) {
	p := s.places[i]
	return io.NopCloser(io.NewSectionReader(p.r, p.begin, p.end-p.begin)), nil
}

func (s *safetensors) Close() error {
	var all []error
	for _, owner := range s.owners {
		all = append(all, owner.Close())
	}
	return errors.Join(all...)
}

// addShard adds the tensors of one of the files of an index, which must be those that the
// index has in it.
func (s *safetensors) addShard(path, name string, index *safetensorsIndex) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("nn: %w", err)
	}
	s.owners = append(s.owners, file)
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("nn: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("nn: %s is no regular file", path)
	}
	h, err := readHeader(io.NewSectionReader(file, 0, info.Size()))
	if err == nil {
		err = h.checkEnd(info.Size())
	}
	if err != nil {
		return nameFile(err, path)
	}
	for _, t := range h.tensors {
		if !index.take(t.name, name) {
			return &FormatError{File: path, Offset: t.at, Tensor: t.name, Reason: "the index does not have it in this file"}
		}
	}
	s.add(h, file, path, nil)
	return nil
}
