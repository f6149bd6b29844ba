// Package distribution has probability distributions whose parameters are Variables: log
// densities, entropies and divergences are differentiated with respect to them, and so are
// samples where the field knows how.
//
//	q := distribution.NewNormal(mean, logStd.Exp())  // mean and logStd are a network's
//	z := q.RSample(tape.Rand())                      // carries gradients to both
//	kl := distribution.KL(q, prior).Sum(1).Mean()
//
// # Shapes
//
// The parameters' shapes broadcast; what they broadcast to is the batch shape, that of the
// independent distributions that one value holds. A draw of one of them has the event
// shape: [] for a number, [n] for a vector of [MultivariateNormal]. Sample(rng, s…) has the
// shape [s…, batch…, event…], a LogProb has that of its argument, broadcast with the batch,
// without the event's axis; Mean and Variance have [batch…, event…], entropies and
// divergences [batch…].
//
// # Samples
//
// Sample is a constant: no gradient flows through it, which is what the score-function
// estimator (REINFORCE) wants. Distributions that are [Reparameterized] have RSample too,
// whose gradients with respect to the parameters are those of the draw itself: by a
// function of the parameters and of noise (Kingma and Welling, "Auto-encoding variational
// Bayes", 2014) or, for [Gamma] and [Beta], implicitly, by the distribution function
// (Figurnov, Mohamed and Mnih, "Implicit reparameterization gradients", 2018). Draws depend
// on the random source and the parameters alone: the same seed gives the same bits. In a
// training step the source is the tape's, Tape.Rand.
//
// # Errors
//
// Parameters of different element types, shapes that do not broadcast and parameters
// outside their domain, such as a negative scale, are mistakes of the program: constructors
// panic with the typed errors of package autograd. NaN passes, for training to report.
// Outside the support of a distribution the log density is −Inf.
//
// A distribution is not modified by its methods. It may be used by several goroutines if
// its parameters may.
//
// What lives here: distributions and the divergences between them. What does not: losses
// of a network's output (package nn), which are plain functions.
package distribution
