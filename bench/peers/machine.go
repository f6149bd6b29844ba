package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine is what the numbers depend on besides the libraries.
type machine struct {
	date       time.Time
	processor  string
	processors int
	platform   string
	goVersion  string
	commit     string  // of chainrule, empty if unknown
	load       float64 // average of the minute before, -1 if unknown
}

func thisMachine() machine {
	m := machine{
		date:       time.Now(),
		processors: runtime.NumCPU(),
		platform:   runtime.GOOS + "/" + runtime.GOARCH,
		goVersion:  runtime.Version(),
		load:       -1,
	}
	if commit, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		m.commit = strings.TrimSpace(string(commit))
	}
	// Both files are Linux's; elsewhere what they say is left out.
	cpuinfo, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(cpuinfo)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			m.processor = strings.TrimSpace(value)
			break
		}
	}
	loadavg, _ := os.ReadFile("/proc/loadavg")
	if first, _, ok := strings.Cut(string(loadavg), " "); ok {
		if load, err := strconv.ParseFloat(first, 64); err == nil {
			m.load = load
		}
	}
	return m
}

// busy is a warning if something else is running.
func (m machine) busy() string {
	if m.load < 0.5 {
		return ""
	}
	return fmt.Sprintf("The machine is busy, its load average is %.2f: what is measured now means little.", m.load)
}

func (m machine) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "- %s, %s, %s\n", m.date.Format(time.DateOnly), m.platform, m.goVersion)
	if m.processor != "" {
		fmt.Fprintf(&b, "- %s, %d processors\n", m.processor, m.processors)
	} else {
		fmt.Fprintf(&b, "- %d processors\n", m.processors)
	}
	if m.commit != "" {
		fmt.Fprintf(&b, "- chainrule at commit %s\n", m.commit)
	}
	if m.load >= 0 {
		fmt.Fprintf(&b, "- load average when it began: %.2f\n", m.load)
	}
	return b.String()
}
