// # Metrics
//
// By family, with the meters that give more than a number:
//
//   - Classes: [Accuracy], [TopKAccuracy], [Precision], [Recall], [FBeta], [CohenKappa],
//     [MatthewsCorrelation], [ConfusionMatrix]
//   - Scores, whatever the threshold: [ROCAUC], [AveragePrecision], [Ranking]
//   - Probabilities: [LogLoss], [Perplexity], [BrierScore], [Reliability],
//     [CalibrationError]
//   - Numbers: [MeanSquaredError], [RootMeanSquaredError], [MeanAbsoluteError],
//     [MeanAbsolutePercentageError], [MaxError], [R2], [ExplainedVariance]
//   - Of any: [Unweighted], [OnOutput]
package nn
