package audio

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// Heard is a source as a listener hears it.
type Heard struct {
	// Source is the number of the source.
	Source int
	// Gain is in dB; 0 leaves the sound as it is. At -100 and below nothing is
	// heard; MaxGain is the most.
	Gain float64
}

// MaxGain is the highest gain that a listener hears a source with, in dB.
const MaxGain = 24

// Room is who hears whom in a Mixer, compiled. It never changes.
//
// It takes what most listeners have in common as the rule: each source has the
// gain that most hear it with, and a listener is a set of sources, which is a row
// of bits. Only what differs from the rule is kept one by one. So the cost of a
// room of 100 who all hear each other is 100 rows of two words.
type Room struct {
	// numbers are the members, which are all listeners and sources of the table, in
	// order; a member's index is where it stands there.
	numbers []int
	index   map[int]int
	// listens tells the members who have a row in the table.
	listens []bool
	// usual is the gain that most hear each member with, loudest the highest that
	// anybody does; 0 where nobody hears it.
	usual, loudest []int64
	// words is how long a row is. rows has one for each member: whom it hears with
	// the usual gain. common is all of them together.
	words        int
	rows, common []uint64
	// special are the sources that each member hears with another gain.
	special [][]voice
}

// voice is a source with a gain.
type voice struct {
	source int
	gain   int64
}

// Gains are integers in units of 2^-gainBits, and sums of sound are in those
// units too. So they are exact, in whatever order they are made, and a source
// that is taken out of a sum leaves nothing behind.
const (
	gainBits = 24
	unity    = 1 << gainBits
)

// NewRoom compiles a table: for every listener, by its number, the sources that
// it hears. A number is one participant: a listener never hears itself, and where
// a table says that it does, that is left out. Somebody who is to stay in the
// room for a while without hearing or being heard has an empty row.
//
// A gain over MaxGain or that is no number, and a source that a listener hears
// twice, are errors.
func NewRoom(table map[int][]Heard) (*Room, error) {
	r := &Room{numbers: members(table), index: make(map[int]int)}
	for i, number := range r.numbers {
		r.index[number] = i
	}
	n := len(r.numbers)
	r.listens, r.special = make([]bool, n), make([][]voice, n)
	r.usual, r.loudest = make([]int64, n), make([]int64, n)
	r.words = (n + 63) / 64
	r.rows, r.common = make([]uint64, n*r.words), make([]uint64, r.words)
	for listener, heard := range table {
		if err := r.add(listener, heard); err != nil {
			return nil, err
		}
	}
	r.findUsual()
	for i := range r.special {
		r.sortOut(i)
	}
	return r, nil
}

// members lists all numbers of a table.
func members(table map[int][]Heard) []int {
	numbers := slices.Collect(maps.Keys(table))
	for _, heard := range table {
		for _, h := range heard {
			if _, ok := table[h.Source]; !ok {
				numbers = append(numbers, h.Source)
			}
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// add takes a listener's row, all of it as special for now.
func (r *Room) add(listener int, heard []Heard) error {
	l := r.index[listener]
	r.listens[l] = true
	list := make([]voice, 0, len(heard))
	for _, h := range heard {
		if !(h.Gain <= MaxGain) {
			return fmt.Errorf("audio: listener %d hears source %d with a gain of %g dB: it must be a number up to %d", listener, h.Source, h.Gain, MaxGain)
		}
		if h.Source != listener {
			list = append(list, voice{r.index[h.Source], gainOf(h.Gain)})
		}
	}
	slices.SortFunc(list, func(a, b voice) int { return a.source - b.source })
	for i := 1; i < len(list); i++ {
		if list[i].source == list[i-1].source {
			return fmt.Errorf("audio: listener %d hears source %d twice: name it once, with one gain", listener, r.numbers[list[i].source])
		}
	}
	r.special[l] = slices.DeleteFunc(list, func(v voice) bool { return v.gain == 0 })
	return nil
}

// gainOf is a gain in dB as a factor.
func gainOf(dB float64) int64 {
	if dB <= -100 {
		return 0
	}
	return int64(math.Round(unity * math.Pow(10, dB/20)))
}

// findUsual finds each source's most frequent gain; of several the lowest.
func (r *Room) findUsual() {
	gains := make([][]int64, len(r.numbers))
	for _, list := range r.special {
		for _, v := range list {
			gains[v.source] = append(gains[v.source], v.gain)
		}
	}
	for source, all := range gains {
		slices.Sort(all)
		for most := 0; len(all) > 0; {
			run := 1
			for run < len(all) && all[run] == all[0] {
				run++
			}
			if run > most {
				r.usual[source], most = all[0], run
			}
			r.loudest[source], all = all[0], all[run:]
		}
	}
}

// sortOut moves what a member hears with the usual gain into its row.
func (r *Room) sortOut(member int) {
	row := r.row(member)
	r.special[member] = slices.DeleteFunc(r.special[member], func(v voice) bool {
		usual := v.gain == r.usual[v.source]
		if usual {
			row[v.source/64] |= 1 << (v.source % 64)
			r.common[v.source/64] |= 1 << (v.source % 64)
		}
		return usual
	})
}

// row is the set of those whom a member hears with the usual gain.
func (r *Room) row(member int) []uint64 {
	return r.rows[member*r.words : (member+1)*r.words]
}

// gain is what a listener hears a source with. Either may be no member: negative,
// or behind the last.
func (r *Room) gain(listener, source int) int64 {
	n := len(r.numbers)
	if listener < 0 || source < 0 || listener >= n || source >= n {
		return 0
	}
	if r.row(listener)[source/64]>>(source%64)&1 != 0 {
		return r.usual[source]
	}
	for _, v := range r.special[listener] {
		if v.source == source {
			return v.gain
		}
	}
	return 0
}

// indexOf is a member's index, and -1 for who is none.
func (r *Room) indexOf(number int) int {
	if i, ok := r.index[number]; ok {
		return i
	}
	return -1
}
