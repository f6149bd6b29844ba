//go:build goexperiment.simd

package main

const simdRemark = "built with GOEXPERIMENT=simd"
