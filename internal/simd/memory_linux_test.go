package simd

import (
	"syscall"
	"testing"
	"unsafe"
)

// guarded returns n bytes that end where memory ends (atEnd) or begin where it
// begins: the page behind, or before, may not be touched.
func guarded(t testing.TB, n int, atEnd bool) []byte {
	t.Helper()
	page := syscall.Getpagesize()
	inner := (n + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, inner+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatalf("mmap: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(m); err != nil {
			t.Errorf("munmap: %v", err)
		}
	})
	for _, edge := range [][]byte{m[:page], m[page+inner:]} {
		if err := syscall.Mprotect(edge, syscall.PROT_NONE); err != nil {
			t.Fatalf("mprotect: %v", err)
		}
	}
	if atEnd {
		return m[page+inner-n : page+inner : page+inner]
	}
	return m[page : page+n : page+n]
}

// guardedFloats is guarded for n elements, all of the given value.
func guardedFloats[T Float](t testing.TB, n int, atEnd bool) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	b := guarded(t, max(n, 1)*size, atEnd)
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), max(n, 1))[:n]
}
