package layout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Programs in the README and the guide are the text of examples that run.
func TestDocumentsShowExamples(t *testing.T) {
	examples := examplesOf(t, "*/example_test.go", "*/*/example_test.go", "docs/guide_test.go")
	for _, name := range []string{"README.md", "docs/guide.md"} {
		t.Run(name, func(t *testing.T) { checkPrograms(t, name, examples) })
	}
}

// Programs in the tutorial are the text of the program beside it, which a test runs.
func TestTutorialShowsProgram(t *testing.T) {
	checkPrograms(t, "examples/tutorial/tutorial.md", examplesOf(t, "examples/tutorial/*.go"))
}

// The table of directories in CONTRIBUTING.md has each package, but for those inside of
// another, and nothing that does not exist.
func TestContributingShowsPackages(t *testing.T) {
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 || !strings.Contains(cells[1], "/`") {
			continue
		}
		for name := range strings.SplitSeq(cells[1], ",") {
			name = strings.Trim(name, " `/")
			shown[name] = true
			if _, err := os.Stat(filepath.Join("../..", name)); err != nil {
				t.Error(err)
			}
		}
	}
	for name := range may {
		if !shown[name] && !strings.Contains(name, "/internal/") {
			t.Errorf("the table of directories is without %s", name)
		}
	}
}

// examplesOf is the flushed texts of test files.
func examplesOf(t *testing.T, patterns ...string) (examples []string) {
	for _, pattern := range patterns {
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
	return examples
}

// checkPrograms fails for programs in a document that are not among the examples.
func checkPrograms(t *testing.T, document string, examples []string) {
	text, err := os.ReadFile(filepath.Join("../..", document))
	if err != nil {
		t.Fatal(err)
	}
	programs := strings.Split(string(text), "```go\n")[1:]
	if len(programs) == 0 {
		t.Fatal("the document shows no program")
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
