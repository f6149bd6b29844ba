package nn

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/chainrule-go/chainrule/internal/durable"
)

// CheckpointDir is a directory of checkpoints: the latest ones, and those of the best
// scores. A file is named after the steps that its first trainer has made, such as
// checkpoint-000012000.safetensors; other files in the directory do not matter. Whatever
// happens, a file of that name is whole: it is written beside its place under another name,
// brought to the disk and renamed, and older ones are removed only after that. [Fit] uses
// one by [Checkpointing]; loops of one's own use it so:
//
//	dir := nn.CheckpointDir{Path: "run1"}
//	info, err := dir.Load(nn.LoadCheckpointConfig{}, generator, critic)
//	if err != nil && !errors.Is(err, fs.ErrNotExist) { … }
//	…
//	_, err = dir.Save(math.NaN(), nn.SaveCheckpointConfig{}, generator, critic)
//
// It has no state besides the directory's. Two processes that save to one do not damage
// each other's files, but remove older ones; [CheckpointDir.Lock] keeps the second one out.
type CheckpointDir struct {
	Path     string
	Keep     int  // how many of the latest to keep, at least 1; 0 means 2, so that there is one if the newest is damaged
	KeepBest int  // how many of the best to keep besides
	Maximize bool // greater scores are better: accuracies, not losses

	files durable.FS // nil means that of the operating system
}

const (
	checkpointPrefix = "checkpoint-"
	checkpointSuffix = ".safetensors"
	scoreKey         = "checkpoint.score" // in the metadata
	lockName         = ".lock"
)

// CheckpointFile is a file in a [CheckpointDir].
type CheckpointFile struct {
	Path  string
	Steps int // that were made when it was saved
}

// Files lists the checkpoints, the latest first. A directory that is not there is an error
// that wraps [fs.ErrNotExist], one without checkpoints is none.
func (d CheckpointDir) Files() ([]CheckpointFile, error) {
	entries, err := os.ReadDir(d.Path)
	if err != nil {
		return nil, fmt.Errorf("nn: checkpoints: %w", err)
	}
	var list []CheckpointFile
	for _, e := range entries {
		if steps, ok := stepsOf(e.Name()); ok && e.Type().IsRegular() {
			list = append(list, CheckpointFile{filepath.Join(d.Path, e.Name()), steps})
		}
	}
	slices.SortFunc(list, func(a, b CheckpointFile) int { return cmp.Compare(b.Steps, a.Steps) })
	return list, nil
}

func checkpointName(steps int64) string {
	return fmt.Sprintf("%s%09d%s", checkpointPrefix, steps, checkpointSuffix)
}

// stepsOf is the number in the name of a checkpoint.
func stepsOf(name string) (steps int, ok bool) {
	digits, isCheckpoint := strings.CutPrefix(name, checkpointPrefix)
	digits, named := strings.CutSuffix(digits, checkpointSuffix)
	n, err := strconv.ParseUint(digits, 10, strconv.IntSize-1)
	return int(n), isCheckpoint && named && err == nil && name == checkpointName(int64(n))
}

// Save saves a checkpoint of trainers, as [SaveCheckpoint] does, and removes those that are
// no longer to be kept. score is what the best are chosen by, such as the loss on the
// validation data; with NaN it is none of the best. The directory is made if it is not
// there. Errors name the file, and leave the checkpoints there are, whole.
func (d CheckpointDir) Save(score float64, config SaveCheckpointConfig, trainers ...*Trainer) (path string, err error) {
	if len(trainers) == 0 {
		return "", errors.New("nn: CheckpointDir.Save: there is no trainer")
	}
	if err := os.MkdirAll(d.Path, 0o755); err != nil {
		return "", fmt.Errorf("nn: checkpoints: %w", err)
	}
	if !math.IsNaN(score) {
		metadata := map[string]string{scoreKey: strconv.FormatFloat(score, 'g', -1, 64)}
		for key, value := range config.Metadata {
			metadata[key] = value
		}
		config.Metadata = metadata
	}
	path = filepath.Join(d.Path, checkpointName(trainers[0].made))
	write := func(w io.Writer) error { return saveCheckpoint(w, config, trainers) }
	if err := replaceFile(d.system(), path, write); err != nil {
		return "", err
	}
	return path, d.rotate(int(trainers[0].made))
}

// rotate removes the checkpoints that are not to be kept when the one of so many steps has
// been saved. Those of more steps are of another run, and stay.
func (d CheckpointDir) rotate(steps int) error {
	list, err := d.Files()
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(f CheckpointFile) bool { return f.Steps > steps })
	latest := min(max(1, orDefaultInt(d.Keep, 2)), len(list))
	best := d.best(list)
	for _, f := range list[latest:] {
		if slices.Contains(best, f) {
			continue
		}
		if err := d.system().Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("nn: %s, which is no longer needed, was not removed: %w", f.Path, err)
		}
	}
	return nil
}

// Best lists the checkpoints of the best scores, the best first, KeepBest of them at most;
// of equal scores the earlier one is better. A checkpoint that cannot be read is none of
// them.
func (d CheckpointDir) Best() ([]CheckpointFile, error) {
	list, err := d.Files()
	return d.best(list), err
}

func (d CheckpointDir) best(list []CheckpointFile) []CheckpointFile {
	if d.KeepBest <= 0 {
		return nil
	}
	type scored struct {
		CheckpointFile
		score float64
	}
	var all []scored
	for _, f := range list {
		info, err := InspectFile(f.Path)
		if err != nil {
			continue
		}
		score, err := strconv.ParseFloat(info.Metadata[scoreKey], 64)
		if err == nil && !math.IsNaN(score) {
			all = append(all, scored{f, score})
		}
	}
	slices.SortFunc(all, func(a, b scored) int {
		byScore := cmp.Compare(a.score, b.score)
		if d.Maximize {
			byScore = -byScore
		}
		return cmp.Or(byScore, cmp.Compare(a.Steps, b.Steps))
	})
	var best []CheckpointFile
	for _, s := range all[:min(d.KeepBest, len(all))] {
		best = append(best, s.CheckpointFile)
	}
	return best
}

// Load gives trainers the state in the latest checkpoint, as [LoadCheckpoint] does. One
// that is damaged is passed over for the one before it, which CheckpointInfo.Damaged says;
// one of another model is an error. Without any checkpoint, or directory, the error wraps
// [fs.ErrNotExist]; with damaged ones only it wraps the errors of all.
func (d CheckpointDir) Load(config LoadCheckpointConfig, trainers ...*Trainer) (*CheckpointInfo, error) {
	for again := 0; ; again++ {
		list, err := d.Files()
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("nn: checkpoints: %w", &fs.PathError{Op: "find a checkpoint in", Path: d.Path, Err: fs.ErrNotExist})
		}
		info, err := d.loadFirst(list, config, trainers)
		// A file that was there a moment ago has been removed by a run that goes on, and a
		// newer one is there. That does not happen often.
		if err == nil || !errors.Is(err, fs.ErrNotExist) || again == 100 {
			return info, err
		}
	}
}

// loadFirst loads the first checkpoint of a list that is not damaged.
func (d CheckpointDir) loadFirst(list []CheckpointFile, config LoadCheckpointConfig, trainers []*Trainer) (*CheckpointInfo, error) {
	var damaged []error
	for _, f := range list {
		info, err := LoadCheckpointFile(f.Path, config, trainers...)
		var format *FormatError
		switch {
		case err == nil:
			info.Damaged = damaged
			return info, nil
		case !errors.As(err, &format):
			return nil, err
		}
		damaged = append(damaged, err)
	}
	return nil, fmt.Errorf("nn: checkpoints: no file in %s can be used: %w", d.Path, errors.Join(damaged...))
}

// Lock takes the directory for this run, until unlock is called or the process ends,
// however it does. It makes the directory if it is not there, and removes what a process
// that was killed has left half-written. If another run has it, the error says so. On file
// systems without locks nobody is kept out.
func (d CheckpointDir) Lock() (unlock func() error, err error) {
	if err := os.MkdirAll(d.Path, 0o755); err != nil {
		return nil, fmt.Errorf("nn: checkpoints: %w", err)
	}
	lock, err := durable.TryLock(filepath.Join(d.Path, lockName))
	if err != nil {
		return nil, fmt.Errorf("nn: checkpoints: %s: %w", d.Path, err)
	}
	if err := d.sweep(); err != nil {
		lock.Unlock()
		return nil, err
	}
	return lock.Unlock, nil
}

// sweep removes temporary files that were left behind.
func (d CheckpointDir) sweep() error {
	entries, err := os.ReadDir(d.Path)
	if err != nil {
		return fmt.Errorf("nn: checkpoints: %w", err)
	}
	for _, e := range entries {
		if durable.IsTemporary(e.Name(), checkpointPrefix) {
			if err := d.system().Remove(filepath.Join(d.Path, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("nn: checkpoints: %w", err)
			}
		}
	}
	return nil
}

func (d CheckpointDir) system() durable.FS {
	if d.files == nil {
		return durable.OS{}
	}
	return d.files
}
