//go:build amd64 && !noasm

package simd

// withAssembly runs f with the assembly, if there is any, or without.
func withAssembly(on bool, f func()) {
	was := useAVX2
	useAVX2 = was && on
	defer func() { useAVX2 = was }()
	f()
}
