// Package gemm multiplies matrices that lie in slices: C = A·B, in any of the four
// layouts of A and B, with what follows a product in a network — adding to C, a
// bias — done while the result is still in registers. It holds the blocking
// and the division into tasks; the kernels are those of package simd, the workers
// those of package parallel.
//
// # Ways to multiply
//
// Which way a product takes depends on its shape, strides and element type alone
// (plan.go), and so does the order of every sum. Results are therefore the same bits at
// any GOMAXPROCS, and with AVX2 and with AVX-512: kernels of both make an element of C as
// one chain of fused multiply-adds along k, and those of dot products, which keep several
// sums, as many. Plain Go rounds otherwise.
//
//   - Tiles (tiles.go), the way of all larger products. The kernel keeps a tile of C
//     in registers, of 6 rows and 16 columns (8 of float64) with AVX2 and of 12 rows and
//     32 columns (16) with AVX-512, and adds an outer product for each step along k: the
//     elements of A are broadcast from where they lie, at any strides; those of B come
//     from a panel of as many columns. Where B's columns are contiguous, and from 32 rows
//     on where it is large, each task packs the panels of its columns, which may transpose
//     them; otherwise B is read where it lies. A is packed, for all tasks
//     to share, if its columns are contiguous and it is large, or it is huge. Each
//     element is one sum over up to 1024 steps; longer ones continue in C.
//   - Dot products, for up to 12 rows (16 of float64) when B's columns are contiguous,
//     such as a linear layer applied to a small batch: packing B would cost more than
//     multiplying with it. The kernel sums 3 rows × 4 columns,
//     or 5 × 8 with AVX-512, vectorised along k.
//   - Sums of rows, for up to 3 rows when B's rows are contiguous: C stays in the
//     first-level cache, B streams through once, up to eight rows at a time.
//   - Fewer than four columns: the transposed product, by one of the two above.
//   - Long sums of small results (sums.go), such as the gradient of a weight over a
//     large batch: partial products over at most 16 parts of k, added up in order.
//   - Tiny products: element by element, without assembly.
//   - AMX tiles (splits.go), only where CHAINRULE_SIMD=amx asks for them: float32 products of
//     at least 32 rows and columns and 64 steps. A and B become sums of three matrices
//     of bfloat16, six products of which have half the error of float32 arithmetic (root mean
//     square; of random numbers 0.18 units of 2⁻²⁴ of the sum of magnitudes against 0.45, over 256 steps,
//     and so where rows, columns or everything is scaled by powers of two); three, as
//     Epilogue.High allows, 7.6. Rows of A and columns of B are scaled to the same magnitude, as tiles
//     know no subnormal numbers. Blocks with infinities and NaN, or with steps along k of
//     too different magnitudes, are multiplied as without tiles. Bits are others than those of AVX-512,
//     but the same at any GOMAXPROCS. All this ran in an emulator only: how fast it is, and which
//     sizes are worth it, is unknown.
//
// MulBytes and MulByBytes (bytes.go) multiply with a matrix of bytes, such as pixels,
// that stand for numbers, many of them 0: tiles of 3 rows and 32 columns (4 and 64 with
// AVX-512) go through a list of the steps where one of the rows is not 0, and look numbers
// up in a table of the 256. Where few are 0, converting all of them first is faster, and left to callers.
//
// MulBatch makes one product of those that share B and follow each other in memory,
// and otherwise hands out products, or runs of small ones, as tasks.
//
// # Measurements
//
// In GFLOP/s, on one core and on two of an AMD Milan (AVX2) whose multipliers could
// do 102 a core in float32 and 51 in float64:
//
//	                          float32        float64
//	128×784 · (128×784)ᵀ       96    190      47     94
//	(128×128)ᵀ · 128×784       95    184      47     88
//	512×512 · 512×512          96    192      45     92
//	1024×1024 · 1024×1024      91    181      46     86
//	2048×2048 · 2048×2048      94    179      46     89
//	256×2048 · (2048×2048)ᵀ    92    184      44     89
//	(256×2048)ᵀ · 256×2048     93    187      46     89
//	64×64 · 64×64              88             44
//
// With images of digits as bytes, a fifth of whose pixels are not 0, the first two of
// these take half as long.
//
// A product of one row with a matrix of 4 MB that is in the third-level cache reads
// 70 GB/s on one core; products of [4, 2]·[2, 8] take 0.17 µs.
//
// On one core of an AMD EPYC with AVX-512 at full width (Zen 5), whose multipliers could do
// 264 in float32 and 132 in float64, beside OpenBLAS 0.3.21 with its kernels for AVX-512;
// medians of processor time, as the machine was shared:
//
//	                               float32                 float64
//	                          AVX2 AVX-512 OpenBLAS   AVX2 AVX-512 OpenBLAS
//	128×784 · (128×784)ᵀ       127   245     209        62   122      90
//	(128×128)ᵀ · 128×784       132   256     229        64   120     100
//	512×512 · 512×512          127   237     236        61   114      96
//	1024×1024 · 1024×1024      128   242     234        61   102     100
//	2048×2048 · 2048×2048      122   228     242        62   102     104
//	256×2048 · (2048×2048)ᵀ    119   232     215        57   113      97
//	(256×2048)ᵀ · 256×2048     122   222     234        62   107     101
//	64×64 · 64×64              129   250     265        65   128     131
//	4×784 · (128×784)ᵀ         112   175                53    81
//
// On both its cores, at a quiet moment, the first reached 483 and 240. With images of
// digits as bytes it takes 53 µs instead of 105, and the second 44 instead of 107 (AVX2:
// 77 instead of 206, 65 instead of 207).
//
// What did not help: packing A of row-major products that are not huge, which costs
// more than the strided reads it saves; packing B for all tasks in a step of its
// own, which is 10 to 20 % slower than packing a panel right before its use, when
// it is still in the cache; blocking k for the first-level cache, as a panel streams
// from the second level at full speed; dot products for larger batches, which need
// more loads than outer products. Nor, for bytes: tiles of 1 row and 64 columns, which
// multiply with nothing but what is not 0, but load a row of B for each element of A, and
// have shorter loops that end where the processor does not expect it; lists with numbers
// in place of a table, also when they are made once for all tasks to share; converting
// right before the tiles where few are 0, with which a training step is 6 % slower than
// with converting in a step of its own.
//
// With AVX-512 it helped to fetch ahead of use what is not in the first-level cache: the
// tile of C while its sums are made (a fifth where k is 256 and C is large), rows that are
// packed, and packed elements of A. It did not help to make blocks as large as a
// second-level cache of 1 MB allows, which were as fast or slower than those for 512 KB: so
// they are the same for all processors; nor to pack strips of 128 columns, to keep what few
// rows are multiplied with in the first-level cache, or to transpose bytes by tiles of 16
// rows. Dot products stay at two thirds of the peak: two columns share a register, so that
// each keeps as many sums as with AVX2, and the bits.
package gemm
