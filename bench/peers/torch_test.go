package main

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

func labels(c choice) []string {
	var labels []string
	for _, o := range c {
		labels = append(labels, o.label)
	}
	return labels
}

func TestTorchChoices(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the kernels to choose from are amd64's")
	}
	all := []string{"threads 1 and 2", "threads 1 and 1", "threads 2 and 2", "threads 2 and 1"}
	for _, test := range []struct {
		name             string
		workload         string
		processors       int
		avx512, bfloat16 bool
		want             [][]string
	}{
		{"AVX2", workload.MatMul32, 2, false, false, [][]string{{"unset", "Haswell"}, all, {""}}},
		{"AVX-512", workload.MNISTEpoch, 2, true, false, [][]string{{"unset", "Haswell", "SkylakeX"}, all, {"", "ATen avx2", "ATen avx512"}}},
		{"bfloat16", workload.MatMul64, 2, true, true, [][]string{{"unset", "Haswell", "SkylakeX", "Cooperlake"}, all, {"", "ATen avx2", "ATen avx512"}}},
		{"no products", workload.Exp, 4, true, true, [][]string{{"threads 1", "threads 4"}, {"", "ATen avx2", "ATen avx512"}}},
		{"one processor", workload.XORStep, 1, false, false, [][]string{{"unset", "Haswell"}, {"threads 1 and 1"}, {""}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got [][]string
			for _, c := range torchChoices(test.workload, test.processors, test.avx512, test.bfloat16) {
				got = append(got, labels(c))
			}
			if !slices.EqualFunc(got, test.want, slices.Equal) {
				t.Errorf("choices %q, want %q", got, test.want)
			}
		})
	}
}

// What this environment says of OpenBLAS must not reach PyTorch.
func TestTorchEnvironment(t *testing.T) {
	base := []string{"HOME=/", "OPENBLAS_CORETYPE=Prescott", "OPENBLAS_L2_SIZE=512", "OMP_NUM_THREADS=7", "ATEN_CPU_CAPABILITY=default"}
	choices := torchChoices(workload.MatMul32, 2, true, true)
	for _, test := range []struct {
		setting setting
		want    []string
	}{
		{defaults(choices), []string{"HOME=/", "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=2"}},
		{setting{choices[0][2], choices[1][3], choices[2][2]}, []string{"HOME=/", "OPENBLAS_CORETYPE=SkylakeX",
			"OMP_NUM_THREADS=2", "OPENBLAS_NUM_THREADS=1", "ATEN_CPU_CAPABILITY=avx512"}},
	} {
		if got := environment(base, test.setting.env()...); !slices.Equal(got, test.want) {
			t.Errorf("%v: environment %q, want %q", test.setting, got, test.want)
		}
	}
	if got := strings.Join(torchEnv(), " "); got != "MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=1073741824" {
		t.Errorf("always set: %s", got)
	}
}
