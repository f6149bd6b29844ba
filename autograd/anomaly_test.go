package autograd_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

// nextLine is the place after the caller's.
func nextLine() string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, line+1)
}

func TestDetectAnomalyForward(t *testing.T) {
	var site string
	err := autograd.Try(func() {
		tape := autograd.NewTape(autograd.TapeConfig{DetectAnomaly: true})
		x := tape.Watch(vector(1, -1)).MulScalar(2)
		site = nextLine()
		x.Log().Sum()
	})
	var anomaly *autograd.AnomalyError
	if !errors.As(err, &anomaly) {
		t.Fatalf("got %v", err)
	}
	if anomaly.Op != "log" || anomaly.Backward || anomaly.Site != site || !strings.Contains(anomaly.Ranges, "[-2, 2]") {
		t.Errorf("got %v", err)
	}
}

func TestDetectAnomalyBackward(t *testing.T) {
	var site string
	err := autograd.Try(func() {
		tape := autograd.NewTape(autograd.TapeConfig{DetectAnomaly: true})
		x := tape.Watch(vector(0, 4))
		site = nextLine()
		x.Sqrt().Sum().Backward()
	})
	var anomaly *autograd.AnomalyError
	if !errors.As(err, &anomaly) {
		t.Fatalf("got %v", err)
	}
	if anomaly.Op != "sqrt" || !anomaly.Backward || anomaly.Operand != 0 || anomaly.Site != site {
		t.Errorf("got %v", err)
	}
}

func TestWithoutDetectAnomalyNothingPanics(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	tape.Watch(vector(0, -4)).Sqrt().Sum().Backward()
}
