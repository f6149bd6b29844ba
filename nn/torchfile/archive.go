package torchfile

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"
)

// Since PyTorch 1.6 a file is a ZIP archive of NAME/data.pkl and a file for each storage,
// NAME/data/KEY, none of them compressed.

// archive is the files of an archive.
type archive struct {
	s        *source
	prefix   string // with the slash
	files    map[string]*zip.File
	storages storages
}

// readArchive reads the pickle of an archive.
func (s *source) readArchive() (any, error) {
	z, err := zip.NewReader(io.NewSectionReader(s.r, 0, s.size), s.size)
	if err != nil {
		return nil, s.wrong(0, err, "expected a ZIP archive")
	}
	a := &archive{s: s, files: map[string]*zip.File{}, storages: storages{}}
	var pickle *zip.File
	for _, f := range z.File {
		if a.files[f.Name] != nil {
			return nil, s.wrong(0, nil, "the archive has two files named %.100q", f.Name)
		}
		a.files[f.Name] = f
		if prefix, ok := strings.CutSuffix(f.Name, "data.pkl"); ok && strings.Count(prefix, "/") <= 1 && pickle == nil {
			a.prefix, pickle = prefix, f
		}
	}
	if pickle == nil {
		return nil, s.wrong(0, nil, "the archive has no data.pkl: expected a file of torch.save")
	}
	if a.files[a.prefix+"constants.pkl"] != nil {
		return nil, s.wrong(0, nil, "this is a program of TorchScript: save its state_dict() with torch.save")
	}
	if err := a.checkByteOrder(); err != nil {
		return nil, err
	}
	start, err := a.place(pickle)
	if err != nil {
		return nil, err
	}
	if err := a.checkSum(pickle, start); err != nil {
		return nil, err
	}
	m := s.newMachine(start, int64(pickle.UncompressedSize64))
	m.persistent = a.storage
	return m.run()
}

// place is where the content of a file is, which is as it is and lies in the archive.
func (a *archive) place(f *zip.File) (int64, error) {
	start, err := f.DataOffset()
	if err != nil {
		return 0, a.s.wrong(0, err, "expected %.100q in the archive", f.Name)
	}
	if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 {
		return 0, a.s.wrong(start, nil, "%.100q is compressed, which PyTorch does not do", f.Name)
	}
	if start < 0 || start > a.s.size || f.UncompressedSize64 > uint64(a.s.size-start) {
		return 0, a.s.wrong(a.s.size, io.ErrUnexpectedEOF, "expected %d bytes of %.100q from byte %d on", f.UncompressedSize64, f.Name, start)
	}
	return start, nil
}

// checkSum compares the checksum of a file.
func (a *archive) checkSum(f *zip.File, start int64) error {
	r, err := f.Open()
	if err == nil {
		_, err = io.Copy(io.Discard, r)
		r.Close()
	}
	if err != nil {
		return a.s.wrong(start, err, "expected %.100q in the archive", f.Name)
	}
	return nil
}

// checkByteOrder refuses big-endian storages.
func (a *archive) checkByteOrder() error {
	f := a.files[a.prefix+"byteorder"]
	if f == nil {
		return nil // as before PyTorch 2.1: little-endian
	}
	start, err := a.place(f)
	if err != nil {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return a.s.wrong(start, err, "expected the byte order")
	}
	defer r.Close()
	order, err := io.ReadAll(io.LimitReader(r, 16))
	if err != nil || string(order) != "little" {
		return a.s.wrong(start, err, "the byte order is %.16q, expected little", order)
	}
	return nil
}

// storage is the storage that a pickle names.
func (a *archive) storage(parts tuple) (any, error) {
	id, err := readStorageID(parts)
	if err != nil {
		return nil, err
	}
	if id.view != nil {
		return nil, fmt.Errorf("storage %.40q is a part of another, which archives do not have", id.key)
	}
	if known, err := a.storages.known(id); known != nil || err != nil {
		return known, err
	}
	f := a.files[a.prefix+"data/"+id.key]
	if f == nil {
		return nil, fmt.Errorf("the archive has no storage %.40q", id.key)
	}
	start, err := a.place(f)
	if err != nil {
		return nil, err
	}
	if want := id.numel * id.kind.size; f.UncompressedSize64 != uint64(want) {
		return nil, fmt.Errorf("storage %.40q of %d elements of %s has %d bytes, expected %d", id.key, id.numel, id.kind.dtype, f.UncompressedSize64, want)
	}
	s := &storage{s: a.s, kind: id.kind, numel: id.numel, start: start, entry: f}
	a.storages[id.key] = s
	return s, nil
}
