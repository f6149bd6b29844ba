package nn_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/nn"
)

// histories are runs of all kinds.
func histories() map[string]*nn.History {
	nan, inf := math.NaN(), math.Inf(1)
	return map[string]*nn.History{
		"nothing":       {},
		"no validation": {Epochs: []nn.Epoch{{Number: 0, Steps: 3, Train: nn.Scores{{"loss", 0.1}}, Duration: 1}}},
		"a run": {Epochs: []nn.Epoch{
			{Number: 0, Steps: 45, Train: nn.Scores{{"loss", 1.0 / 3}, {"accuracy", 0.5}}, Validation: nn.Scores{{"loss", math.Pi}, {"accuracy", 1}}, Duration: 1234567891},
			{Number: 1, Steps: 20, Partial: true, Train: nn.Scores{{"loss", 1e-300}, {"accuracy", 0}}, Duration: 3 * time.Hour},
		}},
		"not finite": {Epochs: []nn.Epoch{{Train: nn.Scores{{"loss", nan}}, Validation: nn.Scores{{"loss", inf}, {"x", -inf}}}}},
		"names":      {Epochs: []nn.Epoch{{Train: nn.Scores{{"epoch", 1}, {`a "quoted", name`, 2}, {"größe\n", 3}, {"accuracy", 4}, {"accuracy", 5}}}}},
		"more later": {Epochs: []nn.Epoch{
			{Number: 0, Train: nn.Scores{{"loss", 1}}},
			{Number: 1, Train: nn.Scores{{"loss", 2}, {"rare", 3}}, Validation: nn.Scores{{"loss", 4}}},
			{Number: 2, Train: nn.Scores{{"loss", 5}}, Validation: nn.Scores{{"loss", 6}, {"loss", 7}}},
		}},
	}
}

// What is written is read again, to the bit.
func TestHistoryRoundTrips(t *testing.T) {
	for name, h := range histories() {
		var table, lines bytes.Buffer
		if err := errors.Join(h.WriteCSV(&table), h.WriteJSONLines(&lines)); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var fromJSON nn.History
		if err := json.Unmarshal(text, &fromJSON); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		fromLines, err := nn.ReadHistoryJSONLines(&lines)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fromTable, err := nn.ReadHistoryCSV(bytes.NewReader(table.Bytes()))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, table.Bytes())
		}
		for format, got := range map[string]*nn.History{"JSON": &fromJSON, "JSON lines": fromLines, "CSV": fromTable} {
			if diff := cmp.Diff(h, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s as %s (-want +got):\n%s", name, format, diff)
			}
		}
	}
}

func TestReadHistoryRefuses(t *testing.T) {
	head := "epoch,steps,partial,seconds,loss,val_loss\n"
	for text, want := range map[string]string{
		"":              "the header: EOF",
		"number,loss\n": "expected it to begin with",
		"epoch,steps,partial,seconds,val_loss,loss\n":   `"loss" behind validation`,
		head + "0,1,false,0.5,1,2\n1,x,false,0.5,1,2\n": `line 3: column steps: strconv.Atoi: parsing "x"`,
		head + "0,1,false,0.5,1,2,3\n":                  "record on line 2: wrong number of fields",
		head + "0,1,maybe,0.5,1,2\n":                    "line 2: column partial",
		head + "0,1,true,0.5,1,high\n":                  "line 2: column loss",
		head + "0,1,true,0.5,\"1,2\n":                   "parse error on line 2",
		head + "0,1,true,1e10,1,2\n":                    "line 2: column seconds: 1e+10 seconds are no duration",
		head + "0,1,true,NaN,1,2\n":                     "line 2: column seconds: NaN seconds are no duration",
	} {
		if _, err := nn.ReadHistoryCSV(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, expected %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"{}\n{\n":                  "line 2: ",
		`{"epoch":"x"}`:            "line 1: ",
		`{"seconds":-1e300}`:       "line 1: -1e+300 seconds are no duration",
		`{"train":[1]}`:            "scores: expected an object",
		`{"train":{"loss":"low"}}`: `score "loss": `,
		`{"train":{"loss":`:        "line 1: ",
	} {
		if _, err := nn.ReadHistoryJSONLines(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, expected %q", text, err, want)
		}
	}
	h := &nn.History{Epochs: []nn.Epoch{{Train: nn.Scores{{"val_loss", 1}}}}}
	if err := h.WriteCSV(&bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), `"val_loss" would pass for`) {
		t.Errorf("got %v", err)
	}
}

func ExampleHistory_WriteCSV() {
	h := &nn.History{Epochs: []nn.Epoch{
		{Number: 0, Steps: 45, Train: nn.Scores{{"loss", 1.5}}, Validation: nn.Scores{{"loss", 0.9}}, Duration: 250 * time.Millisecond},
		{Number: 1, Steps: 45, Train: nn.Scores{{"loss", 0.6}}, Validation: nn.Scores{{"loss", 0.5}}, Duration: 200 * time.Millisecond},
	}}
	if err := h.WriteCSV(os.Stdout); err != nil {
		panic(err)
	}
	if err := h.WriteJSONLines(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// epoch,steps,partial,seconds,loss,val_loss
	// 0,45,false,0.25,1.5,0.9
	// 1,45,false,0.2,0.6,0.5
	// {"epoch":0,"steps":45,"seconds":0.25,"train":{"loss":1.5},"validation":{"loss":0.9}}
	// {"epoch":1,"steps":45,"seconds":0.2,"train":{"loss":0.6},"validation":{"loss":0.5}}
}
