package main

import (
	"context"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// Deep Q-learning (V. Mnih et al., "Human-level control through deep reinforcement
// learning", 2015). Each step that is survived earns one point, and a later one counts less
// by the factor γ. The network's score of an action in a state is what it will earn:
//
//	Q(s, a) = 1 + γ·Q′(s′, argmax Q(s′, ·)), or 1 if the pole falls
//
// where what is to come is never more than [valueScale], the most there is to earn. It learns from random batches out of a memory of what has happened. Q′ is a copy of the
// network that follows it only now and then, so that targets do not run away; that Q chooses
// the action and Q′ judges it keeps targets from being too high (H. van Hasselt, A. Guez and
// D. Silver, "Deep reinforcement learning with double Q-learning", 2016).

const (
	memorySize   = 50_000
	batchSize    = 64
	learnFrom    = 1000 // steps played at random at first
	copyEvery    = 100  // steps of the optimizer, of which there is one for each that is played
	exploreSteps = 5000
	exploreLeast = 0.04 // the share of actions that are random, from exploreSteps on

	testEvery = 1000 // steps played
)

// transition is a step that was played. Of an episode that ended because it was long enough
// the last one is not lost: it could have gone on.
type transition struct {
	from, to state
	action   int
	lost     bool
}

type dqn struct {
	rng           *rand.Rand
	network, copy nn.Sequential
	actor, judge  *player // of network and copy
	optimizer     optim.Optimizer
	tape          *autograd.Tape
	learnt        int // steps of the optimizer
	memory        []transition
	next          int // where the next transition goes, once the memory is full
}

// learnDQN plays and learns until the run says that it is enough.
func learnDQN(ctx context.Context, r *run) (nn.Layer, error) {
	rng := rand.New(rand.NewPCG(r.seed, 0))
	config := nn.MLPConfig{Sizes: []int{stateSize, 128, 128, actions}}
	d := &dqn{rng: rng, network: nn.NewMLP(rng, config), copy: nn.NewMLP(rng, config), tape: autograd.NewTape(autograd.TapeConfig{})}
	d.actor, d.judge = newPlayer(d.network), newPlayer(d.copy)
	d.optimizer = optim.NewAdam(nn.Params(d.network), optim.AdamConfig{LR: 1e-3})
	s, length := start(rng), 0
	for step := 1; step <= r.limit; step++ {
		t := transition{from: s, action: d.act(s, step)}
		t.to = s.next(t.action)
		t.lost = t.to.lost()
		d.remember(t)
		s, length = t.to, length+1
		if t.lost || length == stepLimit {
			r.played(length)
			s, length = start(rng), 0
		}
		if step >= learnFrom {
			d.learn()
		}
		if step%testEvery == 0 && r.test(d.actor) {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return d.network, nil
}

// act is the best action as far as is known or, the more often the earlier it is, a random
// one.
func (d *dqn) act(s state, step int) int {
	if explore := 1 - float64(step)/exploreSteps; d.rng.Float64() < max(explore, exploreLeast) {
		return d.rng.IntN(actions)
	}
	return d.actor.best(s)[0]
}

func (d *dqn) remember(t transition) {
	if len(d.memory) < memorySize {
		d.memory = append(d.memory, t)
		return
	}
	d.memory[d.next] = t
	d.next = (d.next + 1) % memorySize
}

// learn makes a step of the optimizer.
func (d *dqn) learn() {
	if d.learnt%copyEvery == 0 {
		d.follow()
	}
	d.learnt++
	batch := make([]transition, batchSize)
	from, to, taken := make([]state, batchSize), make([]state, batchSize), make([]int, batchSize)
	for i := range batch {
		batch[i] = d.memory[d.rng.IntN(len(d.memory))]
		from[i], to[i], taken[i] = batch[i].from, batch[i].to, batch[i].action
	}
	targets := make([]float32, batchSize)
	best := d.actor.best(to...)
	for i, score := range d.judge.scores(to...).Gather(1, best, batchSize, 1).Float32s() {
		targets[i] = 1
		if !batch[i].lost {
			targets[i] += discount * min(score, valueScale)
		}
	}
	d.tape.Reset()
	scores := d.network.Forward(d.tape.Float32s(appendStates(nil, from...), batchSize, stateSize))
	loss := nn.HuberLoss(scores.Gather(1, taken, batchSize, 1), d.tape.Float32s(targets, batchSize, 1))
	grads := loss.Backward()
	optim.ClipGradNorm(grads, 10)
	d.optimizer.Step(grads)
}

// follow makes the copy what the network is.
func (d *dqn) follow() {
	weights := map[string]autograd.Variable{}
	for name, w := range nn.Params(d.network) {
		weights[name] = w
	}
	for name, w := range nn.Params(d.copy) {
		w.CopyFrom(weights[name])
	}
}
