package rtp

import (
	"time"

	"github.com/tandem-gateway/tandem/rtp/dtmf"
)

// keyRelay is the keys of a transcoder (RFC 4733) where both sides have
// telephone-event: their packets pass beside the sound, with the number and in the
// clock of the listener. The sound under a key is left out.
//
// Where a side has no telephone-event, whoever owns the sessions is told of the keys
// (keyear.go) and tells them on (keyer.go).
type keyRelay struct {
	// to is the listener's payload for keys; nil when it takes none.
	to       *Payload
	rescaler *dtmf.Rescaler
	// last is when the last packet of a key came, pressed whether that is still down, and
	// until where it ends on the source's clock as far as is known.
	last    time.Time
	pressed bool
	until   uint32
	// payload is what is rescaled: the packet is others' too. RFC 4733 s2.5.1.5: it
	// may have several events.
	payload [16 * dtmf.PayloadSize]byte
}

// covers tells whether there is a key in place of the sound at a timestamp.
func (k *keyRelay) covers(now time.Time, timestamp uint32) bool {
	if k.last.IsZero() || now.Sub(k.last) >= dtmf.Timeout {
		return false
	}
	return k.pressed || int32(timestamp-k.until) < 0
}

// takeKey passes a packet of a key on.
func (t *transcoder) takeKey(now time.Time, p *Payload, h header, payload []byte) {
	k := &t.keys
	e, err := dtmf.ParsePayload(payload)
	if k.to == nil || err != nil {
		return
	}
	t.begin(now, h.ssrc, h.timestamp)
	t.quieten()
	k.last, k.pressed, k.until = now, !e.End, h.timestamp+uint32(e.Duration)
	if k.rescaler == nil {
		k.rescaler = dtmf.NewRescaler(int(p.Codec.Rate), int(k.to.Codec.Rate))
	}
	t.mouth.flush(now, t.way)
	n := copy(k.payload[:], payload[:len(payload)/dtmf.PayloadSize*dtmf.PayloadSize])
	packet := dtmf.Packet{Timestamp: h.timestamp, Marker: h.marker, Payload: k.payload[:n]}
	packet = k.rescaler.Rescale(now, packet, t.timestamp(now, p, h.timestamp))
	t.mouth.accompany(now, t.way, header{number: k.to.Number, marker: packet.Marker, timestamp: packet.Timestamp}, packet.Payload)
}

// timestamp is where one of the source's lies on the listener's clock.
func (t *transcoder) timestamp(now time.Time, p *Payload, source uint32) uint32 {
	d := t.believed(now, int32(source-t.expected), p.Codec.Rate)
	return t.mouth.next.timestamp - t.mouth.owed + timeTicks(d, t.mouth.shape.Clock)
}
