package gemm

import (
	"syscall"
	"testing"
	"unsafe"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// guarded returns n elements in memory, of whole pages, that may not be touched
// beyond either end.
func guarded[F simd.Float](t testing.TB, n int) []F {
	t.Helper()
	page := syscall.Getpagesize()
	size := (n*sizeOf[F]() + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatalf("mmap: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(m); err != nil {
			t.Errorf("munmap: %v", err)
		}
	})
	for _, edge := range [][]byte{m[:page], m[page+size:]} {
		if err := syscall.Mprotect(edge, syscall.PROT_NONE); err != nil {
			t.Fatalf("mprotect: %v", err)
		}
	}
	inner := m[page : page+size]
	return unsafe.Slice((*F)(unsafe.Pointer(unsafe.SliceData(inner))), size/sizeOf[F]())
}
