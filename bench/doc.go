// Package bench is the benchmark suite. It holds nothing but benchmarks:
//
//	go test -bench . ./bench
//	go test -bench 'MatMul/f32' -count 10 ./bench > new.txt && benchstat old.txt new.txt
//
// Before the first one it measures what this machine can do at best: the rate of
// fused multiply-adds in registers, for each element type, with the instruction set
// that the kernels use, and the rate at which arrays that fit in no cache are read and
// written, each with as many goroutines as GOMAXPROCS has threads. Besides time and
// allocations, benchmarks report, where it means something,
//
//   - GFLOP/s: floating-point operations a second, counting those of the
//     mathematics and none of the way it is computed; %peak is their share of
//     what the multiply-adds reached;
//   - GB/s: bytes that must be read or written a second; %bandwidth, where the
//     arrays fit in no cache, is their share of what memory reached.
//
// Package limits measures what this machine can do. The folder peers is a module of
// its own that compares with other libraries.
//
// What lives here: benchmarks of what users call. What does not: benchmarks of
// single kernels, which are beside the kernels.
package bench
