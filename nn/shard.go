package nn

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/splitmix"
)

// A step may compute its batch in pieces: micro-batches one after the other, each of them
// cut into shards, which are computed at the same time. A piece of examples has the loss
// lₖ with the divisor dₖ (see [Loss]); the loss of the whole is Σ dₖlₖ / Σ dₖ, and so is
// its gradient. Where a loss is a sum, its divisor 0, it is the sum of the pieces'.

// shard is what computes a part of a batch.
type shard struct {
	trainer *Trainer
	number  int
	tape    *autograd.Tape
	context StepContext
	part    data.Batch // its examples, where the batch is computed in pieces

	batch *data.Batch // what it computes next: part, or the whole batch
	whole bool        // that is all there is of the batch
	loss  float64
	grads autograd.Gradients // of the loss times its divisor, unless it is whole
	err   error

	start autograd.Mark // of the tape
}

// addShards gives the trainer so many shards, with tapes of this configuration.
func (t *Trainer) addShards(n int, config autograd.TapeConfig) {
	t.shards, t.tapes = make([]*shard, n), make([]*autograd.Tape, n)
	for i := range n {
		t.tapes[i] = autograd.NewTape(config)
		t.shards[i] = &shard{trainer: t, number: i, tape: t.tapes[i]}
	}
}

// begin prepares the shard for a step.
func (s *shard) begin() {
	s.tape.Reset()
	seed := splitmix.Seed(uint64(s.trainer.seed), uint64(s.trainer.made))
	if s.number > 0 {
		seed = splitmix.Seed(seed, uint64(s.number))
	}
	s.tape.Reseed(seed)
	s.start = s.tape.Mark()
}

// compute computes the loss of the shard's examples and its gradient. It must not touch
// what shards share.
func (s *shard) compute() {
	s.err = nil
	defer func() {
		if s.err != nil {
			s.err = blamed(s.err, s.batch)
		}
	}()
	defer autograd.Catch(&s.err)
	s.context.begin(s.tape, s.batch)
	loss := s.trainer.objective.Loss(&s.context)
	if s.loss = loss.Item(); !isFinite(s.loss) {
		s.err = &NonFiniteError{Epoch: s.batch.Epoch, Step: s.batch.Number, What: "the loss", Value: s.loss}
		return
	}
	if !s.whole {
		loss = loss.MulScalar(orOne(s.context.divisor))
	}
	s.grads = loss.Backward(s.trainer.params...)
}

// orOne is what the value of a mean with this divisor is multiplied by to give the sum.
func orOne(divisor float64) float64 {
	if divisor == 0 {
		return 1
	}
	return divisor
}

// shardJob computes shards at the same time. They have the worker pool to themselves:
// operations within them are computed by the goroutine of the shard.
type shardJob struct{ shards []*shard }

// Do computes a shard.
func (j *shardJob) Do(i int) { j.shards[i].compute() }

// pieces is what a step leaves besides gradients and what was assigned.
type pieces struct {
	tally    tally    // of the step alone: the loss and what the objective logged
	loss     float64  // of the batch
	measured measured // what metrics look at
}

// gradients computes the gradient of the loss of a batch, in pieces where that was asked
// for, and leaves the rest in t.pieces. What the objective assigned waits on the tape of
// the first shard.
func (t *Trainer) gradients(batch *data.Batch) (autograd.Gradients, error) {
	for _, s := range t.shards {
		s.begin()
	}
	t.pieces.begin()
	size := batch.Len
	if micro := t.config.MicroBatch; micro > 0 && micro < size {
		size = micro
	}
	if size == batch.Len { // one micro-batch, whose gradients stay where they are
		grads, err := t.microBatch(batch, 0, size)
		if err == nil && !t.shards[0].whole {
			grads.Scale(1 / t.pieces.divisor())
		}
		return grads, err
	}
	t.total.Reset()
	for lo := 0; lo < batch.Len; lo += size {
		grads, err := t.microBatch(batch, lo, min(lo+size, batch.Len))
		if err != nil {
			return autograd.Gradients{}, err
		}
		t.total.Accumulate(grads)
		for _, s := range t.shards {
			s.tape.Rewind(s.start) // keeps what was assigned
		}
	}
	t.total.Scale(1 / t.pieces.divisor())
	return t.total, nil
}

// microBatch computes examples lo to hi of a batch. Unless they are all of it and there is
// one shard, the gradients are those of the sum.
func (t *Trainer) microBatch(batch *data.Batch, lo, hi int) (autograd.Gradients, error) {
	n := max(1, min(len(t.shards), hi-lo))
	t.job.shards = t.shards[:n]
	t.weights = t.weights[:0]
	for i, s := range t.job.shards {
		if s.batch, s.whole = batch, n == 1 && hi-lo == batch.Len; !s.whole {
			from, to := lo+i*(hi-lo)/n, lo+(i+1)*(hi-lo)/n
			batch.Slice(&s.part, from, to)
			s.batch = &s.part
			t.weights = append(t.weights, float64(to-from))
		}
	}
	if n == 1 {
		t.shards[0].compute()
	} else {
		parallel.Run(n, &t.job)
	}
	for _, s := range t.job.shards {
		if s.err != nil {
			return autograd.Gradients{}, s.err
		}
	}
	grads := t.shards[0].grads
	for i, s := range t.job.shards {
		t.pieces.take(s, t.tally.measures())
		if i > 0 {
			grads.Accumulate(s.grads)
		}
	}
	if n > 1 {
		autograd.MergeAssigned(t.tapes[:n], t.weights)
	}
	return grads, nil
}

func (p *pieces) begin() {
	p.tally.begin()
	p.measured.begin()
}

// divisor is what the sum of the gradients is divided by.
func (p *pieces) divisor() float64 { return orOne(p.tally.means[0].divisors) }

// take takes in what a shard has computed.
func (p *pieces) take(s *shard, outputs bool) {
	p.tally.add(s.loss, &s.context)
	if p.loss = s.loss; !s.whole {
		p.loss = p.tally.means[0].value()
	}
	if outputs {
		p.measured.take(&s.context, s.whole)
	}
}
