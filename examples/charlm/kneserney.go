package main

import "math"

// ngrams counts the strings of up to a number of characters in a text, for models of any
// order up to that by interpolated Kneser–Ney smoothing (Kneser and Ney 1995; Chen and
// Goodman 1998):
//
//	p(c | h) = max(n(hc) − D, 0)/n(h) + D·N(h)/n(h) · p(c | h′)
//
// where n counts strings, N(h) is how many different characters follow h, and h′ is h
// without its first character. Below the highest order, n(hc) is not how often hc stands
// in the text but how many different characters stand before it.
type ngrams struct {
	characters int
	counts     []orderCounts // by length of the strings, from 1
}

// orderCounts are those of strings of one length: of all that stand in the text, and how
// many different characters stand before them.
type orderCounts struct {
	plain, before counts
}

type counts struct {
	strings  map[string]int
	total    map[string]int // of what follows h
	distinct map[string]int // characters that follow h
	discount float64        // D = n₁/(n₁ + 2n₂) of the strings that stand once and twice
}

// count makes the counts of strings of up to order characters. Characters are written as
// runes, so that strings are keys.
func count(text []int, characters, order int) *ngrams {
	g := &ngrams{characters: characters, counts: make([]orderCounts, order)}
	runes := runesOf(text)
	for k := range order {
		strings := map[string]int{}
		for i := range len(runes) - k {
			strings[string(runes[i:i+k+1])]++
		}
		g.counts[k].plain = summed(strings)
		if k > 0 {
			before := map[string]int{}
			for s := range strings {
				before[s[len(string([]rune(s)[:1])):]]++
			}
			g.counts[k-1].before = summed(before)
		}
	}
	return g
}

func runesOf(text []int) []rune {
	runes := make([]rune, len(text))
	for i, c := range text {
		runes[i] = rune(c + 1)
	}
	return runes
}

// summed adds up what follows each string less its last character.
func summed(strings map[string]int) counts {
	c := counts{strings, map[string]int{}, map[string]int{}, 0}
	once, twice := 0, 0
	for s, n := range strings {
		h := []rune(s)
		key := string(h[:len(h)-1])
		c.total[key] += n
		c.distinct[key]++
		switch n {
		case 1:
			once++
		case 2:
			twice++
		}
	}
	c.discount = 0.5
	if once > 0 && twice > 0 {
		c.discount = float64(once) / float64(once+2*twice)
	}
	return c
}

// probability is p of the last character of s given those before, by the model of order
// len(s).
func (g *ngrams) probability(s []rune) float64 {
	p := 1 / float64(g.characters)
	for k := range s {
		c := &g.counts[k].before
		if k == len(s)-1 {
			c = &g.counts[k].plain
		}
		tail := s[len(s)-1-k:]
		h := string(tail[:k])
		total := float64(c.total[h])
		if total == 0 {
			continue // h is not known: what is known of h′ stands
		}
		n := float64(c.strings[string(tail)])
		p = max(n-c.discount, 0)/total + c.discount*float64(c.distinct[h])/total*p
	}
	return p
}

// bitsOf is how many bits the model of that order needs for a character of a text.
func (g *ngrams) bitsOf(text []int, order int) float64 {
	runes := runesOf(text)
	sum := 0.0
	for i := 1; i < len(runes); i++ {
		sum -= math.Log2(g.probability(runes[max(0, i+1-order) : i+1]))
	}
	return sum / float64(len(runes)-1)
}

const highestOrder = 10

// bestOrder is the order of the model that does best on what is held out: which it should
// not know, so that it is at an advantage. It learns from the text that the networks learn
// from.
func bestOrder(b *book) (order int, least float64) {
	g := count(b.train, b.vocabulary.Len(), highestOrder)
	for k := 1; k <= highestOrder; k++ {
		if x := g.bitsOf(b.test, k); k == 1 || x < least {
			order, least = k, x
		}
	}
	return order, least
}
