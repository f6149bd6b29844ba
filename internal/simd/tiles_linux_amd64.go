//go:build !noasm

package simd

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// tilesAllowed asks the kernel for permission to use the data of AMX tiles, for all threads of the
// process, and reports whether they may be used.
//
// When a signal arrives while tiles are in use, the kernel puts their 8 KB on the signal stack,
// which has 32 KB in Go: at least half of it must be left to the handler. Besides, the kernel
// gives no permission where a thread's signal stack is too small. It saves tiles when it switches
// to other threads; Go does not switch goroutines inside assembly.
func tilesAllowed() bool {
	const (
		requestPermission = 0x1023 // ARCH_REQ_XCOMP_PERM
		tileData          = 18     // XFEATURE_XTILEDATA
		leastSignalStack  = 51     // AT_MINSIGSTKSZ
		mostSignalStack   = 16 << 10
	)
	values, err := unix.Auxv()
	if err != nil {
		return false
	}
	for _, v := range values {
		if v[0] == leastSignalStack && v[1] > mostSignalStack {
			return false
		}
	}
	_, _, errno := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, requestPermission, tileData, 0)
	return errno == 0
}
