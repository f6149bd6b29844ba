// Package conv convolves images in slices with weights, and computes the gradients of
// both. It holds the geometry, the blocking and the division into tasks; the kernels are
// those of package simd, the workers those of package parallel.
//
// A convolution is a product of the weights with the matrix of windows, each column of
// which is what one element of the result is computed from. That matrix is never in
// memory as a whole: a task writes the panels of a few windows that the product takes,
// right before they are used, so that they stay in the cache.
//
//   - Forward: Y[n] = W·windows(X[n]). All elements of windows lie at fixed distances from
//     where the windows begin, so a panel is written by one kernel with a list of distances.
//     Where windows reach over the edge, or are apart horizontally, a task first copies the
//     part of the images that it needs: with zeros around it, and every stride-th column next
//     to each other. (product.go, view.go)
//   - The gradient of X is a convolution of that of Y with the weights turned around. With
//     a stride it is one for each residue of the position, each with the weights that
//     reach there; where these are few enough, what belongs to even and to odd columns is put together in a cache
//     (conv.go, pair.go). Where X is not padded, kernels are large and tiles save less, it is Wᵀ·G instead, added to
//     where the elements of the kernel lead. (spread.go)
//   - The gradient of W is a product over all windows, windows(X[n])·Gᵀ, transposed: of
//     windows it takes rows, which are copied as they are, and what is transposed is the
//     gradient of Y, which has fewer elements. Of images with few windows it takes several at a time, so that
//     large sums are not read and written for each. (weightgradient.go)
//   - Depthwise convolutions of 3×3 and 5×5 elements, with a stride of 1 or 2, go down each plane, a
//     vector wide: each row is loaded once, at the distances of the taps, and added to the three or
//     five rows of the result that it belongs to, which are in registers with the weights. Masks
//     stand for what is outside, and the planes that come next are fetched meanwhile. (depthwise.go)
//   - Few channels in a group are not worth packing either: a kernel
//     goes along the rows of the images as they are, with one or two rows of weights.
//   - Kernels of 3×3 and 5×5 elements with stride 1, in float32 and of 16 channels or more, go by
//     Winograd's tiles: 36 multiplications for 4×4 elements of the result and a channel instead
//     of 144, or for 2×2 elements instead of 100. Tasks put the channels of pixels next to each other, so that all steps are on
//     whole vectors, whatever the size of images. The largest error grows from some 7 units of 2⁻²⁴ of the
//     sum of absolute products to 16, the root mean square from 0.5 to 1.2; less with 5×5. Tiles would spread
//     NaN and infinities over their neighbours: results that have some are computed again
//     without. Where the transformed weights are larger than all tiles, as in the last layers of
//     networks for images, a task takes some channels of the result and all tiles, and transforms the
//     weights of a few channels right before it multiplies with them.
//     (winograd.go, winogradgradient.go, winogradwide.go)
//   - Kernels of 3×3 to 6×6 elements with stride 2, likewise, are four with stride 1, of the pixels with even and
//     with odd rows and columns. Those have kernels of 2×2 or 3×3 and go by tiles of 3×3 or 4×4 elements of the result,
//     whatever takes less time: 49 products for 9 elements of a 3×3 convolution instead of 81, or 81 for 16 instead of
//     144. The largest error is 7 of those units by tiles of 3×3, 13 by tiles of 4×4 and 22 for
//     kernels of 5×5; the root mean square 0.6, 1.1 and 1.1.
//     (winogradstrided.go, winogradstridedweights.go, winogradstridedgradient.go)
//   - A kernel of 1×1 sees an image as one long row of windows; with a stride of 2 a copy of every second
//     element of every second row. (view.go)
//   - Where the result is not kept but pooled, a task computes whole images, whose planes it hands
//     over, and asks for those of the gradient when it needs them. (planes.go)
//
// The order of every sum depends on the geometry and the element type alone. Results are
// the same bits at any GOMAXPROCS, and with AVX2 and with AVX-512.
//
// # Measurements
//
// Milliseconds of processor time of one core of an AMD EPYC with AVX-512 at full width (Zen
// 5, 250 GFLOP/s in float32 at that moment), the least of ten, and the share of that peak, a
// product by tiles counted like any other; beside PyTorch 1.13 with one thread, which uses
// oneDNN. Batches of 32, of 64 for the last two:
//
//	                                    forward        dX         dW    PyTorch: forward, dX and dW
//	1×1, 64 → 64, 28×28               1.1   77%   1.1   74%   1.1   74%      2.2     5.4
//	3×3, 64 → 64, 28×28               3.7  203%   3.8  197%   3.7  202%      9.2    19.2
//	5×5, 32 → 64, 28×28               5.8  177%   6.2  167%   6.2  166%     11.0    23.2
//	3×3 depthwise, 64, 56×56          1.3   35%   1.3   35%   1.8   25%      6.9    18.0
//	3×3 by 2, 64 → 128, 56×56        13.0  114%  12.9  115%  13.4  110%     24.6    46.1
//	3×3, 512 → 512, 7×7              15.7  189%  19.2  154%  15.6  190%     32.7    86.7
//	5×5, 1 → 6, 28×28                0.17   35%  0.33   19%  0.26   23%     0.40    3.0
//	5×5, 6 → 16, 14×14, not padded   0.25   50%  0.67   19%  0.26   48%     0.19    0.93
//
// The depthwise convolution is bound by memory: it moves 51 MB, 39 GB/s. The row with a stride of 2 is
// of later runs, while other programs ran.
package conv
