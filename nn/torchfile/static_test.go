package torchfile_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/internal/models"
)

// A program with a model from PyTorch within it is one file without cgo, for every system and
// processor, and computes what the model computes there.
func TestStaticProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("builds six programs")
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, processor := range []string{"amd64", "arm64"} {
			t.Run(system+"/"+processor, func(t *testing.T) {
				program := filepath.Join(dir, "predict-"+system+"-"+processor+".exe")
				build := exec.Command(tool, "build", "-o", program, "./testdata/predict")
				build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor)
				if text, err := build.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				if system != runtime.GOOS || processor != runtime.GOARCH {
					return
				}
				text, err := exec.Command(program).Output()
				if err != nil {
					t.Fatal(err)
				}
				var got []float64
				for _, line := range strings.Fields(string(text)) {
					y, err := strconv.ParseFloat(line, 64)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, y)
				}
				for _, c := range models.Cases(t) {
					if c.Name == "autoencoder" {
						if len(got) != len(c.Output.Float32s) {
							t.Fatalf("the program prints\n%s", text)
						}
						c.CheckOutput(t, c.Output.Shape, got)
						return // those elsewhere have other weights
					}
				}
			})
		}
	}
}
