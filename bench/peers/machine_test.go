package main

import (
	"math"
	"testing"
)

func TestProcessor(t *testing.T) {
	for _, test := range []struct{ cpuinfo, want string }{
		{"processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC\n\n" +
			"processor\t: 1\nmodel\t\t: 99\n", "AMD EPYC (Zen 3)"},
		{"vendor_id : AuthenticAMD\ncpu family : 26\nmodel : 2\nmodel name : AMD EPYC\n", "AMD EPYC (Zen 5)"},
		{"vendor_id : GenuineIntel\ncpu family : 6\nmodel : 143\nmodel name : Intel(R) Xeon(R) Processor @ 2.70GHz\n",
			"Intel Xeon Processor (Sapphire Rapids)"},
		{"vendor_id : GenuineIntel\ncpu family : 6\nmodel : 250\nmodel name : Xeon\n", "Xeon (family 6, model 250)"},
		{"model name : some\nmodel : x\n", "some"},
		{"", ""},
	} {
		if got := parseProcessor(test.cpuinfo).String(); got != test.want {
			t.Errorf("%q is %q, want %q", test.cpuinfo, got, test.want)
		}
	}
}

func TestKindOfMachine(t *testing.T) {
	m := machine{processors: 2, instructions: "AVX2", platform: "linux/amd64"}
	if got, want := m.kind(), "linux/amd64, 2 processors, AVX2"; got != want {
		t.Errorf("kind %q, want %q", got, want)
	}
	m.processor = processor{"AMD EPYC", "AuthenticAMD", 0x1a, 2}
	if got, want := m.kind(), "AMD EPYC (Zen 5), 2 processors, AVX2"; got != want {
		t.Errorf("kind %q, want %q", got, want)
	}
}

func TestThisMachine(t *testing.T) {
	m := thisMachine()
	for name, rate := range map[string]float64{"float32": m.peak.float32s, "float64": m.peak.float64s} {
		if !(rate > 0) || math.IsInf(rate, 0) {
			t.Errorf("peak of %s: %v", name, rate)
		}
	}
	if m.instructions == "" || m.processors < 1 {
		t.Errorf("instructions %q, %d processors", m.instructions, m.processors)
	}
}
