// Package data feeds models: it finds, downloads and reads data sets, and deals their
// examples out in batches.
//
//	train, test, err := data.MNIST(ctx, data.SourceConfig{})
//	…
//	loader := data.NewLoader(train, data.LoaderConfig{BatchSize: 128, Shuffle: true, Seed: 1})
//	for epoch := range epochs {
//		for batch, err := range loader.Batches(ctx, epoch) {
//			if err != nil {
//				return err
//			}
//			x := autograd.New(batch.X.Float32s, batch.X.Shape...) // [batch, 1, 28, 28]
//			… batch.Labels …
//		}
//	}
//
// # Data sets
//
// A [Dataset] is anything that can fill a [Batch] with examples chosen by number.
// [Images] keeps pixels as bytes and scales them batch by batch, or leaves that to the
// consumer of the batches ([LoaderConfig].KeepBytes); [Arrays] holds numbers, with class
// labels, numeric targets or both; [Sequences] are of different lengths, and padded;
// [Func] makes examples when they are asked for.
//
// Data sets are made of others: [Subset], [Split], [KFold] and [GroupKFold] select
// examples, [Concat] joins sets, [Sample] draws at random, [Weighted] says how much each
// counts; [Augment] and [MixUp] change images at random ([Batch.Picture] shows them),
// [Scaling] and [OneHot] change numbers, [Map] whatever one likes; [Cache] keeps what
// takes long to make. [Balance] counts classes, and a [Vocabulary] numbers words or
// characters; [Passages] of a text are for models of language.
//
// [MNIST], [FashionMNIST] and [KMNIST] come from a directory, the user's cache or the
// network, every file checked by its SHA-256, and so does what a [Source] of one's own
// says; [Digits] is embedded in the program and needs nothing. [EMNIST], [CIFAR10] and
// [CIFAR100] are read from a directory, and image files by [OpenFolder] from any file
// system. [ReadIDX], [ReadCSV], [ReadNPY] and [ReadNPZ] read files of one's own into
// memory.
//
// # Files larger than memory
//
// Functions that begin with Open read only the rows that are asked for, wherever they are:
// [OpenCSV] lines of a table; [OpenNPY], [OpenNPZ] and [OpenIDX] rows of arrays, of which
// [ArrayFiles] is the Dataset; [OpenImages] images; [OpenFolder] image files.
// [ReadVocabulary] and [Vocabulary.EncodeFile] go through a text piece by piece, and
// [Passages] reads what these have written. None of them reads what is compressed as a
// whole, except for texts: [Uncompress] makes a file of it that they can read.
//
// # Loaders
//
// A [Loader] deals out batches in an order that depends on its seed and the epoch only:
// not on the number of processors, nor on whether batches are prepared in the
// background. Batches are reused, so a loop allocates nothing per batch. A loop may be
// left at any time, and taken up again at any batch of any epoch.
//
// # Errors
//
// Damaged files are a [*FormatError] or a [*ChecksumError], which name the file, the
// place and what was expected; data that are nowhere to be found are an [ErrNotFound],
// failed downloads a [*DownloadError]. No length a file claims is believed: memory is
// allocated as data arrive. A data set whose parts do not fit each other, of 100
// examples and 99 labels for instance, is a [*ValueError] when a batch is filled;
// mistakes in the program panic with one.
//
// What lives here: data, and what turns it into slices of numbers. What does not:
// derivatives (package autograd), models and training (package nn).
package data
