package torchfile

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Before PyTorch 1.6 a file was five pickles: a number to know it by, the version, facts
// about the machine, the value, and the keys of the storages; and then these, each its number
// of elements in 8 bytes, and the elements.

const (
	legacyMagic   = long("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")
	legacyVersion = 1001
)

// readLegacy reads a file of pickles.
func (s *source) readLegacy() (any, error) {
	m := s.newMachine(0, s.size)
	magic, err := m.run()
	if err != nil || magic != any(legacyMagic) {
		return nil, s.wrong(0, err, "expected a file of torch.save: a ZIP archive, or the pickles before PyTorch 1.6")
	}
	start := m.at
	if version, err := m.run(); err != nil || version != any(int64(legacyVersion)) {
		return nil, s.wrong(start, err, "expected version %d of the format", legacyVersion)
	}
	start = m.at
	facts, err := m.run()
	if err != nil {
		return nil, err
	}
	if d, ok := facts.(*dict); !ok || d.get("little_endian") != true {
		return nil, s.wrong(start, nil, "expected a file of a little-endian machine")
	}
	all := storages{}
	m.persistent = func(id tuple) (any, error) { return s.legacyStorage(all, id) }
	value, err := m.run()
	if err != nil {
		return nil, err
	}
	m.persistent = nil
	start = m.at
	keys, err := m.run()
	if err != nil {
		return nil, err
	}
	l, ok := keys.(*list)
	if !ok {
		return nil, s.wrong(start, nil, "expected a list of the keys of storages, got %s", describe(keys))
	}
	return value, s.placeStorages(all, l.items, start, m.at)
}

// legacyStorage is the storage that a pickle names, or a part of one.
func (s *source) legacyStorage(all storages, parts tuple) (any, error) {
	if len(parts) == 2 || len(parts) > 0 && parts[0] == "module" {
		return nil, fmt.Errorf("a whole model is in the file, as a program of Python: model.state_dict() can be read")
	}
	id, err := readStorageID(parts)
	if err != nil {
		return nil, err
	}
	root, err := all.known(id)
	if err != nil {
		return nil, err
	}
	if root == nil {
		root = &storage{s: s, kind: id.kind, numel: id.numel, start: -1}
		all[id.key] = root
	}
	if id.view == nil {
		return root, nil
	}
	view, ok := id.view.(tuple)
	if !ok || len(view) != 3 {
		return nil, fmt.Errorf("expected a part of a storage, got %s", describe(id.view))
	}
	offset, isOffset := view[1].(int64)
	numel, isNumel := view[2].(int64)
	if !isOffset || !isNumel || offset < 0 || numel < 0 || offset > root.numel || numel > root.numel-offset {
		return nil, fmt.Errorf("elements %s to %s more are no part of a storage of %d", describe(view[1]), describe(view[2]), root.numel)
	}
	return &storage{s: s, kind: root.kind, numel: numel, root: root, offset: offset}, nil
}

// placeStorages finds the storages, which follow each other in the order of their keys.
func (s *source) placeStorages(all storages, keys []any, from, at int64) error {
	for _, key := range keys {
		name, ok := key.(string)
		if !ok {
			return s.wrong(from, nil, "expected the key of a storage, got %s", describe(key))
		}
		storage := all[name]
		if storage == nil || storage.start >= 0 {
			return s.wrong(from, nil, "the key %.40q is that of no storage, or occurs twice", name)
		}
		var count [8]byte
		if n, err := s.r.ReadAt(count[:], at); n < len(count) {
			return s.wrong(at+int64(n), err, "expected the number of elements of storage %.40q", name)
		}
		if n := int64(binary.LittleEndian.Uint64(count[:])); n != storage.numel {
			return s.wrong(at, nil, "storage %.40q has %d elements, expected %d", name, n, storage.numel)
		}
		storage.start = at + 8
		size := storage.numel * storage.kind.size
		if size > s.size-storage.start {
			return s.wrong(s.size, io.ErrUnexpectedEOF, "expected %d bytes of storage %.40q from byte %d on", size, name, storage.start)
		}
		at = storage.start + size
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name].start < 0 {
			return s.wrong(from, nil, "storage %.40q is not in the file", name)
		}
	}
	if at != s.size {
		return s.wrong(at, nil, "expected nothing after the last storage")
	}
	return nil
}
