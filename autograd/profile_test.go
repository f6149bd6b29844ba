package autograd_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

func TestProfile(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{Profile: true})
	x := tape.Watch(autograd.Ones(autograd.Float64, 10, 10))
	x.MatMul(x).Tanh().Sum().Backward()
	tape.Reset()
	rows := map[string]autograd.OpProfile{}
	for _, row := range tape.Profile() {
		rows[row.Op] = row
	}
	if got := rows["matmul"]; got.Calls != 1 || got.Bytes != 800 || got.Forward <= 0 || got.Backward <= 0 {
		t.Errorf("matmul: %+v", got)
	}
	if rows["tanh"].Calls != 1 {
		t.Errorf("tanh: %+v", rows["tanh"])
	}
	var table bytes.Buffer
	if err := tape.WriteProfile(&table); err != nil || !strings.Contains(table.String(), "matmul") {
		t.Errorf("table %q, error %v", table.String(), err)
	}
	if autograd.NewTape(autograd.TapeConfig{}).Profile() != nil {
		t.Error("a tape without the option has a profile")
	}
}
