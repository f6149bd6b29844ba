package nn_test

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/nn"
)

// readAgain sees that what was read is the same when it has been written and read again.
func readAgain(t *testing.T, h *nn.History, write func(w io.Writer) error, read func(r io.Reader) (*nn.History, error)) {
	t.Helper()
	var text bytes.Buffer
	if err := write(&text); err != nil {
		t.Fatalf("read, but not written: %v", err)
	}
	again, err := read(bytes.NewReader(text.Bytes()))
	if err != nil {
		t.Fatalf("written, but not read: %v\n%s", err, text.Bytes())
	}
	// Seconds have the precision of float64: months are right up to some nanoseconds.
	duration := cmp.Comparer(func(a, b time.Duration) bool { return (a - b).Abs() <= max(a.Abs(), b.Abs())>>50 })
	if diff := cmp.Diff(h, again, cmpopts.EquateNaNs(), cmpopts.EquateEmpty(), duration); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzReadHistoryCSV(f *testing.F) {
	f.Add([]byte("epoch,steps,partial,seconds,loss,val_loss\n0,1,false,0.5,1,NaN\n1,2,true,1e9,,-Inf\n"))
	f.Add([]byte("epoch,steps,partial,seconds,\"a\r\nb\",a,a,val_\n0,1,false,0,1,2,3,4\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := nn.ReadHistoryCSV(bytes.NewReader(text))
		if err == nil {
			readAgain(t, h, h.WriteCSV, nn.ReadHistoryCSV)
		}
	})
}

func FuzzReadHistoryJSON(f *testing.F) {
	f.Add([]byte(`{"epoch":0,"steps":45,"seconds":0.25,"train":{"loss":1.52,"x":"NaN"},"validation":{"loss":0.93}}` + "\n\n{}\n"))
	f.Add([]byte(`{"epoch":1,"partial":true,"seconds":1e9,"train":{"":1,"":2},"validation":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if h, err := nn.ReadHistoryJSONLines(bytes.NewReader(text)); err == nil {
			readAgain(t, h, h.WriteJSONLines, nn.ReadHistoryJSONLines)
		}
		var h nn.History
		if err := json.Unmarshal(text, &h); err == nil {
			write := func(w io.Writer) error { return json.NewEncoder(w).Encode(&h) }
			readAgain(t, &h, write, func(r io.Reader) (*nn.History, error) {
				var again nn.History
				err := json.NewDecoder(r).Decode(&again)
				return &again, err
			})
		}
	})
}
