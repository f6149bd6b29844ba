package data

import "context"

// FashionMNIST is Zalando's data set of article images, in the form of MNIST: 60,000
// images of 28×28 to train on, 10,000 to test with, 10 classes. Files and errors are
// treated as [Source.Load] says; the files that Debian's package dataset-fashion-mnist
// installs are used if they are there.
func FashionMNIST(ctx context.Context, config SourceConfig) (train, test *Images, err error) {
	return loadHalves(ctx, &fashionArticles, config)
}

var fashionArticles = Source[halves]{
	Name: "Fashion-MNIST",
	// The sums are of the files in Debian's package, uncompressed.
	Files: mnistFiles([4]string{
		"c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
		"bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
		"5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
		"0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
	}),
	Mirrors: []string{
		"https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
		"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
		"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
	},
	System: []string{"/usr/share/datasets/fashion-mnist"},
	Open: openIDX([]string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
		"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}),
}
