package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/data"
)

// dealing is how a loader deals out the examples: what a position in an epoch depends on.
type dealing struct {
	examples, batchSize, shuffled, buckets, droppedLast, seed int64
}

func dealingOf(loader *data.Loader) dealing {
	config := loader.Config()
	d := dealing{examples: int64(loader.Dataset().Len()), batchSize: int64(config.BatchSize), buckets: int64(config.Buckets), seed: int64(config.Seed)}
	if config.Shuffle {
		d.shuffled = 1
	}
	if config.DropLast {
		d.droppedLast = 1
	}
	return d
}

// LoaderError says that training cannot go on where a checkpoint was made, as the loader
// deals out examples in another way.
type LoaderError struct {
	What      string // "number of examples", "batch size", "shuffling" (1 or 0), "number of buckets", "leaving out the last batch" (1 or 0) or "seed"
	Want, Got int64  // of the checkpoint, and of the loader
}

// Error names what differs.
func (e *LoaderError) Error() string {
	return fmt.Sprintf("nn: the loader is not that of the checkpoint: its %s is %d, expected %d", e.What, e.Got, e.Want)
}

// check is the error of going on with another loader.
func (d dealing) check(got dealing) error {
	if d == (dealing{}) || d == got {
		return nil
	}
	for _, field := range []struct {
		what      string
		want, got int64
	}{
		{"number of examples", d.examples, got.examples}, {"batch size", d.batchSize, got.batchSize},
		{"shuffling", d.shuffled, got.shuffled},
		{"number of buckets", d.buckets, got.buckets}, {"leaving out the last batch", d.droppedLast, got.droppedLast}, {"seed", d.seed, got.seed},
	} {
		if field.want != field.got {
			return &LoaderError{field.what, field.want, field.got}
		}
	}
	return nil
}
