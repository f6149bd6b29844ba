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
//     to each other.
//   - The gradient of X is a convolution of that of Y with the weights turned around. With
//     a stride it is one for each residue of the position, each with the weights that
//     reach there.
//   - The gradient of W is a product over all windows, windows(X[n])·Gᵀ, transposed: of
//     windows it takes rows, which are copied as they are, and what is transposed is the
//     gradient of Y, which has fewer elements.
//
// The order of every sum depends on the geometry and the element type alone. Results are
// the same bits at any GOMAXPROCS, and with AVX2 and with AVX-512.
package conv
