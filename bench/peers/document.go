package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// introduction is how the file begins.
const introduction = `# Benchmarks

The same work on several libraries, with a table for each kind of machine: the median time, and in
parentheses how many times chainrule's that is. All start from the same numbers, and their results are
compared. The runs of all libraries take turns, each in a process of its own. PyTorch depends on settings:
before each row several are tried, the best two are measured, and the table names the better one.
Where a cell is empty the work has not been written for that library.
` + "`go run .`" + ` in the folder bench/peers measures the machine it runs on and writes its table; the others stay.
`

// putInto puts the section of this run in place of the file's section of the same
// kind of machine, or at its end.
func (r *report) putInto(path string) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return writeFile(path, merge(string(old), r.section()))
}

// merge is the file with that section among those it has.
func merge(file, section string) string {
	sections := sectionsOf(file)
	replaced := false
	for i, s := range sections {
		if heading(s) == heading(section) {
			sections[i], replaced = section, true
		}
	}
	if !replaced {
		sections = append(sections, section)
	}
	for i, s := range sections {
		sections[i] = strings.TrimRight(s, "\n") + "\n"
	}
	return introduction + "\n" + strings.Join(sections, "\n")
}

// sectionsOf are the parts of a file that begin with a heading of the second level.
func sectionsOf(file string) []string {
	var sections []string
	for line := range strings.Lines(file) {
		if strings.HasPrefix(line, "## ") {
			sections = append(sections, "")
		}
		if len(sections) > 0 {
			sections[len(sections)-1] += line
		}
	}
	return sections
}

func heading(section string) string {
	first, _, _ := strings.Cut(section, "\n")
	return strings.TrimSpace(first)
}

// section is what this run has to say, under the machine's kind.
func (r *report) section() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", r.machine.kind())
	fmt.Fprintf(&b, "Medians of %d runs:\n\n", r.rounds)
	r.table(&b, r.cellText, true)
	for _, c := range r.peers {
		if c.legend != "" {
			fmt.Fprintf(&b, "\n%s's setting: %s\n", c.name, c.legend)
		}
	}
	fmt.Fprintf(&b, "\nFastest and slowest run:\n\n")
	r.table(&b, r.spread, false)
	fmt.Fprintf(&b, "\n### Conditions\n\n%s", r.machine.markdown())
	for _, c := range r.peers {
		fmt.Fprintf(&b, "- %s\n", c.description())
	}
	if notes := r.notes(); len(notes) > 0 {
		fmt.Fprintf(&b, "\n### Notes\n\n")
		for _, note := range notes {
			fmt.Fprintf(&b, "- %s\n", note)
		}
	}
	return b.String()
}

// description is the library's name, version and what else is to be known of it.
func (c *contestant) description() string {
	greeting := c.process.greeting
	text := c.name
	if greeting.Version != "" {
		text += " " + greeting.Version
	}
	var remarks []string
	if greeting.Remark != "" {
		remarks = append(remarks, greeting.Remark)
	}
	if len(c.command.env) > 0 {
		remarks = append(remarks, "with "+strings.Join(c.command.env, " "))
	}
	if len(remarks) > 0 {
		text += ": " + strings.Join(remarks, "; ")
	}
	return text
}

// table has a row for each workload and a column for each library, and one more for
// its settings if they are wanted and it has some.
func (r *report) table(b *strings.Builder, text func(name, peer string) string, settings bool) {
	header, rule := "| work |", "|---|"
	for _, c := range r.peers {
		header, rule = header+" "+c.name+" |", rule+"---:|"
		if settings && c.choices != nil {
			header, rule = header+" "+c.name+"'s setting |", rule+"---|"
		}
	}
	fmt.Fprintf(b, "%s\n%s\n", header, rule)
	for _, name := range r.workloads {
		fmt.Fprintf(b, "| %s |", name)
		for _, c := range r.peers {
			fmt.Fprintf(b, " %s |", text(name, c.name))
			if settings && c.choices != nil {
				fmt.Fprintf(b, " %s |", r.settingText(name, c.name))
			}
		}
		b.WriteString("\n")
	}
}

// writeFile puts text in place of the file in one step.
func writeFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
