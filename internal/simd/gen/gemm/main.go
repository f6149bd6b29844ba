// Command gemm writes the assembly of the matrix-product kernels of package simd,
// the Go declarations of its functions and the functions that choose among them.
// Run it with go generate in package simd. Its output depends on nothing but this
// program.
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	log.SetFlags(0)
	dir := flag.String("dir", ".", "directory to write to")
	flag.Parse()
	for name, text := range generate() {
		if err := os.WriteFile(filepath.Join(*dir, name), text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// generate returns the files by name.
func generate() map[string][]byte {
	files := map[string][]byte{"gemm_calls_amd64.go": calls()}
	for _, s := range []*instructionSet{avx2, avx512, amx} {
		c := file{build.NewContext(), s}
		c.ConstraintExpr("amd64,!noasm")
		if s == amx {
			c.tileKernels()
		} else {
			c.vectorKernels()
		}
		out, err := c.Result()
		if err != nil {
			log.Fatal(err)
		}
		if err := pass.Compile.Execute(out); err != nil {
			log.Fatal(err)
		}
		config := printer.Config{Name: "gen/gemm", Pkg: "simd"}
		asm := text(printer.NewGoAsm(config), out)
		if s.foreign != nil {
			if r := s.foreign.Find(asm); r != nil {
				log.Fatalf("a kernel of %s needs register %s", s.name, r)
			}
		}
		files["gemm_"+s.file+"_amd64.s"] = asm
		files["gemm_"+s.file+"_stubs_amd64.go"] = text(printer.NewStubs(config), out)
	}
	return files
}

func text(p printer.Printer, file *ir.File) []byte {
	out, err := p.Print(file)
	if err != nil {
		log.Fatal(err)
	}
	return out
}

// Sizes of the kernels.
const (
	panelVecs = 2 // vectors in a row of a tile that outer products fill
	sumRows   = 3 // most rows of sums of rows
)

// axpyGroup is how many rows of B are added to that many rows of C at once: as
// many as AVX2 has registers for.
var axpyGroup = map[int]int{1: 8, 2: 4, 3: 3}

// outerForms are the vectors that a row of a tile has, and whether the last of them is
// masked.
var outerForms = []struct {
	vecs   int
	masked bool
}{{panelVecs, false}, {panelVecs, true}, {1, true}}

// vectorKernels emits the kernels that run on vectors.
func (c file) vectorKernels() {
	for _, e := range []element{single, double} {
		c.kernels(e)
	}
	c.winogradKernels()
	c.byteKernels()
	if c.set == avx512 {
		c.ranges(single)
		c.split(single)
	}
}

// tileKernels emits the kernels that run on AMX tiles.
func (c file) tileKernels() {
	for precision := range splitPrecisions {
		for high := 1; high <= 2; high++ {
			for wide := 1; wide <= 2; wide++ {
				c.splitTiles(single, precision, high, wide)
			}
		}
	}
}

// kernels emits the kernels for one element type.
func (c file) kernels(e element) {
	for rows := 1; rows <= c.set.tileRows; rows++ {
		for _, form := range outerForms {
			c.outer(e, rows, form.vecs, form.masked)
		}
	}
	for rows := 1; rows <= sumRows; rows++ {
		c.axpy(e, rows, axpyGroup[rows])
		c.axpy(e, rows, 1)
	}
	if c.set == avx2 {
		for rows := 1; rows <= dotRows; rows++ {
			c.dot(e, rows)
		}
	} else {
		for rows := 1; rows <= wideRows; rows++ {
			c.wideDot(e, rows)
		}
	}
	c.indexed(e, panelVecs)
	c.indexed(e, 2*panelVecs)
	c.packTranspose(e)
	c.packPanels(e)
	for vecs := 1; vecs <= panelVecs; vecs++ {
		c.packCopy(e, vecs)
	}
	for pieces := 1; pieces <= maxPieces; pieces++ {
		c.windows(e, pieces)
	}
	c.deinterleave(e)
	c.everySecond(e)
	c.alternate(e)
	for rows := 1; rows <= c.set.tapRows; rows++ {
		for vecs := 1; vecs <= tapVecs; vecs++ {
			c.correlate(e, rows, vecs)
		}
	}
	for rows := 1; rows <= c.set.sumRows; rows++ {
		for taps := 1; taps <= tapSums; taps++ {
			c.tapSums(e, rows, taps)
		}
	}
	c.foldRows(e)
	c.planesKernels(e)
}

// byteKernels emits the kernels on bytes.
func (c file) byteKernels() {
	if c.set == avx2 {
		c.listColumns()
		c.transposeBytes()
	} else {
		c.wideListColumns()
	}
}
