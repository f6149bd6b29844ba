package parallel

import (
	"runtime"
	"sync/atomic"
	"time"
)

// The pool's state is one word, so that joining a job, leaving it and closing it
// to latecomers are single atomic steps:
//
//	bits 0–15   workers inside the job
//	bit  16     open: workers may join
//	bit  17     the caller is parked until the last worker leaves
//	bits 18–63  the number of the job
const (
	activeMask = 1<<16 - 1
	openBit    = 1 << 16
	parkedBit  = 1 << 17
	epochUnit  = 1 << 18
)

// maxWorkers bounds the workers that are ever started; it fits bits 0–15.
const maxWorkers = 1 << 12

// spinTime is how long a goroutine looks for what it waits for before it parks:
// well above the time between two products of a training step, also when the
// system takes the processor away for a moment, and well below anything a person
// would notice.
const spinTime = 200 * time.Microsecond

// pool is a set of workers and the job they are at. The fields written while a
// job runs are kept on cache lines of their own.
type pool struct {
	busy atomic.Bool // a caller owns the pool; the fields up to state are its

	task    task // written before a job opens, read by those who joined it
	epoch   uint64
	workers []*worker

	shares []share // of the pieces, one for each goroutine that may take part

	limit atomic.Int64  // workers with an id below it may join
	done  chan struct{} // wakes the caller when the last worker has left

	_     [128]byte
	state atomic.Uint64
	_     [128]byte

	failed atomic.Bool // a worker's call did not return
	value  any         // what it panicked with; written by whoever set failed
	exited bool        // it called runtime.Goexit instead
}

// share is the pieces of a job that one goroutine does first. A job that reads what the one
// before wrote is often cut alike, and then finds it in its processor's cache. Who has no
// pieces left takes those of others.
type share struct {
	next atomic.Int64
	end  int64
	_    [112]byte
}

// worker is one goroutine of the pool.
type worker struct {
	pool   *pool
	id     int64
	seen   uint64 // the last job it looked at
	parked atomic.Bool
	wake   chan struct{} // holds a token for every true that a caller took from parked
	_      [64]byte
}

var shared = pool{done: make(chan struct{}, 1)}

// acquire takes the pool unless it is taken.
func (p *pool) acquire() bool {
	return !p.busy.Load() && p.busy.CompareAndSwap(false, true)
}

// run does the task with up to total goroutines, the caller included. The caller
// must have acquired the pool, which run gives back.
func (p *pool) run(t task, total int) {
	total = min(total, maxWorkers)
	for len(p.workers) < total-1 {
		w := &worker{pool: p, id: int64(len(p.workers)), seen: p.epoch, wake: make(chan struct{}, 1)}
		p.workers = append(p.workers, w)
		go w.loop()
	}
	p.task = t
	p.epoch++
	p.deal(total)
	p.limit.Store(int64(total - 1))
	p.state.Store(p.epoch*epochUnit | openBit)
	for _, w := range p.workers[:total-1] {
		if w.parked.Load() && w.parked.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
	defer p.finish()
	p.drain(0)
}

// deal divides the pieces among total goroutines.
func (p *pool) deal(total int) {
	if cap(p.shares) < total {
		p.shares = make([]share, total)
	}
	p.shares = p.shares[:total]
	from := 0
	for i := range p.shares {
		s := &p.shares[i]
		s.next.Store(int64(from))
		from += (p.task.n - from) / (total - i)
		s.end = int64(from)
	}
}

// drain does pieces until none are left, those of the given share first.
func (p *pool) drain(first int) {
	for i := range p.shares {
		s := &p.shares[(first+i)%len(p.shares)]
		for s.next.Load() < s.end {
			if piece := s.next.Add(1) - 1; piece < s.end {
				p.task.do(int(piece))
			}
		}
	}
}

// stop leaves no pieces to be done.
func (p *pool) stop() {
	for i := range p.shares {
		s := &p.shares[i]
		s.next.Store(s.end)
	}
}

// finish waits for the workers inside the job, gives the pool back and hands on
// what a worker panicked with. It runs deferred: if the caller's own piece
// panicked, the workers stop after the pieces they are at.
func (p *pool) finish() {
	p.stop()
	if p.state.And(^uint64(openBit))&activeMask != 0 {
		p.await()
	}
	failed, value, exited := p.failed.Load(), p.value, p.exited
	p.failed.Store(false)
	p.task, p.value, p.exited = task{}, nil, false
	p.busy.Store(false)
	switch {
	case !failed:
	case exited:
		runtime.Goexit()
	default:
		panic(value)
	}
}

// await returns when no worker is inside the job, which must be closed.
func (p *pool) await() {
	var s spinner
	for s.spin() {
		if p.state.Load()&activeMask == 0 {
			return
		}
	}
	if p.state.Or(parkedBit)&activeMask != 0 {
		<-p.done
	}
}

// loop is the life of a worker: it waits for a job, does pieces of it and waits
// again, forever.
func (w *worker) loop() {
	defer func() { go w.loop() }() // reached only by runtime.Goexit in a piece
	for {
		if !w.join() {
			w.park()
			continue
		}
		w.work()
	}
}

// join spins until it is inside a job that it has not seen, or it is time to
// park.
func (w *worker) join() bool {
	var s spinner
	for {
		for {
			state := w.pool.state.Load()
			if state/epochUnit == w.seen || state&openBit == 0 || w.id >= w.pool.limit.Load() {
				break
			}
			if w.pool.state.CompareAndSwap(state, state+1) {
				w.seen = state / epochUnit
				return true
			}
		}
		if !s.spin() {
			return false
		}
	}
}

// park sleeps until a caller wakes the worker. A job that opened after the
// worker last looked may not have seen it parked, so it looks once more.
func (w *worker) park() {
	w.parked.Store(true)
	state := w.pool.state.Load()
	missed := state&openBit != 0 && state/epochUnit != w.seen && w.id < w.pool.limit.Load()
	if missed && w.parked.CompareAndSwap(true, false) {
		return
	}
	<-w.wake
}

// work does pieces of the job the worker is inside and leaves it.
func (w *worker) work() {
	p := w.pool
	returned := false
	defer func() {
		if !returned {
			value := recover()
			p.stop()
			if p.failed.CompareAndSwap(false, true) {
				p.value, p.exited = value, value == nil
			}
		}
		if state := p.state.Add(^uint64(0)); state&(activeMask|parkedBit) == parkedBit {
			p.done <- struct{}{}
		}
	}()
	p.drain(int(w.id) + 1)
	returned = true
}

// spinner paces a loop that waits for another processor.
type spinner struct {
	rounds int
	start  time.Time
}

// spin passes a little time and reports whether the loop should go on. Now and
// then it lets other goroutines run, so that waiting starves nobody.
func (s *spinner) spin() bool {
	s.rounds++
	switch {
	case s.rounds&15 != 0:
		return true
	case s.rounds == 16:
		s.start = time.Now()
	case s.rounds&127 == 0 && time.Since(s.start) > spinTime:
		return false
	}
	runtime.Gosched()
	return true
}
