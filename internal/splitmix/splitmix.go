// Package splitmix turns numbers into ones that look random, and that tell neighbours apart:
// seeds for a step, an example or a place, as a function of nothing but where it is.
package splitmix

// Mix is a number that looks random, a function of x: the one that the generator SplitMix64
// gives from state x (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
// 2014). Different numbers have different ones.
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Seed is a seed for number n of those that come from a seed, far from those of their
// neighbours.
func Seed(seed, n uint64) uint64 { return Mix(Mix(seed) ^ n) }
