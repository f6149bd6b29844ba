package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// onnxRuntime is the entrant onnxruntime, by its package for Node.js.
func onnxRuntime() entrant {
	return entrant{
		name:    "onnxruntime",
		cure:    "Install Node.js, and in bench/peers/onnxruntime `npm install --ignore-scripts`.",
		prepare: node,
		choices: func(string) []choice { return onnxRuntimeChoices(runtime.NumCPU()) },
		legend:  "how many threads work on an operation (intraOpNumThreads).",
	}
}

func onnxRuntimeChoices(processors int) []choice {
	var threads choice
	for _, n := range []int{1, processors} {
		if n > 1 || len(threads) == 0 {
			threads = append(threads, option{fmt.Sprintf("threads %d", n), []string{fmt.Sprintf("PEER_THREADS=%d", n)}})
		}
	}
	return []choice{threads}
}

// node looks for a Node.js that has the package.
func node(ctx context.Context, _ string, budget time.Duration) (command, error) {
	const folder = "onnxruntime"
	check := exec.CommandContext(ctx, "node", "--input-type=module", "-e", "import 'onnxruntime-node'")
	check.Dir = folder
	if output, err := check.CombinedOutput(); err != nil {
		return command{}, fmt.Errorf("%w: %s", err, lastLine(output))
	}
	seconds := strconv.FormatFloat(budget.Seconds(), 'g', -1, 64)
	return command{program: "node", args: []string{filepath.Join(folder, "peer.mjs"), seconds}}, nil
}
