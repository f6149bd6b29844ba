package crash_test

import (
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/chainrule-go/chainrule/internal/durable"
	"github.com/chainrule-go/chainrule/internal/durable/crash"
)

// careless is a file system whose user forgets to sync.
type careless struct {
	*crash.Disk
	files, dirs bool // sync these
}

func (c careless) CreateTemp(dir, pattern string) (durable.File, error) {
	f, err := c.Disk.CreateTemp(dir, pattern)
	return carelessFile{f, c.files}, err
}

func (c careless) SyncDir(dir string) error {
	if c.dirs {
		return c.Disk.SyncDir(dir)
	}
	return nil
}

type carelessFile struct {
	durable.File
	sync bool
}

func (f carelessFile) Sync() error {
	if f.sync {
		return f.File.Sync()
	}
	return nil
}

// A file that is replaced twice is the first one, or the second, whenever the power fails;
// and is not if a sync is left out.
func TestReplaceSurvives(t *testing.T) {
	for _, test := range []struct {
		name                string
		files, dirs         bool
		mayBreak, mayForget bool
	}{
		{"both synced", true, true, false, false},
		{"the file not synced", false, true, true, false},
		{"the directory not synced", true, false, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			disk := crash.New()
			path := filepath.Join(t.TempDir(), "file")
			finished := map[int]string{}
			for _, text := range []string{"first version", "second, longer version"} {
				err := durable.Replace(careless{disk, test.files, test.dirs}, path, func(w io.Writer) error {
					_, err := io.WriteString(w, text)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				finished[disk.Operations()] = text
			}
			broken, forgotten := false, false
			want := ""
			for after := range disk.Operations() + 1 {
				if text, ok := finished[after]; ok {
					want = text
				}
				for seed := range uint64(20) {
					dir := t.TempDir()
					if err := disk.After(after, rand.New(rand.NewPCG(seed, 1)), dir); err != nil {
						t.Fatal(err)
					}
					content, err := os.ReadFile(filepath.Join(dir, "file"))
					switch got := string(content); {
					case err != nil:
						forgotten = forgotten || want != ""
					case got == "first version":
						forgotten = forgotten || want == "second, longer version"
					case got != "second, longer version":
						broken = true
					}
				}
			}
			if broken != test.mayBreak || forgotten != test.mayForget {
				t.Errorf("broken: %v, forgotten: %v", broken, forgotten)
			}
		})
	}
}
