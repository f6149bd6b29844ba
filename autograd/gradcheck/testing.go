package gradcheck

import (
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

// Test checks the gradients of f at inputs in a test, which fails with the report if
// something is wrong:
//
//	gradcheck.Test(t, f, x, w)
//
// It is [Check] with zero Config; see [TestWith] for others.
func Test(t testing.TB, f autograd.Func, inputs ...autograd.Variable) {
	t.Helper()
	TestWith(t, Config{}, f, inputs...)
}

// TestWith is [Test] with config. A report of unreliable derivatives is logged.
func TestWith(t testing.TB, config Config, f autograd.Func, inputs ...autograd.Variable) {
	t.Helper()
	report, err := Check(f, inputs, config)
	verdictOf(t, report, err)
}

// TestModel is [CheckModel] in a test, which fails with the report if something is wrong.
// A report of unreliable derivatives is logged.
func TestModel(t testing.TB, config Config, model Model) {
	t.Helper()
	report, err := CheckModel(model, config)
	verdictOf(t, report, err)
}

func verdictOf(t testing.TB, report *Report, err error) {
	t.Helper()
	switch {
	case err != nil:
		t.Fatal(err)
	case report.Unreliable > 0:
		t.Log(report)
	}
}
