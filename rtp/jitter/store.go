package jitter

// window is how many numbers lie between the next one to be played and the last
// that can wait: 640 ms in packets of 10 ms.
const window = 64

// slot is one packet that waits.
type slot struct {
	payload []byte
	// at is where the sound begins on the buffer's axis, in ticks.
	at        int64
	number    int64
	timestamp uint32
	ssrc      uint32
	ticks     uint32
	kind      Kind
	pt        uint8
	marker    bool
	// start tells that another stream begins here.
	start bool
	// next is the next free slot; meaningful while this one is free.
	next uint8
}

// none is no slot.
const none = 0

// store keeps packets by their number. Slots are taken from the top of a list of
// free ones, so that a stream which needs three has three and they stay in the
// cache.
type store struct {
	// ring has the slot of each number modulo window, counted from 1.
	ring  [window]uint8
	slots []slot
	free  uint8
	// taken is the slot whose payload the last frame has.
	taken uint8
	count int
}

// at gives the packet of a number; nil when it is not here.
func (s *store) at(number int64) *slot {
	i := s.ring[number&(window-1)]
	if i == none || s.slots[i-1].number != number {
		return nil
	}
	return &s.slots[i-1]
}

// put makes room for a packet and copies its payload. What is in the number's
// place must have been taken or dropped.
func (s *store) put(number int64, p *Packet) *slot {
	i := s.take()
	to := &s.slots[i-1]
	*to = slot{
		payload: append(to.payload[:0], p.Payload...), number: number,
		timestamp: p.Timestamp, ssrc: p.SSRC, ticks: p.Ticks, kind: p.Kind, pt: p.Number, marker: p.Marker,
	}
	s.ring[number&(window-1)] = i
	s.count++
	return to
}

// take gives a free slot, one from the list before a new one. There are window and
// one more: those in the ring and the taken one.
func (s *store) take() uint8 {
	if i := s.free; i != none {
		s.free = s.slots[i-1].next
		return i
	}
	s.slots = append(s.slots, slot{})
	return uint8(len(s.slots))
}

// remove takes a packet out of the ring and keeps it until recycle.
func (s *store) remove(number int64) {
	s.recycle()
	at := &s.ring[number&(window-1)]
	s.taken, *at = *at, none
	s.count--
}

// drop takes a packet out and forgets it.
func (s *store) drop(number int64) {
	at := &s.ring[number&(window-1)]
	s.release(*at)
	*at = none
	s.count--
}

// recycle frees the slot of the last frame.
func (s *store) recycle() {
	if s.taken != none {
		s.release(s.taken)
		s.taken = none
	}
}

func (s *store) release(i uint8) {
	s.slots[i-1].next = s.free
	s.free = i
}
