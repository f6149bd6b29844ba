package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/chainrule-go/chainrule/nn"
)

// This file keeps checkpoints while train trains, and goes on from them. The settings of a
// run are in the head of each, so that a run that goes on is the same one.

// setting is a flag that a run cannot change when it goes on, with its value.
type setting struct{ flag, value string }

// settings are what the weights in the end depend on, besides the number of epochs.
func (o *trainOptions) settings(dataset string) []setting {
	return []setting{
		{"dataset", dataset}, {"hidden", hiddenText(o.hiddenSizes)}, {"activation", o.activation}, {"optimizer", o.optimizer},
		{"rate", strconv.FormatFloat(o.rate, 'g', -1, 64)}, {"batch", strconv.Itoa(o.batch)},
		{"validation", strconv.FormatFloat(o.validation, 'g', -1, 64)}, {"seed", strconv.FormatUint(o.seed, 10)},
	}
}

// settingPrefix is before the names of settings in the metadata, and epochsSetting the one
// that may be changed.
const (
	settingPrefix = "mnist."
	epochsSetting = "epochs"
)

// metadata is the settings as checkpoints have them.
func (o *trainOptions) metadata(dataset string) map[string]string {
	m := map[string]string{settingPrefix + epochsSetting: strconv.Itoa(o.epochs)}
	for _, s := range o.settings(dataset) {
		m[settingPrefix+s.flag] = s.value
	}
	return m
}

// checkpoints is the directory of checkpoints.
func (o *trainOptions) checkpoints() nn.CheckpointDir { return nn.CheckpointDir{Path: o.checkpoint} }

// takeUp gives flags that are not on the command line the values of the run in the
// directory of checkpoints, if there is one, and refuses those that are and differ.
func (o *trainOptions) takeUp(flags *pflag.FlagSet) error {
	list, err := o.checkpoints().Files()
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(list) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	metadata, file, err := headOf(list)
	if err != nil {
		return err
	}
	flag := func(name string) error {
		stored, ok := metadata[settingPrefix+name]
		if !ok {
			return fmt.Errorf("%s: not written by mnist train: it does not say what --%s was", file, name)
		}
		if err := flags.Set(name, stored); err != nil {
			return fmt.Errorf("%s: --%s: %w", file, name, err)
		}
		return nil
	}
	for _, s := range (&trainOptions{}).settings("") {
		given, changed := flags.Lookup(s.flag).Value.String(), flags.Changed(s.flag)
		if err := flag(s.flag); err != nil {
			return err
		}
		if stored := flags.Lookup(s.flag).Value.String(); changed && given != stored {
			return fmt.Errorf("--%s %s: the run in %s has %s; leave it out to go on, or begin another run in another directory", s.flag, given, o.checkpoint, stored)
		}
	}
	if !flags.Changed(epochsSetting) {
		return flag(epochsSetting)
	}
	return nil
}

// headOf is the metadata of the latest checkpoint whose head can be read.
func headOf(list []nn.CheckpointFile) (metadata map[string]string, file string, err error) {
	var damaged []error
	for _, f := range list {
		info, err := nn.InspectFile(f.Path)
		if err == nil {
			return info.Metadata, f.Path, nil
		}
		damaged = append(damaged, err)
	}
	return nil, "", errors.Join(damaged...)
}

// refuseEarlier is the error of a run that is to begin where an earlier one has checkpoints.
func (o *trainOptions) refuseEarlier() error {
	if o.checkpoint == "" || o.resume {
		return nil
	}
	if list, err := o.checkpoints().Files(); err == nil && len(list) > 0 {
		return fmt.Errorf("--checkpoint %s: it has the checkpoints of an earlier run: --resume goes on with it, another directory begins a new one", o.checkpoint)
	}
	return nil
}

// keeping is the callbacks that keep checkpoints, and say once where a run goes on: before
// its first step, or the validation that was due.
func (a *app) keeping(o *trainOptions, dataset string) (callbacks []nn.Callback, say func()) {
	if o.checkpoint == "" {
		return nil, func() {}
	}
	c := nn.NewCheckpointing(o.checkpoint, nn.CheckpointingConfig{Resume: o.resume, Metadata: o.metadata(dataset)})
	said := false
	say = func() {
		if said || !o.resume {
			return
		}
		said = true
		a.sayResumed(c.Resumed(), o.checkpoint)
	}
	return []nn.Callback{
		nn.OnStep(func(*nn.Step) error { say(); return nil }),
		nn.OnEpoch(func(*nn.Epoch) error { say(); return nil }),
		c,
	}, say
}

// sayResumed says where a run goes on.
func (a *app) sayResumed(info *nn.CheckpointInfo, dir string) {
	if info == nil {
		a.print("No checkpoint in %s: training from the beginning", dir)
		return
	}
	for _, err := range info.Damaged {
		a.print("Passed over: %s", oneLine(err))
	}
	a.print("Resumed: at epoch %d, step %d, from %s", info.Epoch+1, info.Step+1, info.File)
}
