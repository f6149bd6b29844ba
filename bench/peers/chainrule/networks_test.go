package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/bench/networks"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// What chainrule trains is what the comparison says that all train.
func TestNetworks(t *testing.T) {
	type network struct {
		key            string
		batch, classes int
		input          []int
	}
	var got, want []network
	for _, n := range networks.All() {
		got = append(got, network{n.Name, n.Batch, n.Classes, n.Input})
	}
	for _, n := range workload.Networks() {
		want = append(want, network{strings.ToLower(n.Key), n.Batch, n.Classes, n.Input})
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(network{})); diff != "" {
		t.Errorf("networks (-want +got):\n%s", diff)
	}
}
