package jitter

import (
	"errors"
	"time"
)

// Kind is what a packet is, or a frame.
type Kind uint8

// A Packet is one of the first three; a Frame is Voice, Comfort, Lost or Silence.
const (
	// Voice is a payload to decode.
	Voice Kind = iota
	// Comfort is comfort noise (RFC 3389, payload type 13): noise like that from
	// now on, until there is voice.
	Comfort
	// Event has a sequence number and no sound, as telephone-event (RFC 4733). No
	// frame comes of it.
	Event
	// Lost is a payload that did not come: conceal it.
	Lost
	// Silence is a pause: nothing is missing. After Comfort it is its noise.
	Silence
)

// String gives the kind's name.
func (k Kind) String() string {
	return [...]string{"voice", "comfort", "event", "lost", "silence"}[min(k, Silence)]
}

// MaxPayload is the longest payload that is taken, in octets: 20 ms of L16 at
// 48 kHz in stereo have 3,840.
const MaxPayload = 4096

// Packet is what came from the network (RFC 3550 s5.1).
type Packet struct {
	// SSRC, Sequence, Timestamp and Marker are the header's.
	SSRC      uint32
	Timestamp uint32
	// Ticks is how long the payload sounds, in ticks of the RTP clock; for Comfort
	// and Event it does not matter.
	Ticks    uint32
	Sequence uint16
	// Number is the payload type.
	Number uint8
	// Kind is Voice, Comfort or Event.
	Kind   Kind
	Marker bool
	// Payload is copied.
	Payload []byte
}

// Frame is what is to be heard next.
type Frame struct {
	// Payload is that of Voice and Comfort. It is valid until the next frame is
	// taken.
	Payload []byte
	// Next is the payload after a Lost one, where that is here already and was
	// lost alone or as the last of several: Opus finds in it what was lost
	// (codec.Decoder.Conceal).
	Next []byte
	// Ticks is how long the frame is to sound, in ticks of the RTP clock.
	Ticks uint32
	// Length is how long a Voice payload is by itself; where it is not Ticks, the
	// decoded sound is to be brought from one to the other (Fit). The two
	// differ by 1/32 at most, in steps of a quarter of a millisecond.
	Length uint32
	// Timestamp, SSRC, Number and Marker are those of the packet; for a Lost one
	// Timestamp is worked out from the packet before.
	Timestamp, SSRC uint32
	Number          uint8
	Kind            Kind
	Marker          bool
	// Start tells that there was a pause before the frame or that another stream
	// begins with it: nothing joins it to the sound before.
	Start bool
}

// Stats is what became of the packets so far.
type Stats struct {
	// Received counts all that were put in, Played those taken out again as Voice
	// or Comfort.
	Received, Played uint64
	// Lost counts numbers that never came in time, given out as Lost or passed over
	// where there were too many of them.
	Lost uint64
	// Late came after their place had been given out, and are among Lost; Duplicates
	// came a second time.
	Late, Duplicates uint64
	// Strays are wild: a number or timestamp far from all others, a former SSRC's
	// packet, a payload longer than MaxPayload.
	Strays uint64
	// Skipped came in time and were thrown away because too many waited.
	Skipped uint64
	// Restarts counts new SSRCs, new rows of numbers and jumps of the timestamp.
	Restarts uint64
	// Starved counts Lost frames that were given out because nothing was there; they
	// stand for no packet. Only a Buffer has them.
	Starved uint64
	// Stretched and Shrunk is by how much voice was made longer and shorter in all.
	Stretched, Shrunk time.Duration
	// Delay is how much later than the fastest packet could have been the last
	// voice was taken, Target what it ought to be. Only a Buffer has them.
	Delay, Target time.Duration
}

// ErrOptions: what New or NewSequencer was given cannot be. It is wrapped in an error
// that says what.
var ErrOptions = errors.New("jitter: bad options")
