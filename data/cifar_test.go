package data_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
)

// cifarRecord is a record whose pixels are from, from+1, …
func cifarRecord(from byte, labels ...byte) []byte {
	for i := range 3072 {
		labels = append(labels, from+byte(i))
	}
	return labels
}

func writeFiles(t *testing.T, files map[string][]byte) (dir string) {
	dir = t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCIFAR10(t *testing.T) {
	files := map[string][]byte{
		"test_batch.bin":   append(cifarRecord(7, 9), cifarRecord(8, 0)...),
		"batches.meta.txt": []byte("airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"),
	}
	for i := range 5 {
		files["data_batch_"+string(rune('1'+i))+".bin"] = cifarRecord(byte(i), byte(2*i))
	}
	files["data_batch_3.bin.gz"] = gzipped(t, files["data_batch_3.bin"])
	delete(files, "data_batch_3.bin")
	train, test, err := data.CIFAR10(writeFiles(t, files))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]int{{0, 2, 4, 6, 8}, {9, 0}}, [][]int{train.Labels, test.Labels}); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if train.N != 5 || test.N != 2 || train.Channels != 3 || train.Height != 32 || train.Width != 32 || len(train.Classes) != 10 || train.Classes[9] != "truck" {
		t.Errorf("%d and %d images of %d×%d×%d, classes %q", train.N, test.N, train.Channels, train.Height, train.Width, train.Classes)
	}
	var b data.Batch
	filled(t, train, &b, 3)
	for i, v := range b.X.Float32s {
		if want := float32(byte(3+i)) * (1. / 255); v-want > 1e-6 || want-v > 1e-6 {
			t.Fatalf("pixel %d is %v, want %v", i, v, want)
		}
	}
}

func TestCIFAR100(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{
		"train.bin": append(cifarRecord(0, 19, 99), cifarRecord(1, 3, 50)...), "test.bin": cifarRecord(2, 0, 1),
		"fine_label_names.txt": []byte("too few"),
	})
	for coarse, want := range map[bool][][]int{false: {{99, 50}, {1}}, true: {{19, 3}, {0}}} {
		train, test, err := data.CIFAR100(dir, coarse)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, [][]int{train.Labels, test.Labels}); diff != "" || train.Classes != nil {
			t.Errorf("coarse %v: classes %q, labels (-want +got):\n%s", coarse, train.Classes, diff)
		}
	}
}

func TestCIFARFails(t *testing.T) {
	good := cifarRecord(0, 1, 1)
	for name, test := range map[string]struct {
		file []byte
		text string
	}{
		"cut":        {good[:3000], "at byte 3000: want a record of 3074 bytes, got the end of the file"},
		"cut later":  {append(append([]byte{}, good...), 1), "at byte 3075"},
		"a class":    {append(append([]byte{}, good...), cifarRecord(0, 1, 100)...), "at byte 3075: want a class below 100, got 100"},
		"compressed": {gzipped(t, good)[:100], "the end of the file"},
	} {
		dir := writeFiles(t, map[string][]byte{"train.bin": test.file, "test.bin": good})
		_, _, err := data.CIFAR100(dir, false)
		if !isFormatError(err) || !strings.Contains(err.Error(), test.text) || !strings.Contains(err.Error(), "train.bin") {
			t.Errorf("%s: error %v, want a *FormatError with %q", name, err, test.text)
		}
	}
	if _, _, err := data.CIFAR10(t.TempDir()); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "data_batch_1.bin") {
		t.Errorf("error %v", err)
	}
}

// Mixtures lie between the two they are made of, features and targets alike, whatever the
// batches.
func TestMixUp(t *testing.T) {
	const n = 200
	x, y := make([]float64, n), make([]float64, n)
	for i := range n {
		x[i], y[i] = float64(i), 3*float64(i)
	}
	ds := &data.Arrays{X: data.NewArray(x, n, 1), Y: data.NewArray(y, n, 1)}
	mixed := data.MixUp(ds, 0.4)
	show := func(config data.LoaderConfig, epoch int) []float64 {
		config.Seed, config.DType = 5, data.Float64
		seen := make([]float64, n)
		for batch, err := range data.NewLoader(mixed, config).Batches(t.Context(), epoch) {
			if err != nil {
				t.Fatal(err)
			}
			for row, i := range batch.Indices {
				if v, w := batch.X.Float64s[row], batch.Y.Float64s[row]; w-3*v > 1e-9 || 3*v-w > 1e-9 || v < 0 || v > n-1 {
					t.Fatalf("example %d is (%v, %v)", i, v, w)
				}
				seen[i] = batch.X.Float64s[row]
			}
		}
		return seen
	}
	first := show(data.LoaderConfig{BatchSize: 64}, 0)
	if !cmp.Equal(first, show(data.LoaderConfig{BatchSize: 7, Shuffle: true, Prefetch: 4, Workers: 3}, 0)) {
		t.Error("other batches have other mixtures")
	}
	if cmp.Equal(first, show(data.LoaderConfig{BatchSize: 64}, 1)) {
		t.Error("two epochs have the same mixtures")
	}
	// With Beta(0.4, 0.4) a quarter of the shares are above 0.96 or so.
	kept, changed := 0, 0
	for i, v := range first {
		if d := v - float64(i); d > 3 || d < -3 {
			changed++
		} else {
			kept++
		}
	}
	if kept < 30 || changed < 80 {
		t.Errorf("%d kept, %d changed", kept, changed)
	}
	var b data.Batch
	for _, wrong := range []data.Dataset{numbers(3, 0), &data.Arrays{X: data.NewArray([]float32{1}, 1, 1)}} {
		if err := data.MixUp(wrong, 1).Fill(&b, []int{0}); err == nil || !strings.Contains(err.Error(), "want targets, as OneHot makes them") {
			t.Errorf("error %v", err)
		}
	}
	for _, alpha := range []float64{0, -1} {
		wantMisuse(t, func() { data.MixUp(ds, alpha) })
	}
}
