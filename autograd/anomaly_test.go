package autograd_test

import (
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
	if anomaly.Op != "log" || anomaly.Backward || !strings.Contains(anomaly.Site, "anomaly_test.go:16") || !strings.Contains(anomaly.Ranges, "[-2, 2]") {
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
	if anomaly.Op != "sqrt" || !anomaly.Backward || anomaly.Operand != 0 || !strings.Contains(anomaly.Site, "anomaly_test.go:31") {
		t.Errorf("got %v", err)
	}
}

func TestWithoutDetectAnomalyNothingPanics(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	tape.Watch(vector(0, -4)).Sqrt().Sum().Backward()
}
