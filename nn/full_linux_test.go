package nn_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/chainrule-go/chainrule/nn"
)

// smallDisk mounts a file system of so many bytes, if this process may.
func smallDisk(t *testing.T, bytes string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+bytes); err != nil {
		t.Skipf("mounting a file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// The disk is full: the error says so, and names the file; the checkpoints there are can be
// used; and when there is room again the run goes on to the same bits.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, "1M")
	dir, ballast := filepath.Join(disk, "run"), filepath.Join(disk, "ballast")
	steps := 0
	fill := func(phase string) {
		if phase != "step" {
			return
		}
		if steps++; steps == 20 { // all the room there is
			file, err := os.Create(ballast)
			if err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, err = file.Write(make([]byte, 4096))
			}
			file.Close()
		}
	}
	_, err := survivor{Dir: dir, Announce: fill}.run(t.Context())
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), filepath.Join(dir, "checkpoint-000000021.safetensors")) {
		t.Fatalf("got %v", err)
	}
	if latest := expectWhole(t, dir); latest != 18 {
		t.Errorf("the latest checkpoint is of step %d", latest)
	}
	// As long as there is no room it cannot go on, and loses nothing.
	if _, err := (survivor{Dir: dir, Resume: true}).run(t.Context()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	if latest := expectWhole(t, dir); latest != 18 {
		t.Errorf("the latest checkpoint is of step %d", latest)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	result, err := survivor{Dir: dir, Resume: true}.run(t.Context())
	if want := uninterrupted(t); err != nil || result.Digest != want || result.Resumed != 18 {
		t.Errorf("%+v, %v, expected %s", result, err, want)
	}
}

// A directory that cannot be written to is refused before the first step; its checkpoints
// can be loaded.
func TestReadOnlyDirectory(t *testing.T) {
	disk := smallDisk(t, "1M")
	half(t, disk, nn.CheckpointingConfig{})
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("making it read-only: %v", err)
	}
	stepped := false
	step := nn.OnStep(func(*nn.Step) error { stepped = true; return nil })
	_, err := fitRestless(t.Context(), blobs(2, 40), step, nn.NewCheckpointing(disk, nn.CheckpointingConfig{Resume: true}))
	if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), disk) || stepped {
		t.Errorf("got %v; steps were made: %v", err, stepped)
	}
	if _, err := fitRestless(t.Context(), blobs(2, 40), nn.NewCheckpointing(filepath.Join(disk, "new"), nn.CheckpointingConfig{})); !errors.Is(err, syscall.EROFS) {
		t.Errorf("got %v", err)
	}
	if latest := expectWhole(t, disk); latest != 10 {
		t.Errorf("the latest checkpoint is of step %d", latest)
	}
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	whole, err := fitRestless(t.Context(), blobs(2, 40))
	if err != nil {
		t.Fatal(err)
	}
	resumed, err := fitRestless(t.Context(), blobs(2, 40), nn.NewCheckpointing(disk, nn.CheckpointingConfig{Resume: true}))
	if diff := sameRun(whole, resumed); err != nil || diff != "" {
		t.Errorf("%v (-whole +resumed):\n%s", err, diff)
	}
}
