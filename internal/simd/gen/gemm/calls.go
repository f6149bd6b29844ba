package main

import (
	"bytes"
	"fmt"
	"go/format"
	"log"
	"slices"
)

// A choice is a Go function that calls one of several kernels, that of the instruction
// set in use. Calls through function values would make the arguments escape.
type choice struct {
	name, doc  string
	parameters string // but the last one
	key        string // an expression of the parameters; none if there is nothing to choose
	argument   string // the type that the last parameter points to
	// kernels returns the names of a set's kernels, the sets' part left off, by key.
	kernels func(s *instructionSet) map[int]string
}

// alone is a kernel that each set has one of.
func alone(kernel, doc, argument string) choice {
	return choice{
		name: kernel, doc: doc, argument: argument,
		kernels: func(*instructionSet) map[int]string { return map[int]string{0: kernel} },
	}
}

// numbered is the choice of the kernel for a number from 1 to most.
func numbered(name, doc, parameter, argument string, most int, kernel func(n int) string) choice {
	return choice{
		name: name, doc: doc, parameters: parameter + " int", key: parameter, argument: argument,
		kernels: func(*instructionSet) map[int]string {
			m := map[int]string{}
			for n := 1; n <= most; n++ {
				m[n] = kernel(n)
			}
			return m
		},
	}
}

// pairs has the kernels for two numbers from 1 on, up to most and up to each, by
// each·the first + the second.
func pairs(most, each int, kernel func(i, j int) string) map[int]string {
	m := map[int]string{}
	for i := 1; i <= most; i++ {
		for j := 1; j <= each; j++ {
			m[each*i+j] = kernel(i, j)
		}
	}
	return m
}

// winogradChoices lists those of kernels for float32 only.
func winogradChoices() []choice {
	var list []choice
	for _, kernel := range []string{
		"Image", "Gradient", "Result", "Kernel", "KernelGradient", "SmallGradient", "SmallResult", "LargeKernel", "LargeKernelGradient",
		"5Image", "5Gradient", "5Result", "5Kernel", "5KernelGradient", "4Image", "4Gradient", "4Result", "4Kernel", "4KernelGradient",
	} {
		list = append(list, alone("gemmTiles"+kernel, "runs the kernel.", "gemmTiling"))
	}
	return list
}

// planeChoices lists those of kernels for planes.
func planeChoices(e element) []choice {
	return []choice{
		{
			name: "gemmPlanesForward" + e.name, doc: "runs the kernel for kernels of that size.",
			parameters: "k, stride int", key: "2*k + stride", argument: "gemmPlanes",
			kernels: func(*instructionSet) map[int]string {
				m := map[int]string{}
				for _, k := range planeKernels {
					m[2*k+1], m[2*k+2] = planesName("Forward", e, k, 1), planesName("Forward", e, k, 2)
				}
				return m
			},
		},
		{
			name: "gemmPlanesBackward" + e.name, doc: "runs the kernel for kernels of that size and a stride of 2.",
			parameters: "k int", key: "k", argument: "gemmPlanes",
			kernels: func(*instructionSet) map[int]string {
				m := map[int]string{}
				for _, k := range planeKernels {
					m[k] = planesName("Backward", e, k, 2)
				}
				return m
			},
		},
		{
			name: "gemmPlanesSums" + e.name, doc: "runs the kernel for that many rows of kernels of that size.",
			parameters: "rows, k, stride int", key: "20*rows + 2*k + stride", argument: "gemmPlanes",
			kernels: func(s *instructionSet) map[int]string {
				m := map[int]string{}
				for _, k := range planeKernels {
					for rows := 1; rows <= s.planeRows[k]; rows++ {
						m[20*rows+2*k+1], m[20*rows+2*k+2] = planeSumsName(e, rows, k, 1), planeSumsName(e, rows, k, 2)
					}
				}
				return m
			},
		},
	}
}

// choices lists them for one element type.
func choices(e element) []choice {
	one := func(kernel, doc, argument string) choice { return alone(kernel+e.name, doc, argument) }
	return []choice{
		{
			name: "gemmOuter" + e.name, doc: "runs the kernel for tiles of that many rows in a form of gemmFull and so on.",
			parameters: "rows, form int", key: fmt.Sprintf("%d*rows + form", len(outerForms)), argument: "gemmTiles",
			kernels: func(s *instructionSet) map[int]string {
				m := map[int]string{}
				for rows := 1; rows <= s.tileRows; rows++ {
					for i, form := range outerForms {
						m[len(outerForms)*rows+i] = outerName(e, rows, form.vecs, form.masked)
					}
				}
				return m
			},
		},
		{
			name: "gemmAxpy" + e.name, doc: "runs the kernel for that many rows of C and groups of one row of B,\n// or as many as gemmAxpyGroup says.",
			parameters: "rows int, one bool", key: "gemmAxpyKey(rows, one)", argument: "gemmSums",
			kernels: func(*instructionSet) map[int]string {
				m := map[int]string{}
				for rows := 1; rows <= sumRows; rows++ {
					m[2*rows] = fmt.Sprintf("gemmAxpy%dx%d%s", rows, axpyGroup[rows], e.name)
					m[2*rows+1] = fmt.Sprintf("gemmAxpy%dx1%s", rows, e.name)
				}
				return m
			},
		},
		{
			name: "gemmDot" + e.name, doc: "runs the kernel for that many rows and dotCols columns.", parameters: "rows int", key: "rows", argument: "gemmDots",
			kernels: func(s *instructionSet) map[int]string {
				m := map[int]string{}
				for rows := 1; rows <= dotRows && s == avx2; rows++ {
					m[rows] = fmt.Sprintf("gemmDot%dx%d%s", rows, dotCols, e.name)
				}
				return m
			},
		},
		{
			name: "gemmWideDot" + e.name, doc: "runs the kernel for that many rows and wideDotCols columns.", parameters: "rows int", key: "rows", argument: "gemmDots",
			kernels: func(s *instructionSet) map[int]string {
				m := map[int]string{}
				for rows := 1; rows <= wideRows && s == avx512; rows++ {
					m[rows] = fmt.Sprintf("gemmDot%dx%d%s", rows, wideCols, e.name)
				}
				return m
			},
		},
		{
			name: "gemmIndexed" + e.name, doc: "runs the kernel for tiles of one panel or two.", parameters: "panels int", key: "panels", argument: "gemmTiles",
			kernels: func(s *instructionSet) map[int]string {
				m := map[int]string{}
				for panels := 1; panels <= 2; panels++ {
					m[panels] = indexedName(s, e, panels*panelVecs)
				}
				return m
			},
		},
		numbered("gemmCopy"+e.name, "runs the kernel for rows of that many vectors.", "vecs", "gemmPack", panelVecs, func(n int) string { return fmt.Sprintf("gemmCopy%d%s", n, e.name) }),
		numbered("gemmWindows"+e.name, "runs the kernel for vectors of that many pieces.", "pieces", "gemmWindows", maxPieces, func(n int) string { return windowsName(e, n) }),
		{
			name: "gemmCorrelate" + e.name, doc: "runs the kernel for that many results that ends rows with that many vectors.",
			parameters: "rows, vecs int", key: fmt.Sprintf("%d*rows + vecs", tapVecs), argument: "gemmTaps",
			kernels: func(s *instructionSet) map[int]string {
				return pairs(s.tapRows, tapVecs, func(rows, vecs int) string { return correlateName(e, rows, vecs) })
			},
		},
		{
			name: "gemmTapSums" + e.name, doc: "runs the kernel for that many results and taps.",
			parameters: "rows, taps int", key: fmt.Sprintf("%d*rows + taps", tapSums), argument: "gemmTaps",
			kernels: func(s *instructionSet) map[int]string {
				return pairs(s.sumRows, tapSums, func(rows, taps int) string { return tapSumsName(e, rows, taps) })
			},
		},
		one("gemmFoldRows", "runs the kernel.", "gemmFolding"),
		one("gemmTranspose", "runs the kernel.", "gemmPack"),
		one("gemmPanels", "runs the kernel.", "gemmPack"),
		one("gemmDeinterleave", "runs the kernel.", "gemmPack"),
		one("gemmEverySecond", "runs the kernel.", "gemmSeconds"),
		one("gemmAlternate", "runs the kernel.", "gemmSeconds"),
	}
}

// splitChoice is that of kernels on AMX tiles.
func splitChoice(e element) choice {
	return choice{
		name: "gemmSplitTiles" + e.name, doc: "runs the kernel for groups of high × wide tiles.",
		parameters: "precision SplitPrecision, high, wide int", key: "4*int(precision) + 2*high + wide", argument: "gemmSplitTiles",
		kernels: func(s *instructionSet) map[int]string {
			m := map[int]string{}
			for precision := 0; s == amx && precision < len(splitPrecisions); precision++ {
				for high := 1; high <= 2; high++ {
					for wide := 1; wide <= 2; wide++ {
						m[4*precision+2*high+wide] = splitTilesName(e, precision, high, wide)
					}
				}
			}
			return m
		},
	}
}

// calls is the Go file with the functions that choose a kernel.
func calls() []byte {
	var b bytes.Buffer
	b.WriteString("// Code generated by gen/gemm. DO NOT EDIT.\n\n//go:build amd64 && !noasm\n\npackage simd\n")
	for _, c := range slices.Concat(choices(single), choices(double), planeChoices(single), planeChoices(double), winogradChoices(), []choice{splitChoice(single)}) {
		c.write(&b)
	}
	fmt.Fprintf(&b, "\n// gemmAxpyGroup is how many rows of B the kernels add to 1, 2 or 3 rows of C at\n// once.\nvar gemmAxpyGroup = [...]int{1: %d, 2: %d, 3: %d}\n", axpyGroup[1], axpyGroup[2], axpyGroup[3])
	out, err := format.Source(b.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	return out
}

func (c choice) write(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n// %s %s\nfunc %s(%s", c.name, c.doc, c.name, c.parameters)
	if c.parameters != "" {
		b.WriteString(", ")
	}
	fmt.Fprintf(b, "p *%s) {\n", c.argument)
	small, large := c.kernels(avx2), c.kernels(avx512)
	if tiles := c.kernels(amx); len(small) == 0 && len(large) == 0 && len(tiles) > 0 {
		c.cases(b, amx, tiles)
	}
	if len(small) > 0 && len(large) > 0 {
		b.WriteString("if active >= avx512 {\n")
		c.cases(b, avx512, large)
		b.WriteString("return\n}\n")
	} else if len(large) > 0 {
		c.cases(b, avx512, large)
	}
	if len(small) > 0 {
		c.cases(b, avx2, small)
	}
	b.WriteString("}\n")
}

// cases writes the calls of one set's kernels.
func (c choice) cases(b *bytes.Buffer, s *instructionSet, kernels map[int]string) {
	if c.key == "" {
		fmt.Fprintf(b, "%s%s(p)\n", kernels[0], s.name)
		return
	}
	fmt.Fprintf(b, "switch %s {\n", c.key)
	for key := range 100 {
		if name, ok := kernels[key]; ok {
			fmt.Fprintf(b, "case %d:\n%s%s(p)\n", key, name, s.name)
		}
	}
	b.WriteString("}\n")
}
