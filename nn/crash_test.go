package nn_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/internal/durable"
	"github.com/chainrule-go/chainrule/internal/durable/crash"
	"github.com/chainrule-go/chainrule/nn"
)

// The power fails while a run saves checkpoints, and the disk forgets what was not synced.

// savingTo is a run that tells after how many operations of the disk a checkpoint of how many
// steps was there to stay.
func savingTo(t *testing.T, disk *crash.Disk, files durable.FS) (saved map[int]int) {
	t.Helper()
	saved = map[int]int{}
	dir := t.TempDir()
	latest := func(string) { // before the next thing is done
		list, err := nn.CheckpointDir{Path: dir}.Files()
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if len(list) > 0 {
			saved[disk.Operations()] = list[0].Steps
		}
	}
	_, err := survivor{Dir: dir, Announce: latest, Configure: func(c *nn.Checkpointing) { c.SetFiles(files) }}.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// Whenever the power fails, what is left is whole checkpoints, at least the last one that
// was saved, and the run that goes on comes to the same bits.
func TestPowerFailures(t *testing.T) {
	disk := crash.New()
	saved := savingTo(t, disk, disk)
	want := uninterrupted(t)
	stride := 1
	if testing.Short() {
		stride = 7
	}
	resumed := map[int]bool{}
	runs, expected := 0, 0
	for after := range disk.Operations() + 1 {
		if steps, ok := saved[after]; ok {
			expected = steps
		}
		if after%stride != 0 {
			continue
		}
		dir := t.TempDir()
		if err := disk.After(after, newRand(uint64(after)), dir); err != nil {
			t.Fatal(err)
		}
		latest := expectWhole(t, dir)
		if latest < expected {
			t.Fatalf("after %d operations the latest checkpoint is of step %d, but that of step %d was saved", after, latest, expected)
		}
		if resumed[latest] {
			continue // as before
		}
		if resumed[latest] = true; testing.Short() && len(resumed)%6 != 1 {
			continue
		}
		runs++
		result, err := survivor{Dir: dir, Resume: true}.run(t.Context())
		if err != nil || result.Digest != want || result.Resumed != latest {
			t.Errorf("after %d operations: %+v, %v, expected %s from step %d on", after, result, err, want, latest)
		}
	}
	if runs < 4 {
		t.Errorf("%d runs went on, of those from %v", runs, resumed)
	}
}

// forgetful is a disk of which files, or names, are not synced.
type forgetful struct {
	*crash.Disk
	files, names bool
}

func (f forgetful) CreateTemp(dir, pattern string) (durable.File, error) {
	file, err := f.Disk.CreateTemp(dir, pattern)
	return forgetfulFile{file, f.files}, err
}

func (f forgetful) SyncDir(dir string) error {
	if f.names {
		return nil
	}
	return f.Disk.SyncDir(dir)
}

type forgetfulFile struct {
	durable.File
	forget bool
}

func (f forgetfulFile) Sync() error {
	if f.forget {
		return nil
	}
	return f.File.Sync()
}

// Each of the two syncs is needed: without it a failure of the power damages a checkpoint,
// or loses one that was saved. A damaged one is passed over, also by a run that goes on.
func TestSyncsAreNeeded(t *testing.T) {
	for _, test := range []struct {
		name         string
		files, names bool
	}{{"files", true, false}, {"names", false, true}} {
		t.Run(test.name, func(t *testing.T) {
			disk := crash.New()
			saved := savingTo(t, disk, forgetful{disk, test.files, test.names})
			damaged, lost := "", false
			expected := 0
			for after := range disk.Operations() + 1 {
				if steps, ok := saved[after]; ok {
					expected = steps
				}
				dir := t.TempDir()
				if err := disk.After(after, newRand(uint64(after)), dir); err != nil {
					t.Fatal(err)
				}
				files, err := nn.CheckpointDir{Path: dir}.Files()
				if err != nil {
					t.Fatal(err)
				}
				lost = lost || expected > 0 && (len(files) == 0 || files[0].Steps < expected)
				if len(files) > 1 && !intact(t, files[0].Path) && intact(t, files[1].Path) {
					damaged = dir
				}
			}
			if (damaged != "") != test.files || lost != test.names {
				t.Errorf("a damaged checkpoint in %q, lost ones: %v", damaged, lost)
			}
			if damaged == "" {
				return
			}
			result, err := survivor{Dir: damaged, Resume: true}.run(context.Background())
			if want := uninterrupted(t); err != nil || result.Digest != want || result.Damaged != 1 {
				t.Errorf("%+v, %v, expected %s", result, err, want)
			}
			if left, err := filepath.Glob(filepath.Join(damaged, "*.tmp")); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}

// brokenFiles fail at one operation, counted from 0, whatever it is. They do not sync, which
// takes time.
type brokenFiles struct {
	durable.OS
	at, done int
	err      error
}

func (b *brokenFiles) step() error {
	if b.done++; b.done-1 == b.at {
		return b.err
	}
	return nil
}

func (b *brokenFiles) CreateTemp(dir, pattern string) (durable.File, error) {
	if err := b.step(); err != nil {
		return nil, err
	}
	f, err := b.OS.CreateTemp(dir, pattern)
	return brokenFile{f, b}, err
}

func (b *brokenFiles) Rename(from, to string) error {
	if err := b.step(); err != nil {
		return err
	}
	return b.OS.Rename(from, to)
}

func (b *brokenFiles) Remove(name string) error {
	if err := b.step(); err != nil {
		return err
	}
	return b.OS.Remove(name)
}

func (b *brokenFiles) SyncDir(string) error { return b.step() }

type brokenFile struct {
	durable.File
	files *brokenFiles
}

func (f brokenFile) Write(p []byte) (int, error) {
	if err := f.files.step(); err != nil {
		n, _ := f.File.Write(p[:len(p)/3])
		return n, err
	}
	return f.File.Write(p)
}

func (f brokenFile) Sync() error { return f.files.step() }

// A disk that fails at any operation, as a full one does, ends the run with an error that
// names the directory. The checkpoints there are stay whole, and when the disk is well
// again the run goes on to the same bits.
func TestFailingDisk(t *testing.T) {
	want := uninterrupted(t)
	full := errors.New("no space left on device")
	stride := 13
	if testing.Short() {
		stride = 97
	}
	failed := 0
	for at := 0; ; at += stride {
		dir := t.TempDir()
		files := &brokenFiles{at: at, err: full}
		_, err := survivor{Dir: dir, Configure: func(c *nn.Checkpointing) { c.SetFiles(files) }}.run(t.Context())
		if err == nil {
			break // there are no more operations
		}
		failed++
		if !errors.Is(err, full) || !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("operation %d: %v", at, err)
		}
		latest := expectWhole(t, dir)
		result, err := survivor{Dir: dir, Resume: true}.run(t.Context())
		if err != nil || result.Digest != want || result.Resumed != latest {
			t.Errorf("operation %d: %+v, %v, expected %s", at, result, err, want)
		}
	}
	if failed < 2 {
		t.Errorf("%d failures", failed)
	}
}
