package main

import (
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// The cart with its pole, and how good a policy is at keeping that upright.

// The physics of the usual benchmark (A. Barto, R. Sutton and C. Anderson, "Neuronlike
// adaptive elements that can solve difficult learning control problems", 1983), with the
// limits of CartPole-v1: metres, kilograms, seconds, radians.
const (
	gravity    = 9.8
	cartMass   = 1.0
	poleMass   = 0.1
	halfLength = 0.5 // of the pole
	force      = 10.0
	interval   = 0.02 // of time between two steps

	positionLimit = 2.4
	angleLimit    = 12 * math.Pi / 180

	stepLimit = 500 // an episode that gets so far has succeeded
	solved    = 475 // the mean length of 100 episodes that counts as a solution

	stateSize = 4
	actions   = 2 // push to the left, push to the right
)

// Each step that an episode lasts earns one point.
const (
	discount   = 0.99               // γ, by which a point counts less for each step that it is off
	valueScale = 1 / (1 - discount) // the most there is to earn, Σ γᵏ
)

// state is the cart's position and velocity, the pole's angle from upright, clockwise, and
// its angular velocity.
type state [stateSize]float64

// start is a state near rest in the middle.
func start(rng *rand.Rand) (s state) {
	for i := range s {
		s[i] = 0.1*rng.Float64() - 0.05
	}
	return s
}

// next is the state an interval later, by Euler's method.
func (s state) next(action int) state {
	x, v, angle, spin := s[0], s[1], s[2], s[3]
	push := force * float64(2*action-1)
	sin, cos := math.Sincos(angle)
	const mass = cartMass + poleMass
	pull := (push + poleMass*halfLength*spin*spin*sin) / mass
	spinChange := (gravity*sin - cos*pull) / (halfLength * (4.0/3 - poleMass*cos*cos/mass))
	change := pull - poleMass*halfLength*spinChange*cos/mass
	return state{x + interval*v, v + interval*change, angle + interval*spin, spin + interval*spinChange}
}

// lost says whether the cart has left the track or the pole is beyond recovery.
func (s state) lost() bool {
	return !(math.Abs(s[0]) <= positionLimit && math.Abs(s[2]) <= angleLimit)
}

// player computes with a network that has [n, 4] states for its input, and [n, 2] scores of
// the actions for its output.
type player struct {
	network nn.Layer
	tape    *autograd.Tape
	inputs  []float32
}

func newPlayer(network nn.Layer) *player {
	return &player{network: network, tape: autograd.NewTape(autograd.TapeConfig{NoGrad: true})}
}

// scores are [len(states), 2], valid until the next call.
func (p *player) scores(states ...state) autograd.Variable {
	p.tape.Reset()
	p.inputs = appendStates(p.inputs[:0], states...)
	return p.network.Forward(p.tape.Float32s(p.inputs, len(states), stateSize))
}

// best are the actions with the greatest scores.
func (p *player) best(states ...state) []int { return p.scores(states...).ArgMax(1) }

func appendStates(inputs []float32, states ...state) []float32 {
	for _, s := range states {
		for _, v := range s {
			inputs = append(inputs, float32(v))
		}
	}
	return inputs
}

// meanSteps plays so many episodes side by side, always with the best action, and returns
// how many steps they lasted on average.
func (p *player) meanSteps(episodes int, rng *rand.Rand) float64 {
	states := make([]state, episodes)
	for i := range states {
		states[i] = start(rng)
	}
	total := 0
	for step := 0; step < stepLimit && len(states) > 0; step++ {
		going := states[:0]
		total += len(states)
		for i, action := range p.best(states...) {
			if s := states[i].next(action); !s.lost() {
				going = append(going, s)
			}
		}
		states = going
	}
	return float64(total) / float64(episodes)
}
