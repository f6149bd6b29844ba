package onnx

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var updateImport = flag.Bool("update-import", false, "write the list of operators that are read in docs/onnx.md anew")

const importHeading = "## Operators that are read\n"

// importSection is the list in docs/onnx.md: each operator with the versions from which on it has
// another meaning.
func importSection() string {
	var b strings.Builder
	b.WriteString(importHeading)
	fmt.Fprintf(&b, `
Of the standard's operator set, versions up to %d are known. "since" has the versions from which on an operator is read,
and those that gave it another meaning: attributes that became inputs, another default. The list is written by
`+"`go test ./nn/onnx -run TestImportDocument -args -update-import`.\n", newestVersion)
	for _, f := range families {
		fmt.Fprintf(&b, "\n### %s\n\n| operator | since | notes |\n|---|---|---|\n", f.title)
		for i, op := range f.operators {
			if i > 0 && f.operators[i-1].name == op.name && f.operators[i-1].domain == op.domain {
				continue // is in the line of the first row
			}
			var since, notes []string
			for _, row := range operatorTable[operatorName{op.domain, op.name}] {
				since = append(since, itoa(row.since))
				if row.note != "" {
					notes = append(notes, row.note)
				}
			}
			name := op.name
			if op.domain != "" {
				name = op.domain + "." + name
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", name, strings.Join(since, ", "), strings.Join(notes, "; "))
		}
	}
	return b.String()
}

// The list in docs/onnx.md is that of the table.
func TestImportDocument(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "onnx.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), importHeading)
	if !found {
		t.Fatalf("%s has no heading %q", path, importHeading)
	}
	after := ""
	if i := strings.Index(rest, "\n## "); i >= 0 {
		after = rest[i:]
	}
	want := before + importSection() + after
	switch {
	case want == string(data):
	case !*updateImport:
		t.Errorf("%s is not up to date: run go test ./nn/onnx -run TestImportDocument -args -update-import", path)
	default:
		if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// Every row of the table is well-formed, and those of one operator are beside each other.
func TestOperatorTable(t *testing.T) {
	last := map[operatorName]*operator{}
	var before operatorName
	for _, f := range families {
		for i := range f.operators {
			op := &f.operators[i]
			key := operatorName{op.domain, op.name}
			switch earlier := last[key]; {
			case op.since < 1 || op.make == nil || op.in.least > op.in.most || op.out.least > op.out.most:
				t.Errorf("the row of %s since %d is not whole", op.name, op.since)
			case earlier != nil && (before != key || earlier.since >= op.since):
				t.Errorf("the rows of %s are not in order", op.name)
			}
			last[key], before = op, key
		}
	}
}
