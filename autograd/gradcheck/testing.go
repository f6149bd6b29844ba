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
// It is [Check] with zero Options; see [TestWith] for others.
func Test(t testing.TB, f autograd.Func, inputs ...autograd.Variable) {
	t.Helper()
	TestWith(t, Options{}, f, inputs...)
}

// TestWith is [Test] with options. A report of unreliable derivatives is logged.
func TestWith(t testing.TB, options Options, f autograd.Func, inputs ...autograd.Variable) {
	t.Helper()
	report, err := Check(f, inputs, options)
	switch {
	case err != nil:
		t.Fatal(err)
	case report.Unreliable > 0:
		t.Log(report)
	}
}
