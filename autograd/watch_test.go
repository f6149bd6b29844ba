package autograd_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

func TestDetectAnomalyForward(t *testing.T) {
	err := autograd.Try(func() {
		tape := autograd.NewTape(autograd.TapeConfig{DetectAnomaly: true})
		x := tape.Watch(vector(1, -1))
		x.MulScalar(2).Log().Sum()
	})
	var anomaly *autograd.AnomalyError
	if !errors.As(err, &anomaly) {
		t.Fatalf("got %v", err)
	}
	if anomaly.Op != "log" || anomaly.Backward || !strings.Contains(anomaly.Site, "watch_test.go:16") || !strings.Contains(anomaly.Ranges, "[-2, 2]") {
		t.Errorf("got %v", err)
	}
}

func TestDetectAnomalyBackward(t *testing.T) {
	err := autograd.Try(func() {
		tape := autograd.NewTape(autograd.TapeConfig{DetectAnomaly: true})
		x := tape.Watch(vector(0, 4))
		x.Sqrt().Sum().Backward()
	})
	var anomaly *autograd.AnomalyError
	if !errors.As(err, &anomaly) {
		t.Fatalf("got %v", err)
	}
	if anomaly.Op != "sqrt" || !anomaly.Backward || anomaly.Operand != 0 || !strings.Contains(anomaly.Site, "watch_test.go:31") {
		t.Errorf("got %v", err)
	}
}

func TestWithoutDetectAnomalyNothingPanics(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	tape.Watch(vector(0, -4)).Sqrt().Sum().Backward()
}

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
