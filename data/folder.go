package data

import (
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	_ "image/jpeg" // decoders of what a folder may hold
	_ "image/png"

	"golang.org/x/image/draw"
)

// FolderConfig says what [OpenFolder] makes of images.
type FolderConfig struct {
	Height, Width int  // of all images, in pixels: others are scaled to it; both must be positive
	Colour        bool // three channels, red, green and blue, in place of shades of grey
	Crop          bool // cut what is wider or higher than Height and Width are, around the middle, in place of squeezing it
}

// Folder is a Dataset of image files, one directory for each class, as in
//
//	cat/0001.jpg
//	cat/0002.png
//	dog/0001.jpg
//
// Files are read and decoded when a batch is filled; nothing is kept. Where that takes
// longer than training, [LoaderConfig].Workers do it side by side, or [Cache] keeps the
// result. In a batch, X is [batch, channels, height, width] with numbers from 0 to 1. It
// is safe for concurrent use.
type Folder struct {
	Classes []string // names of the directories, in alphabetical order

	files  fs.FS
	config FolderConfig
	paths  []string
	labels []int
}

// OpenFolder lists the images in the directories of files, which may be os.DirFS of a
// directory, an embed.FS or an archive: PNG and JPEG, by the ends of their names, also
// in directories further down. Other files, and what begins with a dot, are passed over.
// It fails if a directory cannot be read, and with an error that wraps [ErrNotFound] if
// there are no images. It panics with [*ValueError] if files is nil, or the size in config
// is not positive or is above 65,535.
func OpenFolder(files fs.FS, config FolderConfig) (*Folder, error) {
	if files == nil {
		misuse("OpenFolder", "there is no file system")
	}
	if h, w := config.Height, config.Width; h <= 0 || w <= 0 || h > 0xffff || w > 0xffff {
		misuse("OpenFolder", "images of %d×%d pixels: want positive numbers up to 65535", h, w)
	}
	f := &Folder{files: files, config: config}
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	for _, entry := range entries { // sorted by name
		if !entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		before := len(f.paths)
		if err := f.list(entry.Name()); err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
		if len(f.paths) > before {
			f.Classes = append(f.Classes, entry.Name())
		}
		f.labels = append(f.labels, slices.Repeat([]int{len(f.Classes) - 1}, len(f.paths)-before)...)
	}
	if len(f.paths) == 0 {
		return nil, fmt.Errorf("data: no images (.png, .jpg, .jpeg) in directories, one for each class: %w", ErrNotFound)
	}
	return f, nil
}

// list takes up the images in a directory.
func (f *Folder) list(dir string) error {
	return fs.WalkDir(f.files, dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(entry.Name(), ".") && entry.IsDir():
			return fs.SkipDir
		case entry.IsDir() || strings.HasPrefix(entry.Name(), "."):
			return nil
		}
		switch strings.ToLower(path.Ext(name)) {
		case ".png", ".jpg", ".jpeg":
			f.paths = append(f.paths, name)
		}
		return nil
	})
}

// Len is the number of images.
func (f *Folder) Len() int { return len(f.paths) }

// Label is the class of image i.
func (f *Folder) Label(i int) (class int, ok bool) { return labelOf(f.labels, i) }

// NumClasses is the number of classes.
func (f *Folder) NumClasses() int { return len(f.Classes) }

// Path is the name of image i in the file system. It panics if there is no such image.
func (f *Folder) Path(i int) string { return f.paths[i] }

// Fill makes batch hold the images with these indices. It fails if a file cannot be
// read, with a [*FormatError] if it is no image or has more than 2²⁸ pixels, and with a
// [*ValueError] if an index is out of range.
func (f *Folder) Fill(batch *Batch, indices []int) error {
	if err := checkIndices("Folder", indices, len(f.paths)); err != nil {
		return err
	}
	channels := 1
	if f.config.Colour {
		channels = 3
	}
	batch.ResetBytes(len(indices), 1./255, 0, channels, f.config.Height, f.config.Width)
	size := channels * f.config.Height * f.config.Width
	batch.pixels = sized(batch.pixels, size)
	for row, i := range indices {
		if err := f.decode(batch.pixels, f.paths[i]); err != nil {
			return err
		}
		SetRowBytes(&batch.X, row, batch.pixels, 1./255, 0)
	}
	batch.pickLabels(f.labels, indices)
	return nil
}

// mostPixels is how large an image may be before it is scaled down.
const mostPixels = 1 << 28

// decode sets pixels, channel by channel, to those of an image.
func (f *Folder) decode(pixels []byte, name string) error {
	file, err := f.files.Open(name)
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	defer file.Close()
	read := &remembering{r: file}
	size, _, err := image.DecodeConfig(read)
	if err != nil {
		return imageError(name, err)
	}
	if pixels := int64(size.Width) * int64(size.Height); pixels > mostPixels || pixels <= 0 {
		return &FormatError{File: name, Want: fmt.Sprintf("an image of 1 to %d pixels", mostPixels), Got: fmt.Sprintf("%d×%d", size.Width, size.Height)}
	}
	picture, _, err := image.Decode(read.again())
	if err != nil {
		return imageError(name, err)
	}
	f.scale(pixels, picture)
	return nil
}

// imageError is what decoding an image ends with.
func imageError(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("data: %w", err)
	}
	return &FormatError{File: name, Want: "a PNG or JPEG image", Got: "something else, or a damaged one", Err: err}
}

// scale sets pixels to a picture's, in the size wanted.
func (f *Folder) scale(pixels []byte, picture image.Image) {
	height, width := f.config.Height, f.config.Width
	from := picture.Bounds()
	if f.config.Crop {
		from = middle(from, width, height)
	}
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.ApproxBiLinear.Scale(to, to.Bounds(), picture, from, draw.Src, nil)
	plane := height * width
	for i := range plane {
		r, g, b := to.Pix[4*i], to.Pix[4*i+1], to.Pix[4*i+2]
		if f.config.Colour {
			pixels[i], pixels[plane+i], pixels[2*plane+i] = r, g, b
		} else { // as image/color does
			pixels[i] = byte((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
		}
	}
}

// middle is the largest part around the middle of r with the proportions of width and
// height.
func middle(r image.Rectangle, width, height int) image.Rectangle {
	w, h := r.Dx(), r.Dy()
	if w*height > h*width {
		w = max(1, h*width/height)
	} else {
		h = max(1, w*height/width)
	}
	x, y := r.Min.X+(r.Dx()-w)/2, r.Min.Y+(r.Dy()-h)/2
	return image.Rect(x, y, x+w, y+h)
}

// remembering is a reader that can be read again from its beginning, once.
type remembering struct {
	r    io.Reader
	read []byte
}

// Read reads, and remembers.
func (r *remembering) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.read = append(r.read, p[:n]...)
	return n, err
}

// again is all of it.
func (r *remembering) again() io.Reader {
	return io.MultiReader(strings.NewReader(string(r.read)), r.r)
}
