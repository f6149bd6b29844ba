package nn_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/nn"
)

// recorder is a callback that writes down what it sees, and fails where it is told to.
type recorder struct {
	name string
	log  *[]string
	fail map[string]error
}

func (r *recorder) note(what string) error {
	*r.log = append(*r.log, r.name+" "+what)
	return r.fail[what]
}

func (r *recorder) Begin(t *nn.Trainer) error { return r.note("begin") }
func (r *recorder) Step(s *nn.Step) error     { return r.note(fmt.Sprintf("step %d.%d", s.Epoch, s.Index)) }
func (r *recorder) Epoch(e *nn.Epoch) error   { return r.note(fmt.Sprintf("epoch %d", e.Number)) }
func (r *recorder) End(err error) error       { return r.note(fmt.Sprintf("end %v", err)) }

func TestCallbacks(t *testing.T) {
	broken, full := errors.New("broken"), errors.New("full")
	for _, test := range []struct {
		name string
		fail map[string]error // of the first callback
		want []string
		err  error
	}{
		{"in order", nil, []string{"a begin", "b begin", "a step 0.0", "b step 0.0", "a step 0.1", "b step 0.1", "a epoch 0", "b epoch 0",
			"a step 1.0", "b step 1.0", "a step 1.1", "b step 1.1", "a epoch 1", "b epoch 1", "b end <nil>", "a end <nil>"}, nil},
		{"a step stops", map[string]error{"step 0.0": nn.ErrStop}, []string{"a begin", "b begin", "a step 0.0", "b step 0.0", "b end <nil>", "a end <nil>"}, nil},
		{"an epoch stops", map[string]error{"epoch 0": fmt.Errorf("enough: %w", nn.ErrStop)}, []string{"a begin", "b begin", "a step 0.0", "b step 0.0",
			"a step 0.1", "b step 0.1", "a epoch 0", "b epoch 0", "b end <nil>", "a end <nil>"}, nil},
		{"a step fails", map[string]error{"step 0.0": broken}, []string{"a begin", "b begin", "a step 0.0", "b end broken", "a end broken"}, broken},
		{"the beginning fails", map[string]error{"begin": broken}, []string{"a begin"}, broken},
		{"the beginning stops", map[string]error{"begin": nn.ErrStop}, []string{"a begin"}, nil},
		{"the end fails", map[string]error{"step 0.0": nn.ErrStop, "end <nil>": full}, []string{"a begin", "b begin", "a step 0.0", "b step 0.0", "b end <nil>", "a end <nil>"}, full},
		{"both fail", map[string]error{"step 0.0": broken, "end broken": full}, []string{"a begin", "b begin", "a step 0.0", "b end broken", "a end broken"}, full},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log []string
			_, err := nn.Fit(context.Background(), classifier(1), blobs(1, 40), nn.FitConfig{Epochs: 2, Callbacks: []nn.Callback{
				&recorder{"a", &log, test.fail}, &recorder{"b", &log, nil},
			}})
			if !errors.Is(err, test.err) || test.err == nil && err != nil {
				t.Errorf("got error %v, want %v", err, test.err)
			}
			if test.name == "both fail" && !errors.Is(err, broken) {
				t.Errorf("got error %v, which lacks that of the step", err)
			}
			if diff := cmp.Diff(test.want, log); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

// A callback that needs one method embeds the others.
type counter struct {
	nn.NoCallback
	steps int
}

func (c *counter) Step(*nn.Step) error {
	c.steps++
	return nil
}

func TestNoCallback(t *testing.T) {
	c := &counter{}
	if _, err := nn.Fit(context.Background(), classifier(1), blobs(1, 100), nn.FitConfig{Callbacks: []nn.Callback{c, nn.NoCallback{}}}); err != nil || c.steps != 4 {
		t.Errorf("%d steps, error %v", c.steps, err)
	}
}
