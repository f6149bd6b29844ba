package nn_test

import (
	"fmt"
	"go/ast"
	"strings"
	"testing"
)

// metricFamilies are the headings under which metrics are listed, with the files that they
// are in.
var metricFamilies = []struct{ title, files string }{
	{"Classes", "metric_accuracy.go metric_classes.go metric_agreement.go metric_confusion.go"},
	{"Scores, whatever the threshold", "metric_area.go metric_ranking.go"},
	{"Probabilities", "metric_probability.go metric_calibration.go"},
	{"Numbers", "metric_regression.go metric_variance.go"},
	{"Of any", "metric.go metric_output.go"},
}

const metricsIndexHeader = `// # Metrics
//
// By family, with the meters that give more than a number:
//
`

// TestMetricRows sees that every exported metric has rows, and a place in the package's
// documentation.
func TestMetricRows(t *testing.T) {
	rows := map[string]bool{}
	for _, row := range metricRows() {
		rows[strings.TrimPrefix(fmt.Sprintf("%T", row.metric), "nn.")] = true
	}
	byFile, found := map[string][]string{}, 0
	for _, file := range parsed(t, "metric*.go") {
		for _, declaration := range file.syntax.Decls {
			name, isMetric := measures(declaration)
			if isMetric {
				found++
			}
			if isMetric && !rows[name] {
				t.Errorf("nn.%s has no rows in metricRows", name)
			}
			if ast.IsExported(name) {
				byFile[file.name] = append(byFile[file.name], "["+name+"]")
			}
		}
	}
	var index strings.Builder
	index.WriteString(metricsIndexHeader)
	for _, family := range metricFamilies {
		var links []string
		for file := range strings.FieldsSeq(family.files) {
			links = append(links, byFile[file]...)
			delete(byFile, file)
		}
		index.WriteString(commentLines("   - ", family.title+": "+strings.Join(links, ", ")))
	}
	index.WriteString("package nn\n")
	for file, metrics := range byFile {
		t.Errorf("%s with %v belongs to no family", file, metrics)
	}
	if found < 20 {
		t.Errorf("%d metrics were found", found)
	}
	compareFile(t, "metrics.go", index.String(), "TestMetricRows")
}

// measures is the name of the metric whose method Begin, or the meter whose method Value, is
// declared, or of a function that makes a metric.
func measures(declaration ast.Decl) (name string, isMetric bool) {
	f, ok := declaration.(*ast.FuncDecl)
	switch {
	case !ok:
		return "", false
	case f.Recv == nil && f.Type.Results != nil && typeText(f.Type.Results.List[0].Type) == "Metric":
		return f.Name.Name, false
	case f.Recv == nil:
		return "", false
	case f.Name.Name == "Begin" && len(f.Type.Params.List) == 0:
		return typeText(f.Recv.List[0].Type), true
	case f.Name.Name == "Value":
		return strings.TrimPrefix(typeText(f.Recv.List[0].Type), "*"), false
	}
	return "", false
}
