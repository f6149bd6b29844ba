//go:build !goexperiment.simd

package main

const simdRemark = "built without GOEXPERIMENT=simd, which needs Go 1.26"
