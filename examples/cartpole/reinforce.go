package main

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
	"gonum.org/v1/gonum/stat"
)

// The policy gradient with a baseline (R. Williams, "Simple statistical gradient-following
// algorithms for connectionist reinforcement learning", 1992). The network's scores are the
// logits of the probabilities π of actions, which are drawn. What an action was followed by
// makes it more or less probable by the gradient of
//
//	mean of ln π(a|s) · (G − V(s)),  G = Σ γᵏ over the steps that followed
//
// where V, another network, learns what to expect of a state: it changes no mean, but takes
// most of the noise away.

const (
	together    = 16   // episodes that are played for each step of the policy
	baselineFit = 10   // steps of the baseline for each of the policy
	entropyPart = 0.01 // of the loss, so that actions do not become certain too soon
)

// step is what was done in a state, and what that was worth.
type step struct {
	at     state
	action int
	value  float64 // G
}

type reinforce struct {
	rng                             *rand.Rand
	policy, baseline                nn.Sequential
	actor, judge                    *player
	policyOptimizer, valueOptimizer optim.Optimizer
	tape                            *autograd.Tape
}

// learnReinforce plays and learns until the run says that it is enough.
func learnReinforce(ctx context.Context, r *run) (nn.Layer, error) {
	rng := rand.New(rand.NewPCG(r.seed, 1))
	p := &reinforce{rng: rng, tape: autograd.NewTape(autograd.TapeConfig{}),
		policy:   nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{stateSize, 64, actions}, Activation: nn.Tanh{}}),
		baseline: nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{stateSize, 64, 64, 1}, Activation: nn.Tanh{}}),
	}
	p.actor, p.judge = newPlayer(p.policy), newPlayer(p.baseline)
	p.policyOptimizer = optim.NewAdam(nn.Params(p.policy), optim.AdamConfig{LR: 0.01})
	p.valueOptimizer = optim.NewAdam(nn.Params(p.baseline), optim.AdamConfig{LR: 0.01})
	for r.steps < r.limit {
		p.learn(p.play(r))
		if r.test(p.actor) {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return p.policy, nil
}

// play plays episodes side by side, and returns all that was done.
func (p *reinforce) play(r *run) (steps []step) {
	states := make([]state, together)
	episodes := make([][]step, together)
	going := make([]int, together)
	for i := range states {
		states[i], going[i] = start(p.rng), i
	}
	for len(going) > 0 {
		now := make([]state, len(going))
		for k, i := range going {
			now[k] = states[i]
		}
		chances := p.actor.scores(now...).Softmax(1).Float32s()
		var still []int
		for k, i := range going {
			action := 0
			if p.rng.Float64() >= float64(chances[k*actions]) {
				action = 1
			}
			episodes[i] = append(episodes[i], step{at: now[k], action: action})
			states[i] = now[k].next(action)
			if !states[i].lost() && len(episodes[i]) < stepLimit {
				still = append(still, i)
			}
		}
		going = still
	}
	for i, episode := range episodes {
		r.played(len(episode))
		steps = append(steps, p.valued(episode, states[i])...)
	}
	return steps
}

// valued sums up what was earned from each step on. An episode that ended because it was
// long enough would have gone on to earn what the baseline says.
func (p *reinforce) valued(episode []step, last state) []step {
	value := 0.0 // the baseline's output is a share of valueScale
	if !last.lost() {
		value = valueScale * float64(p.judge.scores(last).Item())
	}
	for i := len(episode) - 1; i >= 0; i-- {
		value = 1 + discount*value
		episode[i].value = value
	}
	return episode
}

// learn makes a step of the policy, and some of the baseline.
func (p *reinforce) learn(steps []step) {
	n := len(steps)
	states, taken, shares := make([]state, n), make([]int, n), make([]float32, n)
	for i, s := range steps {
		states[i], taken[i], shares[i] = s.at, s.action, float32(s.value/valueScale)
	}
	inputs := appendStates(nil, states...)

	better := make([]float64, n) // than expected
	for i, expected := range p.judge.scores(states...).Float32s() {
		better[i] = float64(shares[i] - expected)
	}
	mean, deviation := stat.MeanStdDev(better, nil)
	advantage := make([]float32, n)
	for i, b := range better {
		advantage[i] = float32((b - mean) / math.Max(deviation, 1e-6))
	}

	p.tape.Reset()
	logits := p.policy.Forward(p.tape.Float32s(inputs, n, stateSize)).LogSoftmax(1)
	gain := logits.Gather(1, taken, n, 1).Mul(p.tape.Float32s(advantage, n, 1)).Mean()
	entropy := logits.Exp().Mul(logits).Sum(1).Mean().Neg()
	grads := gain.Add(entropy.MulScalar(entropyPart)).Neg().Backward()
	optim.ClipGradNorm(grads, 1)
	p.policyOptimizer.Step(grads)

	for range baselineFit {
		p.tape.Reset()
		expected := p.baseline.Forward(p.tape.Float32s(inputs, n, stateSize))
		p.valueOptimizer.Step(nn.MSELoss(expected, p.tape.Float32s(shares, n, 1)).Backward())
	}
}
