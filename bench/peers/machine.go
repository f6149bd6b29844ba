package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/chainrule-go/chainrule/bench/limits"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// machine is what the numbers depend on besides the libraries.
type machine struct {
	date         time.Time
	processor    processor
	processors   int
	instructions string // that chainrule uses
	peak         peak
	platform     string
	goVersion    string
	commit       string  // of chainrule, empty if unknown
	load         float64 // average of the minute before, -1 if unknown
}

// peak is the rate of fused multiply-adds on all processors, in operations a second,
// with the instructions that chainrule uses.
type peak struct{ float32s, float64s float64 }

func thisMachine() machine {
	m := machine{
		date:         time.Now(),
		processors:   runtime.NumCPU(),
		instructions: instructionSet(),
		platform:     runtime.GOOS + "/" + runtime.GOARCH,
		goVersion:    runtime.Version(),
		load:         -1,
	}
	m.peak = peak{limits.FMA[float32](m.processors), limits.FMA[float64](m.processors)}
	if commit, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		m.commit = strings.TrimSpace(string(commit))
	}
	// Both files are Linux's; elsewhere what they say is left out.
	cpuinfo, _ := os.ReadFile("/proc/cpuinfo")
	m.processor = parseProcessor(string(cpuinfo))
	loadavg, _ := os.ReadFile("/proc/loadavg")
	if first, _, ok := strings.Cut(string(loadavg), " "); ok {
		if load, err := strconv.ParseFloat(first, 64); err == nil {
			m.load = load
		}
	}
	return m
}

// instructionSet names what chainrule's kernels use.
func instructionSet() string {
	set := simd.InstructionSet()
	if set == "none" {
		return "no assembly"
	}
	return strings.Replace(strings.ToUpper(set), "AVX512", "AVX-512", 1)
}

// busy is a warning if something else is running.
func (m machine) busy() string {
	if m.load < 0.5 {
		return ""
	}
	return fmt.Sprintf("The machine is busy, its load average is %.2f: what is measured now means little.", m.load)
}

// kind is what machines have in common whose numbers can be compared.
func (m machine) kind() string {
	text := fmt.Sprintf("%d processors, %s", m.processors, m.instructions)
	if name := m.processor.String(); name != "" {
		return name + ", " + text
	}
	return m.platform + ", " + text
}

func (m machine) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "- %s, %s, %s\n", m.date.Format(time.DateOnly), m.platform, m.goVersion)
	if m.commit != "" {
		fmt.Fprintf(&b, "- chainrule at commit %s, its kernels with %s\n", m.commit, m.instructions)
	}
	fmt.Fprintf(&b, "- fused multiply-adds in registers with %s, on all processors: %.0f GFLOP/s float32, %.0f float64\n",
		m.instructions, m.peak.float32s/1e9, m.peak.float64s/1e9)
	if m.load >= 0 {
		fmt.Fprintf(&b, "- load average when it began: %.2f\n", m.load)
	}
	return b.String()
}

// processor is what Linux says of one. Its name often says little: on many virtual
// machines it is "AMD EPYC".
type processor struct {
	name, vendor  string
	family, model int // -1 if unknown
}

// parseProcessor reads the first processor of /proc/cpuinfo.
func parseProcessor(cpuinfo string) processor {
	p := processor{family: -1, model: -1}
	number := func(value string) int {
		if n, err := strconv.Atoi(value); err == nil {
			return n
		}
		return -1
	}
	for line := range strings.Lines(cpuinfo) {
		if strings.TrimSpace(line) == "" {
			break // another one follows
		}
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "model name":
			value, _, _ = strings.Cut(value, " @ ")
			p.name = strings.NewReplacer("(R)", "", "(TM)", "", "(tm)", "").Replace(value)
		case "vendor_id":
			p.vendor = value
		case "cpu family":
			p.family = number(value)
		case "model":
			p.model = number(value)
		}
	}
	return p
}

// microarchitectures names servers' processors by what CPUID says of them, as Linux
// does (arch/x86/kernel/cpu/amd.c, arch/x86/include/asm/intel-family.h).
var microarchitectures = []struct {
	vendor   string
	family   int
	from, to int // models
	name     string
}{
	{"AuthenticAMD", 0x17, 0x00, 0x2f, "Zen"},
	{"AuthenticAMD", 0x17, 0x30, 0x4f, "Zen 2"},
	{"AuthenticAMD", 0x19, 0x00, 0x0f, "Zen 3"},
	{"AuthenticAMD", 0x19, 0x10, 0x1f, "Zen 4"},
	{"AuthenticAMD", 0x19, 0x20, 0x5f, "Zen 3"},
	{"AuthenticAMD", 0x19, 0x60, 0xaf, "Zen 4"},
	{"AuthenticAMD", 0x1a, 0x00, 0x2f, "Zen 5"},
	{"AuthenticAMD", 0x1a, 0x40, 0x4f, "Zen 5"},
	{"AuthenticAMD", 0x1a, 0x60, 0x7f, "Zen 5"},
	{"GenuineIntel", 6, 63, 63, "Haswell"},
	{"GenuineIntel", 6, 79, 79, "Broadwell"},
	{"GenuineIntel", 6, 85, 85, "Skylake, Cascade Lake or Cooper Lake"},
	{"GenuineIntel", 6, 106, 106, "Ice Lake"},
	{"GenuineIntel", 6, 108, 108, "Ice Lake"},
	{"GenuineIntel", 6, 143, 143, "Sapphire Rapids"},
	{"GenuineIntel", 6, 173, 173, "Granite Rapids"},
	{"GenuineIntel", 6, 207, 207, "Emerald Rapids"},
}

func (p processor) String() string {
	if p.name == "" || p.family < 0 || p.model < 0 {
		return p.name
	}
	for _, m := range microarchitectures {
		if p.vendor == m.vendor && p.family == m.family && m.from <= p.model && p.model <= m.to {
			return fmt.Sprintf("%s (%s)", p.name, m.name)
		}
	}
	return fmt.Sprintf("%s (family %d, model %d)", p.name, p.family, p.model)
}
