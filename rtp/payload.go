package rtp

import (
	"fmt"
	"strings"
)

// Codec is what a payload number stands for: the encoding, and not the number,
// is what two parties have in common (RFC 3264 s5.1, RFC 4855).
type Codec struct {
	// Name is the encoding name of a=rtpmap, such as PCMU or telephone-event.
	Name string
	// Rate is the clock rate in Hz: what RTP timestamps count.
	Rate uint32
	// Channels is the number of audio channels; 0 means 1 (RFC 8866 s6.6).
	Channels uint8
}

// Is tells whether two codecs are the same encoding.
//
// RFC 4855 s3: "encoding names are case-insensitive".
func (c Codec) Is(d Codec) bool {
	return c.Rate == d.Rate && max(c.Channels, 1) == max(d.Channels, 1) && strings.EqualFold(c.Name, d.Name)
}

// String writes the codec as a=rtpmap does: PCMU/8000, opus/48000/2.
func (c Codec) String() string {
	if c.Channels > 1 {
		return fmt.Sprintf("%s/%d/%d", c.Name, c.Rate, c.Channels)
	}
	return fmt.Sprintf("%s/%d", c.Name, c.Rate)
}

// accompanies tells of formats that only go along with a codec and are nothing
// to listen to by themselves: keys (RFC 4733) and comfort noise (RFC 3389).
func (c Codec) accompanies() bool {
	return strings.EqualFold(c.Name, "telephone-event") || strings.EqualFold(c.Name, "CN")
}

// Payload is a payload number and the codec that it was negotiated for.
type Payload struct {
	// Number is the payload type, 0 to 127 (RFC 3551 s6).
	Number uint8
	Codec  Codec
	// Parameters is a=fmtp without the number: among those that a far end takes what it
	// would like to be sent, such as "useinbandfec=1". A relay does not look at it.
	Parameters string
}

// clocks has the clock rate of each payload number that was negotiated. Up to
// four, as there are nearly always, lie within it (see path).
type clocks struct {
	list   []clock
	inline [4]clock
}

type clock struct {
	number uint8
	keys   bool
	rate   uint32
}

// set takes the numbers of a list.
func (c *clocks) set(payloads []Payload) {
	c.list = c.inline[:0]
	for _, p := range payloads {
		c.list = append(c.list, clock{p.Number, p.Codec.isKeys(), p.Codec.Rate})
	}
}

// rate is the clock rate of a payload number; 0 when it was not negotiated.
func (c *clocks) rate(number uint8) uint32 {
	for i := range c.list {
		if c.list[i].number == number {
			return c.list[i].rate
		}
	}
	return 0
}

// isKeys tells whether a payload number is that of telephone events.
func (c *clocks) isKeys(number uint8) bool {
	for i := range c.list {
		if c.list[i].number == number {
			return c.list[i].keys
		}
	}
	return false
}

// carrying finds the first payload for a codec; nil when there is none.
func carrying(list []Payload, c Codec) *Payload {
	for i := range list {
		if list[i].Codec.Is(c) {
			return &list[i]
		}
	}
	return nil
}

// checkPayloads refuses numbers that do not fit the header and codecs without a
// clock.
func checkPayloads(what string, list []Payload) error {
	for _, p := range list {
		if p.Number > 127 {
			return fmt.Errorf("rtp: %s payload number %d of %s: numbers go from 0 to 127 (RFC 3551 s6)", what, p.Number, p.Codec)
		}
		if p.Codec.Rate == 0 {
			return fmt.Errorf("rtp: %s payload %d (%q) has no clock rate: a=rtpmap must say one (RFC 8866 s6.6)", what, p.Number, p.Codec.Name)
		}
	}
	return nil
}

// Direction says which way media flows, seen from the far end of a session: two
// bits, so that directions intersect with &. The zero value is inactive.
type Direction uint8

// The two bits, and both. An SDP of the far end with a=sendonly is Sends.
const (
	Inactive Direction = 0
	// Sends: the far end sends, and its packets go to whoever hears it.
	Sends Direction = 1
	// Receives: the far end wants to be sent what it hears.
	Receives Direction = 2
	SendRecv           = Sends | Receives
)

// String gives the SDP attribute's name (RFC 8866 s6.7).
func (d Direction) String() string {
	return [...]string{"inactive", "sendonly", "recvonly", "sendrecv"}[d&SendRecv]
}
