package layout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Programs in the README are the text of examples that run.
func TestReadmeShowsExamples(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var examples []string
	for _, pattern := range []string{"*/example_test.go", "*/*/example_test.go"} {
		files, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			examples = append(examples, flush(string(text)))
		}
	}
	programs := strings.Split(string(readme), "```go\n")[1:]
	if len(programs) == 0 {
		t.Fatal("the README shows no program")
	}
	for _, program := range programs {
		program, _, _ = strings.Cut(program, "```")
		if _, body, ok := strings.Cut(program, "func main() {\n"); ok {
			program = strings.TrimSuffix(strings.TrimSpace(body), "\n}")
		}
		found := false
		for _, example := range examples {
			found = found || strings.Contains(example, flush(program))
		}
		if !found {
			t.Errorf("no example has these lines:\n%s", program)
		}
	}
}

// flush is text without what indents its lines, and without empty lines.
func flush(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}
