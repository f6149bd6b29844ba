// Package torchfile reads weights out of the files of PyTorch's torch.save, with the endings
// .pt, .pth and .bin: state_dicts, and checkpoints that hold one.
//
//	err := torchfile.LoadFile("resnet.pth", model, torchfile.Options{}, nn.LoadConfig{})
//
// Such files are pickles, programs that in Python can do anything. Here a pickle makes values,
// and nothing else: the globals that it may name are those in a list, which stand for
// functions of this package that put tensors together. Whatever else it names is refused.
//
// What lives here: the pickle reader, and both layouts of files, ZIP archives and those before
// PyTorch 1.6. What does not: how weights become those of a model, which is package nn's; how
// files are written, which is safetensors' business.
package torchfile
