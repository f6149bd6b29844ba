package data

import "context"

// KMNIST is Kuzushiji-MNIST by Clanuwat et al. (2018), cursive Japanese characters in the
// form of MNIST: 60,000 images of 28×28 to train on, 10,000 to test with, 10 classes.
// Files and errors are treated as [Source.Load] says; files are recognized as they are
// published, compressed with gzip.
func KMNIST(ctx context.Context, config SourceConfig) (train, test *Images, err error) {
	return loadHalves(ctx, &kuzushiji, config)
}

var kuzushiji = Source[halves]{
	Name: "KMNIST",
	Files: mnistFilesCompressed([4]string{
		"51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
		"e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
		"edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
		"20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
	}),
	Mirrors: []string{"http://codh.rois.ac.jp/kmnist/dataset/kmnist/"},
	Open:    openIDX([]string{"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"}),
}

// mnistFilesCompressed are [mnistFiles] by the sums of the compressed files.
func mnistFilesCompressed(sums [4]string) []SourceFile {
	files := mnistFiles(sums)
	for i := range files {
		files[i].SHA256, files[i].GzipSHA256 = "", sums[i]
	}
	return files
}
