package onnx

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var updateExport = flag.Bool("update-export", false, "write the list of exported operations in docs/onnx.md anew")

const exportHeading = "## Operations that are exported\n"

// exportSection is the list in docs/onnx.md: what each operation becomes, or why it does not.
func exportSection() string {
	var b strings.Builder
	b.WriteString(exportHeading)
	b.WriteString(`
Operations are those that a trace has: others, such as attention or Einsum, are made of them. Where several operators
are named, the result takes all or some of them. The list is written by ` + "`go test ./nn/onnx -run TestExportDocument -args -update-export`" + `.

| operation | operators |
|---|---|
`)
	table := exportTable()
	names := slices.Sorted(maps.Keys(table))
	for _, name := range names {
		if row := table[name]; row.emit != nil {
			fmt.Fprintf(&b, "| %s | %s |\n", name, row.onnx)
		}
	}
	b.WriteString("\nThese have no counterpart, and a model that uses them is not exported:\n\n| operation | why |\n|---|---|\n")
	for _, name := range names {
		if row := table[name]; row.emit == nil {
			fmt.Fprintf(&b, "| %s | %s |\n", name, row.reason)
		}
	}
	return b.String()
}

// The list in docs/onnx.md is that of the table.
func TestExportDocument(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "onnx.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), exportHeading)
	after := ""
	if i := strings.Index(rest, "\n## "); i >= 0 {
		after = rest[i:]
	}
	want := before + exportSection() + after
	if !found || want == string(data) {
		if !found {
			t.Errorf("%s has no heading %q", path, exportHeading)
		}
		return
	}
	if !*updateExport {
		t.Fatalf("%s is not up to date: run go test ./nn/onnx -run TestExportDocument -args -update-export", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
		t.Fatal(err)
	}
}
