package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFilesAreGenerated fails if the files in the tree are not what the program
// writes, and if it does not write the same twice.
func TestFilesAreGenerated(t *testing.T) {
	first, second := generate(), generate()
	if len(first) < 5 {
		t.Fatalf("generate returned %d files", len(first))
	}
	for name, text := range first {
		if !bytes.Equal(text, second[name]) {
			t.Errorf("%s: two runs differ", name)
		}
		committed, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, committed) {
			t.Errorf("%s is not what the generator writes; run go generate in package simd", name)
		}
	}
}
