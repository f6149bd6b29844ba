package onnxruntime

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"os/exec"
)

//go:embed check.py
var checker string

// Check asks the checker of the package onnx, for Python, about models: what it says is wrong with each, ""
// for nothing. It reports false if there is no such package.
func Check(models [][]byte) (problems []string, ok bool) {
	var list []string
	for _, m := range models {
		list = append(list, base64.StdEncoding.EncodeToString(m))
	}
	stdin, err := json.Marshal(list)
	if err != nil {
		return nil, false
	}
	for _, python := range []string{"python3", "/usr/bin/python3"} { // that of the system has its packages
		command := exec.Command(python, "-I", "-c", checker)
		command.Stdin = bytes.NewReader(stdin)
		if stdout, err := command.Output(); err == nil && json.Unmarshal(stdout, &problems) == nil && len(problems) == len(models) {
			return problems, true
		}
	}
	return nil, false
}
