// The operations, by family. docs/operations.md has what each is proved by,
// docs/from-pytorch.md the names that PyTorch and NumPy have for them.
//
// What goes for all is not said again with each: operands of different element types panic with
// [*DTypeError], shapes that do not broadcast with [*ShapeError], an axis that does not exist or is
// named twice with [*AxisError], Variables of two tapes or of one that was Reset with [*TapeError].
//
// # Making arrays
//
// [New], [Scalar], [Parameter], [Zeros], [Ones], [Full], [Arange], [Linspace], [Eye],
// [Uniform], [Normal], [FromMat].
//
// # Arithmetic
//
// [Variable.Add], [Variable.Sub], [Variable.Mul], [Variable.Div], [Variable.Maximum],
// [Variable.Minimum], [Lerp], [Addcmul], [Addcdiv], [Variable.AddScalar],
// [Variable.SubScalar], [Variable.MulScalar], [Variable.DivScalar], [Variable.PowScalar],
// [Pow], [Variable.Square], [Variable.Sqrt], [Variable.Rsqrt], [Variable.Reciprocal].
//
// # Element-wise functions
//
// [Variable.Neg], [Variable.Abs], [Variable.Exp], [Variable.Log], [Variable.Expm1],
// [Variable.Log1p], [Variable.Log2], [Variable.Log10], [Variable.Exp2], [Variable.Logit],
// [Variable.Entr], [Xlogy], [Xlog1py], [LogAddExp], [Variable.Sin], [Variable.Cos],
// [Variable.Tan], [Variable.Asin], [Variable.Acos], [Variable.Atan], [Variable.Sinh],
// [Variable.Cosh], [Variable.Asinh], [Variable.Acosh], [Variable.Atanh], [Variable.Sinc],
// [Atan2], [Hypot], [Variable.Erf], [Variable.Erfc], [Variable.Erfinv], [Variable.Erfcx],
// [Variable.NormalCDF], [Variable.LogNormalCDF], [Variable.NormalQuantile],
// [Variable.Lgamma], [Variable.Digamma], [Variable.Polygamma], [Variable.MvLgamma],
// [LogBeta], [Beta], [GammaInc], [GammaIncC], [Variable.I0], [Variable.I1],
// [Variable.I0e], [Variable.I1e].
//
// # Rounding, remainders and signs
//
// [Variable.Floor], [Variable.Ceil], [Variable.Round], [Variable.RoundTo],
// [Variable.Trunc], [Variable.Frac], [Fmod], [Remainder], [FloorDivide], [Variable.Sign],
// [Variable.SignBit], [CopySign], [Heaviside], [FMax], [FMin], [Variable.IsNaN],
// [Variable.IsInf], [Variable.IsFinite], [Variable.NanToNum].
//
// # Activation functions
//
// [Variable.ReLU], [Variable.Sigmoid], [Variable.Tanh], [Variable.Softplus],
// [Variable.SoftplusBeta], [Variable.LogSigmoid], [Variable.SiLU], [Variable.GELU],
// [Variable.GELUTanh], [Variable.Mish], [Variable.Softsign], [Variable.LeakyReLU],
// [Variable.ELU], [Variable.SELU], [Variable.Hardtanh], [Variable.Hardsigmoid],
// [Variable.Hardswish].
//
// # Comparisons and choices
//
// [Variable.Greater], [Variable.GreaterEqual], [Variable.Less], [Variable.LessEqual],
// [Variable.Equal], [Variable.NotEqual], [Where], [Variable.MaskedFill],
// [Variable.Clamp].
//
// # Sums, means and extremes
//
// [Variable.Sum], [Variable.SumKeepDims], [Variable.Mean], [Variable.MeanKeepDims],
// [Variable.Max], [Variable.MaxKeepDims], [Variable.Min], [Variable.MinKeepDims],
// [Variable.LogSumExp], [Variable.LogSumExpKeepDims], [Variable.AMinMax],
// [Variable.Prod], [Variable.NanSum], [Variable.NanMean], [Variable.CountNonZero],
// [Variable.Var], [Variable.VarWith], [Variable.Std], [Variable.StdWith],
// [Variable.VarMean], [Variable.StdMean], [Cov], [CorrCoef].
//
// # Norms and distances
//
// [Variable.Norm], [Variable.NormP], [Variable.MatrixNorm], [Variable.NuclearNorm],
// [Variable.Renorm], [CDist], [Variable.PDist].
//
// # Running sums, differences, integrals
//
// [Variable.CumSum], [Variable.CumProd], [Variable.LogCumSumExp], [Variable.CumMax],
// [Variable.CumMin], [Variable.Diff], [Trapezoid], [CumulativeTrapezoid].
//
// # Sorting and quantiles
//
// [Variable.Sort], [Variable.TopK], [Variable.KthValue], [Variable.Median],
// [Variable.NanMedian], [Variable.Mode], [Quantile], [NanQuantile],
// [Variable.UniqueConsecutive].
//
// # Softmax
//
// [Variable.Softmax], [Variable.LogSoftmax], [SoftmaxCrossEntropy].
//
// # Products of vectors and matrices
//
// [Variable.MatMul], [Linear], [Outer], [Dot], [VecDot], [Cross], [Kron],
// [Variable.Vander], [TensorDot], [MultiDot], [Einsum].
//
// # Linear algebra
//
// [Variable.Inv], [Solve], [TensorSolve], [Variable.Det], [Variable.LogAbsDet],
// [Variable.SlogDet], [SolveTriangular], [Variable.Cholesky], [CholeskySolve],
// [Variable.CholeskyInverse], [Variable.QR], [Variable.Eigh], [Variable.EigvalsH],
// [Variable.SVD], [Variable.SVDVals], [Variable.Pinv], [Variable.PinvWith], [LstSq],
// [Variable.MatrixPower], [Variable.MatrixExp], [Variable.Diagonal],
// [Variable.DiagEmbed], [BlockDiag], [Variable.Trace], [Variable.Tril], [Variable.Triu].
//
// # Fourier transforms
//
// [Complex], [Variable.FFT], [Variable.IFFT], [Variable.RFFT], [Variable.IRFFT],
// [Variable.FFTShift], [Variable.IFFTShift].
//
// # Shapes and types
//
// [Variable.Reshape], [Variable.Flatten], [Variable.Unflatten], [Variable.Squeeze],
// [Variable.Unsqueeze], [Variable.Permute], [Variable.Transpose], [Variable.MoveDim],
// [Variable.T], [Variable.BroadcastTo], [Variable.AsType], [Variable.Clone],
// [Variable.Detach], [Variable.RetainGrad], [Variable.Hook].
//
// # Pieces and places
//
// [Variable.Index], [Variable.Slice], [Variable.SliceStep], [Concat], [Stack],
// [Variable.Flip], [Variable.Roll], [Variable.Split], [Variable.Tile], [Variable.Rot90],
// [Variable.UnfoldDim], [Meshgrid], [Variable.Pad], [Variable.PadReflection],
// [Variable.PadReplication], [Variable.PadCircular].
//
// # Picking and placing by indices
//
// [Variable.IndexSelect], [Embedding], [Variable.Gather], [Variable.ScatterAdd],
// [Variable.Take], [Variable.TakeAlongDim], [Variable.IndexArrays],
// [Variable.MaskedSelect], [OneHot], [Variable.RepeatInterleave], [SparseEmbedding],
// [Variable.Scatter], [Variable.ScatterReduce], [Variable.IndexAdd],
// [Variable.IndexCopy], [Variable.IndexFill], [Variable.IndexPut].
//
// # Convolutions, windows, normalization, attention
//
// [Conv1d], [Conv2d], [Conv3d], [ConvTranspose1d], [ConvTranspose2d], [ConvTranspose3d],
// [Variable.Unfold], [Variable.Fold], [Variable.MaxPool], [Variable.MaxPoolIndices],
// [Variable.AdaptiveMaxPool], [Variable.AdaptiveMaxPoolIndices], [Variable.AvgPool],
// [Variable.AdaptiveAvgPool], [Variable.Interpolate], [GridSample], [LayerNorm],
// [RMSNorm], [BatchNorm], [BatchNormStats], [GroupNorm], [GroupNormStats], [Dropout],
// [ScaledDotProductAttention], [SelfAttention], [AttentionWeights], [Rotary],
// [EncoderLayer].
//
// # Recurrent layers, alignment
//
// [LSTM], [GRU], [RNN], [CTCLoss].
//
// # Derivatives
//
// [Grad], [GradWith], [ValueAndGrad], [VJP], [JVP], [HVP], [Jacobian], [Hessian],
// [PerExampleGrad], [Checkpoint].
package autograd
