package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// AttentionCache is the keys and values of the positions of a sequence so far, for
// generating it a few positions at a time: what [MultiheadAttention.Next] computes of a
// position it does not compute again. The zero value is that of a sequence that has not
// begun. A cache is a value that nobody changes: the one before stays valid, so that a
// sequence can go on in several ways.
//
// Its arrays are on the tape of the sequence; Clone takes them off it, to be used after
// its Reset.
type AttentionCache struct {
	Keys, Values autograd.Variable // [batch, heads, positions, features/heads]; zero Variables without positions
}

// Len is the number of positions.
func (c AttentionCache) Len() int {
	if (c.Keys == autograd.Variable{}) {
		return 0
	}
	return c.Keys.Dim(2)
}

// Clone is a copy that is on no tape.
func (c AttentionCache) Clone() AttentionCache {
	if c.Len() == 0 {
		return c
	}
	return AttentionCache{c.Keys.Clone(), c.Values.Clone()}
}

// Select is the cache of the sequences of the batch with the given numbers, in their order,
// each as often as it occurs: for a search that drops some and goes on in several ways with
// others. It panics with [*autograd.IndexError] if there is no such sequence.
func (c AttentionCache) Select(sequences []int) AttentionCache {
	if c.Len() == 0 {
		return c
	}
	return AttentionCache{c.Keys.IndexSelect(0, sequences), c.Values.IndexSelect(0, sequences)}
}

// Next is attention of the next positions x [batch, positions, features] of a sequence to
// all up to themselves, of the shape of x, and the cache with them. What comes of it,
// position by position or several at a time, is what Attend with Causal gives for the whole
// sequence. Masks of input, if any, are for all keys so far, the new ones included, as in
// [positions, keys]. With SequenceFirst x is [positions, batch, features]; it may be without
// the batch axis. Next panics with [*autograd.ShapeError] if the shapes do not fit each
// other.
func (a *MultiheadAttention) Next(x autograd.Variable, cache AttentionCache, input AttentionInput) (y autograd.Variable, next AttentionCache) {
	defer in(a)
	single := x.Rank() == 2
	x = a.batchFirst(x, single)
	a.check(x, x, x)
	cache.check(x, a.heads, a.features/a.heads)
	next = AttentionCache{a.turned(x, 1, cache.Len()), a.perHead(a.project(x, 2))}
	input.Causal, input.past, input.dropout, input.extra = true, cache.Len(), a.dropout, a.extra()
	if input.past > 0 {
		next.Keys = autograd.Concat(2, cache.Keys, next.Keys)
		next.Values = autograd.Concat(2, cache.Values, next.Values)
	}
	y = a.combine(a.turned(x, 0, input.past), next.Keys, next.Values, input, single)
	return Hooked(a, y), next
}

// memorize is the cache of keys and values that later queries attend to.
func (a *MultiheadAttention) memorize(memory autograd.Variable) AttentionCache {
	memory = a.batchFirst(memory, memory.Rank() == 2)
	a.check(memory, memory, memory)
	return AttentionCache{a.turned(memory, 1, 0), a.perHead(a.project(memory, 2))}
}

// recall is attention of queries to the keys and values of a cache.
func (a *MultiheadAttention) recall(q autograd.Variable, cache AttentionCache, input AttentionInput) autograd.Variable {
	defer in(a)
	single := q.Rank() == 2
	q = a.batchFirst(q, single)
	a.check(q, q, q)
	cache.check(q, a.heads, a.features/a.heads)
	input.dropout, input.extra = a.dropout, a.extra()
	y := a.combine(a.turned(q, 0, 0), cache.Keys, cache.Values, input, single)
	return Hooked(a, y)
}

// check panics unless c is of the sequences of x [batch, positions, features].
func (c AttentionCache) check(x autograd.Variable, heads, size int) {
	if c.Len() == 0 {
		return
	}
	for _, part := range [...]autograd.Variable{c.Keys, c.Values} {
		if part.Rank() != 4 || part.Dim(0) != x.Dim(0) || part.Dim(1) != heads || part.Dim(2) != c.Len() || part.Dim(3) != size {
			panic(shapeError("nn.MultiheadAttention", fmt.Sprintf("expected a cache of keys and values [%d, %d, positions, %d]", x.Dim(0), heads, size), x, c.Keys, c.Values))
		}
	}
}
