package jitter

// The distribution of delays: bins of 5 ms.
const (
	bins = 48
	// memory is how many packets it knows at most before all counts are halved.
	memory = 500
	// share is how many of them, in percent, the target is enough for.
	share = 99
)

// spans is over how many spans of two seconds the fastest packet is looked for.
const spans = 8

// transit measures how long packets take, in ticks. Only differences mean
// anything, because the clocks of sender and receiver differ by an unknown amount.
type transit struct {
	// fastest is the shortest time of the last spans, least has that of each.
	fastest int64
	least   [spans]int64
	// span is the current one, counted from the beginning.
	span int64
	// length is that of a span, bin that of a bin, in ticks.
	length, bin int64
	counts      [bins]uint16
	total       uint32
	begun       bool
}

// add takes a packet that came at a local time after taking a while.
func (t *transit) add(local, took int64) {
	t.roll(local/t.length, took)
	least := &t.least[t.span%spans]
	*least = min(*least, took)
	t.fastest = min(t.fastest, took)
	t.counts[min((took-t.fastest)/t.bin, bins-1)]++
	if t.total++; t.total >= memory {
		t.forget()
	}
}

// roll begins a new span. Those in which nothing came have no shortest time of
// their own.
func (t *transit) roll(span, took int64) {
	if !t.begun {
		t.begun, t.span, t.fastest = true, span, took
		t.fill(spans, took)
		return
	}
	if span <= t.span {
		return
	}
	t.fill(min(span-t.span, spans), took)
	t.span = span
	t.fastest = t.least[0]
	for _, least := range t.least {
		t.fastest = min(t.fastest, least)
	}
}

// fill sets the spans that come next.
func (t *transit) fill(n, took int64) {
	for i := range n {
		t.least[(t.span+1+i)%spans] = took
	}
}

// forget halves all counts.
func (t *transit) forget() {
	t.total = 0
	for i := range t.counts {
		t.counts[i] /= 2
		t.total += uint32(t.counts[i])
	}
}

// wanted is the delay behind the fastest packet that is enough for most.
func (t *transit) wanted() int64 {
	late := t.total * (100 - share) / 100
	for i := bins - 1; i > 0; i-- {
		if n := uint32(t.counts[i]); n <= late {
			late -= n
			continue
		}
		return int64(i+1) * t.bin
	}
	return t.bin
}
