package dtmf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// PayloadSize is the size of one event in a packet, in octets.
const PayloadSize = 4

// maxDuration is the longest duration that a packet can state, in ticks.
const maxDuration = 0xFFFF

// ErrPayload says that a payload is no telephone-event.
var ErrPayload = errors.New("dtmf: not a telephone-event payload")

// Payload is one event of a packet (RFC 4733 s2.3):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     event     |E|R| volume    |          duration             |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type Payload struct {
	// Event is the event's code; those of keys are Digits.
	Event uint8
	// End says that the event has ended.
	End bool
	// Reserved is the bit R. A Sender leaves it 0, a Receiver ignores it.
	Reserved bool
	// Volume is the tone's level in dBm0 without its sign: 0 to 63.
	Volume uint8
	// Duration is how long it has lasted since the packet's timestamp, in ticks of
	// the payload's clock.
	Duration uint16
}

// ParsePayload reads the first event of a payload; what follows it is left. Its
// error is an ErrPayload.
func ParsePayload(b []byte) (Payload, error) {
	if len(b) < PayloadSize {
		return Payload{}, fmt.Errorf("%w: %d octets, an event has %d", ErrPayload, len(b), PayloadSize)
	}
	return Payload{
		Event:    b[0],
		End:      b[1]&0x80 != 0,
		Reserved: b[1]&0x40 != 0,
		Volume:   b[1] & 0x3F,
		Duration: binary.BigEndian.Uint16(b[2:]),
	}, nil
}

// Append writes the event to the end of b. A volume beyond 63 is written as 63.
func (p Payload) Append(b []byte) []byte {
	flags := min(p.Volume, 63)
	if p.End {
		flags |= 0x80
	}
	if p.Reserved {
		flags |= 0x40
	}
	return binary.BigEndian.AppendUint16(append(b, p.Event, flags), p.Duration)
}

// Packet is what of an RTP packet says something about events.
type Packet struct {
	// Timestamp is the RTP timestamp: when the event, or its segment, began.
	Timestamp uint32
	// Marker is set on the first packet of an event.
	Marker bool
	// Payload is one event, or several, each as a Payload writes it.
	Payload []byte
}

// Rescale gives a number of ticks of one clock in those of another, rounded to
// the nearest. Rates are in Hz.
func Rescale(ticks int64, from, to int) int64 {
	return (ticks*int64(to) + int64(from)/2) / int64(from)
}

// lasting gives the time that a number of ticks takes. Whole seconds and the
// rest are counted apart, lest a long key overflow.
func lasting(ticks int64, rate int) time.Duration {
	whole, rest := ticks/int64(rate), ticks%int64(rate)
	return time.Duration(whole)*time.Second + time.Duration(rest)*time.Second/time.Duration(rate)
}

// ticks gives the number of ticks that a time takes, rounded to the nearest.
func ticks(d time.Duration, rate int) int64 {
	whole, rest := int64(d/time.Second), int64(d%time.Second)
	return whole*int64(rate) + (rest*int64(rate)+int64(time.Second)/2)/int64(time.Second)
}
