// # Layers
//
// docs/layers.md has each with its shapes and the name that PyTorch has for it. By family:
//
//   - Linear, and of two arrays: [Linear], [PairwiseDistance], [CosineSimilarityLayer],
//     [Bilinear]
//   - Convolution: [Conv1d], [Conv2d], [Conv3d], [ConvTranspose1d], [ConvTranspose2d],
//     [ConvTranspose3d], [Unfold], [Fold]
//   - Pooling: [MaxPool1d], [MaxPool2d], [MaxPool3d], [MaxUnpool1d], [MaxUnpool2d],
//     [MaxUnpool3d], [AvgPool1d], [AvgPool2d], [AvgPool3d], [LPPool], [AdaptiveAvgPool],
//     [AdaptiveMaxPool]
//   - Resizing, padding, rearranging: [Upsample], [PixelShuffle], [PixelUnshuffle],
//     [Pad], [Flatten], [Unflatten]
//   - Normalization: [BatchNorm1d], [BatchNorm2d], [BatchNorm3d], [InstanceNorm1d],
//     [InstanceNorm2d], [InstanceNorm3d], [LayerNorm], [RMSNorm], [GroupNorm],
//     [LocalResponseNorm], [WeightNorm], [SpectralNorm]
//   - Dropout: [Dropout], [Dropout1d], [Dropout2d], [Dropout3d], [AlphaDropout]
//   - Activation: [ReLU], [ReLU6], [Sigmoid], [LogSigmoid], [Hardsigmoid], [Tanh],
//     [Tanhshrink], [Hardtanh], [Hardswish], [Hardshrink], [Softshrink], [Threshold],
//     [LeakyReLU], [RReLU], [ELU], [CELU], [SELU], [GELU], [SiLU], [Mish], [Softplus],
//     [Softsign], [PReLU], [Softmax], [LogSoftmax], [Softmin], [Softmax2d], [GLU]
//   - Tokens: [Embedding], [EmbeddingBag]
//   - Recurrent: [RNN], [GRU], [LSTM], [LSTMCell], [GRUCell], [RNNCell]
//   - Attention: [SinusoidalPositions], [LearnedPositions], [RotaryPositions],
//     [MultiheadAttention], [TransformerEncoderLayer], [TransformerEncoder],
//     [TransformerDecoderLayer], [TransformerDecoder], [Transformer]
//   - Of layers and functions: [Identity], [Residual], [Sequential], [Func], [Frozen],
//     [WithHooks]
package nn
