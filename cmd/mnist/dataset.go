package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn/progress"
)

// This file decides what to train on: the directory named, the cache, the network, or
// the digits embedded in the program.

const (
	auto   = "auto"
	mnist  = "mnist"
	digits = "digits"

	dirVariable = "MNIST_DIR" // of the environment: a default of --data-dir

	networkPatience = 3 * time.Second // for the first sign of life

	digitsSeed = 0   // of the split: evaluate holds out what train held out
	digitsTest = 0.2 // the fraction held out

	maxClasses = 256
)

// publication is a data set that is published as files.
type publication struct {
	name    string // on the command line
	title   string // for the reader
	load    func(context.Context, data.SourceConfig) (train, test *data.Images, err error)
	framing framing
}

// published are the data sets of 28×28 pixels that package data knows where to find.
var published = []publication{
	{mnist, "MNIST", data.MNIST, digitFraming},
	{"fashion", "Fashion-MNIST", data.FashionMNIST, fashionFraming},
}

// trainable are the names of all data sets.
func trainable() []string {
	var names []string
	for _, p := range published {
		names = append(names, p.name)
	}
	return append(names, digits)
}

// datasets are the values of --dataset.
func datasets() []string { return append([]string{auto}, trainable()...) }

// dataset is images to train on and to test with.
type dataset struct {
	name        string // one of trainable
	title       string // for the reader
	train, test *data.Images
	framing     framing // how the images were brought to their size
	why         string  // why these are the digits, where they stand in for MNIST; else empty
}

// classes is the names of the classes: their numbers if they have no others.
func (d *dataset) classes() []string {
	names := slices.Clone(d.train.Classes)
	for i := len(names); i < max(d.train.NumClasses(), d.test.NumClasses()); i++ {
		names = append(names, strconv.Itoa(i))
	}
	return names
}

// loadDataset finds the images of this name. Directory, if not empty, is where they are
// looked for, and nowhere else.
func (a *app) loadDataset(ctx context.Context, name, directory string) (*dataset, error) {
	var d *dataset
	var err error
	switch {
	case name == digits:
		d, err = embeddedDigits("")
	case directory != "":
		d, err = a.fromDirectory(ctx, name, directory)
	case name == auto:
		d, err = a.fromAnywhere(ctx)
	default:
		d, err = a.fromCacheOrNetwork(ctx, publicationOf(name))
		if errors.Is(err, data.ErrNotFound) {
			err = fmt.Errorf("%s is not in the cache and cannot be downloaded (%s); give the directory of its files with --data-dir", publicationOf(name).title, reason(err))
		}
	}
	if err != nil {
		return nil, err
	}
	return d, d.check()
}

// publicationOf is the published data set of this name.
func publicationOf(name string) *publication {
	i := slices.IndexFunc(published, func(p publication) bool { return p.name == name })
	return &published[i]
}

// dataDirectory is the directory to look into: the flag's, else the environment's, which
// is for MNIST.
func dataDirectory(flag, dataset string) string {
	if flag == "" && (dataset == mnist || dataset == auto) {
		return os.Getenv(dirVariable)
	}
	return flag
}

// dataset loads the data set.
func (p *publication) dataset(ctx context.Context, config data.SourceConfig) (*dataset, error) {
	train, test, err := p.load(ctx, config)
	return &dataset{name: p.name, title: p.title, train: train, test: test, framing: p.framing}, err
}

// fromDirectory reads the files in a directory, which says what it holds if they are an
// original. Others in the same form will do, but not in silence.
func (a *app) fromDirectory(ctx context.Context, name, directory string) (*dataset, error) {
	candidates := published
	if name != auto {
		candidates = []publication{*publicationOf(name)}
	}
	var different error
	for _, p := range candidates {
		d, err := p.dataset(ctx, data.SourceConfig{Dir: directory})
		if err == nil {
			d.title += " in " + directory
			return d, nil
		}
		var format *data.FormatError
		var checksum *data.ChecksumError
		if !errors.As(err, &format) && !errors.As(err, &checksum) {
			return nil, err
		}
		if different == nil {
			different = err
		}
	}
	d, err := candidates[0].dataset(ctx, data.SourceConfig{Dir: directory, AnyContent: true})
	if err != nil {
		return nil, err
	}
	a.note("these are not the files of %s as published; using what they hold (%v)", d.title, different)
	d.title = "the images in " + directory
	return d, nil
}

// fromCacheOrNetwork finds the original files on this machine, or downloads them. The
// network has to show a sign of life soon; then it may take its time.
func (a *app) fromCacheOrNetwork(ctx context.Context, p *publication) (*dataset, error) {
	timed, cancel := context.WithCancel(ctx)
	defer cancel()
	impatience := time.AfterFunc(a.patience, cancel)
	defer impatience.Stop()
	shown := downloads{app: a}
	defer shown.finish()

	var warnings []error
	d, err := p.dataset(timed, data.SourceConfig{
		Mirrors: a.mirrors,
		Progress: func(p data.Progress) {
			impatience.Stop()
			shown.show(p)
		},
		Warn: func(err error) { warnings = append(warnings, err) },
	})
	if err != nil && timed.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%s: %w: no answer from the network in %v", p.title, data.ErrNotFound, a.patience)
	}
	shown.finish()
	for _, warning := range warnings {
		if err == nil || isDamage(warning) {
			a.note("%v", warning)
			break // those about the other files would say the same
		}
	}
	return d, err
}

// isDamage is whether a warning is about a file on this machine that is not what it
// should be.
func isDamage(err error) bool {
	var format *data.FormatError
	var checksum *data.ChecksumError
	return errors.As(err, &format) && !strings.Contains(format.File, "://") ||
		errors.As(err, &checksum) && !strings.Contains(checksum.File, "://")
}

// fromAnywhere is MNIST, or the embedded digits where there is neither cache nor network.
func (a *app) fromAnywhere(ctx context.Context) (*dataset, error) {
	d, err := a.fromCacheOrNetwork(ctx, publicationOf(mnist))
	if !errors.Is(err, data.ErrNotFound) {
		return d, err
	}
	return embeddedDigits(reason(err))
}

// reason is why MNIST could not be had, in few words.
func reason(err error) string {
	var failed *data.DownloadError
	if errors.As(err, &failed) && len(failed.Attempts) > 0 {
		last := failed.Attempts[len(failed.Attempts)-1]
		mirror := last.URL
		if address, err := url.Parse(last.URL); err == nil {
			mirror = address.Host
		}
		var lookup *net.DNSError
		if errors.As(last.Err, &lookup) {
			return mirror + ": host not found"
		}
		return mirror + ": " + innermost(last.Err).Error()
	}
	return "no answer"
}

// innermost is the last of wrapped errors.
func innermost(err error) error {
	for cause := errors.Unwrap(err); cause != nil; cause = errors.Unwrap(err) {
		err = cause
	}
	return err
}

func embeddedDigits(why string) (*dataset, error) {
	train, test, err := data.Digits(digitsSeed, digitsTest)
	return &dataset{name: digits, title: "the embedded digits", train: train, test: test, framing: digitFraming, why: why}, err
}

// check refuses files that are well formed, but not what this program is for.
func (d *dataset) check() error {
	for _, images := range []*data.Images{d.train, d.test} {
		switch {
		case images.N == 0:
			return fmt.Errorf("%s: no images", d.title)
		case images.Channels > 1:
			return fmt.Errorf("%s: images of %d channels, want shades of grey", d.title, images.Channels)
		case images.Height != imageSide || images.Width != imageSide:
			return fmt.Errorf("%s: %d×%d pixels, want %d×%d", d.title, images.Height, images.Width, imageSide, imageSide)
		case images.NumClasses() > maxClasses:
			return fmt.Errorf("%s: label %d, want less than %d", d.title, slices.Max(images.Labels), maxClasses)
		}
	}
	return nil
}

// note prints something worth knowing that is no failure.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.stderr, "mnist: "+format+"\n", args...)
}

// downloads shows the progress of downloads: a bar for each file on a terminal, a line
// for each elsewhere.
type downloads struct {
	app *app
	url string // of the file that is under way
	bar *progressbar.ProgressBar
}

func (d *downloads) show(p data.Progress) {
	if p.URL != d.url {
		d.finish()
		d.url = p.URL
		if !d.app.notes.Live {
			d.app.note("downloading %s", p.URL)
			return
		}
		d.bar = progressbar.NewOptions64(p.Total,
			progressbar.OptionSetWriter(d.app.stderr),
			progressbar.OptionSetDescription(p.File),
			progressbar.OptionShowBytes(true),
			progressbar.OptionSetWidth(20),
			progressbar.OptionThrottle(progress.RedrawEvery),
			progressbar.OptionEnableColorCodes(d.app.notes.Color),
			progressbar.OptionSetTheme(progressbar.Theme{Saucer: "━", SaucerPadding: "─"})) // in any font
		_ = d.bar.RenderBlank() // so that what finish ends is never an empty line
	}
	if d.bar != nil {
		_ = d.bar.Set64(p.Received) // it fails only where it cannot draw
	}
}

// finish ends the line of the file that was under way.
func (d *downloads) finish() {
	if d.bar != nil {
		_ = d.bar.Exit()
		fmt.Fprintln(d.app.stderr)
		d.bar = nil
	}
}
