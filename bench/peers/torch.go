package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/cpu"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// PyTorch's settings decide more than its code does, and which is best differs from
// one processor to the next and from one workload to the next.

// torchLegend explains the labels of PyTorch's settings.
const torchLegend = "OPENBLAS_CORETYPE, the processor for whose instructions OpenBLAS multiplies matrices (unset: it decides by itself, " +
	"and takes SSE where the processor is newer than it knows); how many threads PyTorch and, where there are matrix products, OpenBLAS " +
	"have (OMP_NUM_THREADS, OPENBLAS_NUM_THREADS); ATEN_CPU_CAPABILITY, the instructions of PyTorch's own loops, where setting it was better; " +
	"images laid out with their channels last, where that was better. " +
	"With any of them, memory that was freed stays with the process (MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_)."

// torchEnv keeps memory that was freed with the process. By default glibc gives large
// arrays back to the system after each step, and what a step then takes depends on how
// fast the system makes pages.
func torchEnv() []string {
	const all = 1 << 30
	return []string{fmt.Sprintf("MALLOC_MMAP_THRESHOLD_=%d", all), fmt.Sprintf("MALLOC_TRIM_THRESHOLD_=%d", all)}
}

// torchChoices are the settings to try at a workload, on a processor with AVX-512 and
// instructions for bfloat16 or without.
func torchChoices(name string, processors int, avx512, bfloat16 bool) []choice {
	loops := choice{{"", []string{"ATEN_CPU_CAPABILITY"}}}
	if avx512 {
		for _, set := range []string{"avx2", "avx512"} {
			loops = append(loops, option{"ATen " + set, []string{"ATEN_CPU_CAPABILITY=" + set}})
		}
	}
	var layout []choice
	if workload.HasImages(name) {
		layout = []choice{{{"", nil}, {"channels last", []string{"PEER_MEMORY_FORMAT=channels_last"}}}}
	}
	if !workload.HasProducts(name) {
		return append([]choice{threadChoice(processors, false), loops}, layout...)
	}
	// The size of a cache is among what decides OpenBLAS's blocks; whatever this
	// environment says of it is not to count.
	kernels := choice{{"unset", []string{"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}}}
	force := func(core string) {
		kernels = append(kernels, option{core, []string{"OPENBLAS_CORETYPE=" + core, "OPENBLAS_L2_SIZE"}})
	}
	if runtime.GOARCH == "amd64" {
		force("Haswell")
	}
	if avx512 {
		force("SkylakeX")
	}
	if avx512 && bfloat16 {
		force("Cooperlake")
	}
	return append([]choice{kernels, threadChoice(processors, true), loops}, layout...)
}

// threadChoice has one thread and all, for PyTorch and for its library for matrix
// products. One for PyTorch comes first: several wait for each other after every
// operation, which takes many times as long where they do not get the processors
// for themselves.
func threadChoice(processors int, products bool) choice {
	own, blas := []int{1, processors}, []int{processors, 1}
	if processors == 1 {
		own, blas = own[:1], blas[:1]
	}
	env := func(own, blas int) []string {
		return []string{fmt.Sprintf("OMP_NUM_THREADS=%d", own), fmt.Sprintf("OPENBLAS_NUM_THREADS=%d", blas)}
	}
	var threads choice
	for _, n := range own {
		if !products {
			threads = append(threads, option{fmt.Sprintf("threads %d", n), env(n, n)})
			continue
		}
		for _, k := range blas {
			threads = append(threads, option{fmt.Sprintf("threads %d and %d", n, k), env(n, k)})
		}
	}
	return threads
}

// torch is the entrant PyTorch.
func torch() entrant {
	x86 := cpu.X86
	avx512 := x86.HasAVX512F && x86.HasAVX512BW && x86.HasAVX512CD && x86.HasAVX512DQ && x86.HasAVX512VL
	return entrant{
		name:    torchName,
		cure:    "Install PyTorch for Python 3: on Debian or Ubuntu `apt-get install python3-torch libopenblas0-pthread`.",
		prepare: python,
		choices: func(name string) []choice {
			return torchChoices(name, runtime.NumCPU(), avx512, x86.HasAVX512BF16)
		},
		legend: torchLegend,
	}
}

const torchName = "PyTorch"

// python looks for a Python that has PyTorch.
func python(ctx context.Context, _ string, budget time.Duration) (command, error) {
	var errs []error
	for _, interpreter := range []string{"python3", "/usr/bin/python3"} {
		output, err := exec.CommandContext(ctx, interpreter, "-c", "import torch, numpy").CombinedOutput()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w: %s", interpreter, err, lastLine(output)))
			continue
		}
		seconds := strconv.FormatFloat(budget.Seconds(), 'g', -1, 64)
		return command{interpreter, []string{filepath.Join("torch", "torch_peer.py"), seconds}, torchEnv()}, nil
	}
	return command{}, errors.Join(errs...)
}

func lastLine(output []byte) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return lines[len(lines)-1]
}
