package onnx

// twister is the generator MT19937 of Matsumoto and Nishimura (1998), which the reference of
// random operators with a seed draws from.
type twister struct {
	state [624]uint32
	at    int
}

func mersenneTwister(seed uint32) *twister {
	t := &twister{at: 624}
	t.state[0] = seed
	for i := 1; i < len(t.state); i++ {
		before := t.state[i-1]
		t.state[i] = 1812433253*(before^before>>30) + uint32(i)
	}
	return t
}

func (t *twister) next() uint32 {
	if t.at == len(t.state) {
		for i := range t.state {
			y := t.state[i]&(1<<31) | t.state[(i+1)%624]&^(1<<31)
			t.state[i] = t.state[(i+397)%624] ^ y>>1 ^ y&1*0x9908b0df
		}
		t.at = 0
	}
	y := t.state[t.at]
	t.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// float is uniform in [0, 1), of 53 bits.
func (t *twister) float() float64 {
	high, low := t.next()>>5, t.next()>>6
	return (float64(high)*(1<<26) + float64(low)) / (1 << 53)
}
