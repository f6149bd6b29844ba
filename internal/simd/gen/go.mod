module github.com/chainrule-go/chainrule/internal/simd/gen

go 1.25.0

require github.com/mmcloughlin/avo v0.5.0 // indirect
