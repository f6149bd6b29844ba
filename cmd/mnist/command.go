package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// This file is the command line: commands, flags, and what is said about mistakes.

// noHidden is what stands for a network without hidden layers.
const noHidden = "none"

// The limits of what flags may ask for; what they name has to fit in memory.
const (
	maxLayers     = 16
	maxLayerSize  = 1 << 16
	maxParameters = 100_000_000
)

const rootHelp = `Train a neural network that recognizes handwritten digits, measure how well it
does, and read digits from pictures.

Without a command, mnist trains: a network 784-128-10 with ReLU, by Adam at a
rate of 0.001, for 10 epochs in batches of 128.

MNIST is looked for in the directory that --data-dir or the environment variable
MNIST_DIR names; without one in the cache directory, and then on the network,
from where it is kept in the cache. Where it cannot be had, training goes on with
the small set of digits embedded in the program.`

const rootExamples = `  mnist                                      train with the defaults
  mnist train --hidden 256,128 --epochs 20   train a larger network for longer
  mnist train --dataset fashion              pictures of clothes instead of digits
  mnist train --checkpoint run               keep checkpoints, against all that may happen
  mnist train --checkpoint run --resume      go on where that run was interrupted
  mnist evaluate                             measure what was trained
  mnist predict photo.jpg scan.png           which digits are these?
  mnist export model.onnx                    for other programs to run`

func (a *app) rootCommand() *cobra.Command {
	root := a.trainCommand()
	root.Use = "mnist"
	root.Short = "Train on handwritten digits and recognize them"
	root.Long = rootHelp
	root.Example = rootExamples
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	root.AddCommand(a.trainCommand(), a.evaluateCommand(), a.predictCommand(), a.exportCommand())
	root.SetHelpCommand(helpCommand())
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		for _, shell := range c.Commands() {
			shell.Args = noArguments // in this program's words
		}
	}
	root.SetFlagErrorFunc(flagError)
	root.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return misuse(c, "unknown command %q%s", args[0], didYouMean(c.SuggestionsFor(args[0])))
	}
	return root
}

// helpCommand prints the help of a command, as its --help does.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			if len(args) == 0 {
				return root.Help()
			}
			for _, known := range root.Commands() {
				if known.Name() == args[0] && len(args) == 1 {
					known.InitDefaultHelpFlag()
					return known.Help()
				}
			}
			return misuse(root, "unknown command %q%s", strings.Join(args, " "), didYouMean(root.SuggestionsFor(args[0])))
		},
	}
}

func (a *app) trainCommand() *cobra.Command {
	var o trainOptions
	c := &cobra.Command{
		Use:   "train",
		Short: "Train a network and measure it (the default)",
		Args:  noArguments,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.dataset, "dataset", auto, "`NAME`: "+strings.Join(datasets(), ", ")+"; auto is mnist, or digits where that cannot be had")
	f.StringVar(&o.dataDir, "data-dir", "", "`DIR` with the files of the data set (default: $"+dirVariable+", the cache, the network)")
	f.StringVar(&o.hidden, "hidden", "128", "`SIZES` of the hidden layers, such as 256,128; none for no hidden layer")
	f.StringVar(&o.activation, "activation", "relu", "`NAME`: "+strings.Join(activationNames(), ", "))
	f.StringVar(&o.optimizer, "optimizer", "adam", "`NAME`: "+strings.Join(optimizerNames(), ", "))
	f.Float64Var(&o.rate, "rate", 0, "learning `RATE` (default: "+rateHint()+")")
	f.IntVar(&o.epochs, "epochs", 10, "`N` passes over the training images")
	f.IntVar(&o.batch, "batch", 128, "`N` images per step (32 for the embedded digits unless given)")
	f.Float64Var(&o.validation, "validation", 0, "`FRACTION` of the training images held out to validate on; 0 validates on the test images")
	f.Uint64Var(&o.seed, "seed", 42, "`N` that determines the initial weights and the order of the images")
	f.StringVar(&o.out, "out", "", "`FILE` to keep the weights in (default: "+weightsHint()+")")
	f.StringVar(&o.checkpoint, "checkpoint", "", "`DIR` to keep checkpoints in, after each epoch and when training is stopped")
	f.BoolVar(&o.resume, "resume", false, "go on with the run whose checkpoints are in the directory, with its settings")
	c.RunE = func(c *cobra.Command, _ []string) error {
		o.checkpointGiven = f.Changed("checkpoint")
		if o.resume && o.checkpoint != "" {
			if err := o.takeUp(f); err != nil {
				return err
			}
		}
		o.rateGiven, o.batchGiven, o.outGiven = f.Changed("rate"), f.Changed("batch"), f.Changed("out")
		if err := o.check(); err != nil {
			return misuse(c, "%v", err)
		}
		return a.train(c.Context(), &o)
	}
	return c
}

func (a *app) evaluateCommand() *cobra.Command {
	var o evaluateOptions
	c := &cobra.Command{
		Use:   "evaluate",
		Short: "Measure trained weights on the test images",
		Args:  noArguments,
	}
	f := c.Flags()
	f.SortFlags = false
	o.flags(f)
	f.StringVar(&o.dataset, "dataset", "", "`NAME`: "+strings.Join(datasets(), ", ")+" (default: what the weights were trained on)")
	f.StringVar(&o.dataDir, "data-dir", "", "`DIR` with the files of the data set (default: $"+dirVariable+", the cache, the network)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if o.dataset != "" {
			if err := choice("--dataset", o.dataset, datasets()); err != nil {
				return misuse(c, "%v", err)
			}
		}
		if err := o.check(); err != nil {
			return misuse(c, "%v", err)
		}
		if o.dataset == digits && o.dataDir != "" {
			return misuse(c, "--data-dir: the digits are embedded in the program")
		}
		return a.evaluate(c.Context(), &o)
	}
	return c
}

func (a *app) predictCommand() *cobra.Command {
	var o predictOptions
	c := &cobra.Command{
		Use:   "predict IMAGE...",
		Short: "Recognize what PNG or JPEG pictures show",
		Long: `Recognize what PNG or JPEG pictures show: one object each, of any size, dark on
light or light on dark. Each is cut out, brought to the size and place that the
training images have, and shown to the network.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse(c, "no image given")
			}
			return nil
		},
	}
	o.flags(c.Flags())
	c.Flags().BoolVar(&o.json, "json", false, "print a JSON object for each picture")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := o.check(); err != nil {
			return misuse(c, "%v", err)
		}
		return a.predict(c.Context(), &o, args)
	}
	return c
}

func (a *app) exportCommand() *cobra.Command {
	var o exportOptions
	c := &cobra.Command{
		Use:   "export FILE.onnx",
		Short: "Write the trained network as an ONNX file",
		Long: `Write the trained network as an ONNX file, which onnxruntime and other programs
run. Its input is pixels from 0 to 1, of any number of images; its output has a score
for each class, of which the greatest is the answer.`,
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) != 1:
				return misuse(c, "%d files, want one to write", len(args))
			case !isONNX(args[0]):
				return misuse(c, "%s: want a name that ends in %s", args[0], onnxEnding)
			}
			return nil
		},
	}
	o.flags(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := o.check(); err != nil {
			return misuse(c, "%v", err)
		}
		return a.export(&o, args[0])
	}
	return c
}

// trainOptions is what the flags of train say.
type trainOptions struct {
	dataset, dataDir string
	hidden           string
	activation       string
	optimizer        string
	rate, validation float64
	epochs, batch    int
	seed             uint64
	out              string
	checkpoint       string
	resume           bool

	rateGiven, batchGiven, outGiven, checkpointGiven bool

	hiddenSizes []int // what hidden says
}

// check refuses what no run can do.
func (o *trainOptions) check() error {
	switch {
	case o.dataset == digits && o.dataDir != "":
		return errors.New("--data-dir: the digits are embedded in the program")
	case o.epochs < 1:
		return fmt.Errorf("--epochs %d: want 1 or more", o.epochs)
	case o.batch < 1:
		return fmt.Errorf("--batch %d: want 1 or more", o.batch)
	case o.rateGiven && !(o.rate > 0) || math.IsInf(o.rate, 0):
		return fmt.Errorf("--rate %v: want a positive number", o.rate)
	case !(o.validation >= 0 && o.validation < 1):
		return fmt.Errorf("--validation %v: want 0 or a fraction below 1", o.validation)
	case o.outGiven && o.out == "":
		return errors.New("--out: want the name of a file")
	case o.checkpointGiven && o.checkpoint == "":
		return errors.New("--checkpoint: want the name of a directory")
	case o.resume && o.checkpoint == "":
		return errors.New("--resume: want the directory of the checkpoints, --checkpoint DIR")
	}
	var err error
	o.hiddenSizes, err = parseHidden(o.hidden)
	return cmp.Or(err,
		choice("--dataset", o.dataset, datasets()),
		choice("--activation", o.activation, activationNames()),
		choice("--optimizer", o.optimizer, optimizerNames()))
}

// parseHidden is the sizes of hidden layers that text lists, separated by commas.
func parseHidden(text string) ([]int, error) {
	if text == noHidden {
		return nil, nil
	}
	parts := strings.Split(text, ",")
	if len(parts) > maxLayers {
		return nil, fmt.Errorf("--hidden: %d layers, want at most %d", len(parts), maxLayers)
	}
	sizes := make([]int, len(parts))
	for i, part := range parts {
		size, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || size < 1 || size > maxLayerSize {
			return nil, fmt.Errorf("--hidden %s: %q is no size: want numbers from 1 to %d, separated by commas, or none", text, part, maxLayerSize)
		}
		sizes[i] = size
	}
	if n := parameters(append(append([]int{imageSide * imageSide}, sizes...), maxClasses)); n > maxParameters {
		return nil, fmt.Errorf("--hidden %s: %d parameters, want at most %d", text, n, maxParameters)
	}
	return sizes, nil
}

// parameters is the number of weights and biases of a network of these sizes.
func parameters(sizes []int) int {
	n := 0
	for i, in := range sizes[:len(sizes)-1] {
		n += (in + 1) * sizes[i+1]
	}
	return n
}

// choice refuses values other than the known ones.
func choice(flag, value string, known []string) error {
	if slices.Contains(known, value) {
		return nil
	}
	return fmt.Errorf("%s %s: want one of %s", flag, value, strings.Join(known, ", "))
}

func misuse(c *cobra.Command, format string, args ...any) error {
	return &usageError{c.CommandPath(), fmt.Sprintf(format, args...)}
}

func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse(c, "unexpected argument %q", args[0])
	}
	return nil
}

// flagError says what is wrong with a flag in this program's words.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		name, dashes := unknown.GetSpecifiedName(), "--"
		if short := unknown.GetSpecifiedShortnames(); short != "" {
			name, dashes = short, "-" // a long flag with one dash, perhaps
		}
		return misuse(c, "unknown flag %s%s%s", dashes, name, didYouMean(similarFlags(c, name)))
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return misuse(c, "--%s %s: want %s", invalid.GetFlag().Name, invalid.GetValue(), kinds[invalid.GetFlag().Value.Type()])
	}
	var bare *pflag.ValueRequiredError
	if errors.As(err, &bare) {
		if f := bare.GetFlag(); kinds[f.Value.Type()] != "" {
			return misuse(c, "--%s: want %s", f.Name, kinds[f.Value.Type()])
		}
		name, _ := pflag.UnquoteUsage(bare.GetFlag())
		return misuse(c, "--%s: want a %s", bare.GetFlag().Name, name)
	}
	return misuse(c, "%v", err)
}

// kinds is what the types of flags are called.
var kinds = map[string]string{
	"int":     "a whole number",
	"uint64":  "a whole number from 0",
	"float64": "a number",
	"bool":    "true or false",
}

// similarFlags is the command's flags that a mistyped one may stand for, by the rule
// that commands are suggested by.
func similarFlags(c *cobra.Command, typed string) []string {
	typed, _, _ = strings.Cut(typed, "=")
	rule := &cobra.Command{SuggestionsMinimumDistance: 2}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		rule.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	names := rule.SuggestionsFor(typed)
	for i, name := range names {
		names[i] = "--" + name
	}
	return names
}

func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ": did you mean " + strings.Join(names, " or ") + "?"
}
