package rtp

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/codec"
)

var (
	g722   = Codec{Name: "G722", Rate: 8000}
	wide   = Codec{Name: "L16", Rate: 16000}
	g729   = Codec{Name: "G729", Rate: 8000}
	cn     = Codec{Name: "CN", Rate: 8000}
	opusDT = Codec{Name: "telephone-event", Rate: 48000}
)

// party is a phone of any codec: it sends a tone, and hears what it is sent.
type party struct {
	*rehearsalLeg
	t       testing.TB
	payload Payload
	rate    int
	ptime   time.Duration
	encoder codec.Encoder
	decoder codec.Decoder
	sound   audio.Source
	head    header
	// keyed is the timestamp of the last key.
	keyed uint32
}

// party opens a session for a phone that speaks the first of some codecs, packets of
// 20 ms and a tone of a frequency, at -10 dBFS.
func (r *rehearsal) party(n int, frequency float64, codecs ...Codec) *party {
	r.Helper()
	needs(r.T, codecs[0])
	l := r.leg(n, codecs...)
	p := &party{rehearsalLeg: l, t: r.T, ptime: framePeriod, payload: numbered(codecs)[0]}
	p.rate = rateOf(&p.payload)
	var err error
	if p.encoder, err = codec.NewEncoder(p.payload.format(), codec.Options{Rate: p.rate, Bitrate: 64000}); err != nil {
		r.Fatal(err)
	}
	if p.decoder, err = codec.NewDecoder(p.payload.format(), codec.Options{Rate: p.rate}); err != nil {
		r.Fatal(err)
	}
	if p.sound, err = audio.NewTone(p.rate, audio.Sine{Frequency: frequency, Level: -10}); err != nil {
		r.Fatal(err)
	}
	p.head = header{number: p.payload.Number, ssrc: rand.Uint32(), sequence: uint16(rand.Uint32()), timestamp: rand.Uint32()}
	return p
}

// needs skips a test of a codec that this build has not.
func needs(t testing.TB, c Codec) {
	t.Helper()
	if c.isOpus() && !codec.Known((&Payload{Codec: c}).format()) {
		t.Skip("this build is without cgo, and so without Opus")
	}
}

// next makes the next packet.
func (p *party) next() []byte {
	pcm := make([]int16, p.encoder.Frame(p.ptime))
	p.sound.Fill(pcm)
	payload := make([]byte, 4000)
	n, err := p.encoder.Encode(payload, pcm)
	if err != nil {
		p.t.Fatal(err)
	}
	packet := rtpPacket(p.head.number, p.head.sequence, p.head.timestamp, p.head.ssrc, payload[:n]...)
	p.head.sequence++
	p.head.timestamp += p.encoder.Shape().Ticks(len(pcm))
	return packet
}

// send sends a packet.
func (p *party) send(packet []byte) { p.receiveMedia(time.Now(), packet, p.far) }

// key sends a packet of a key that began at a timestamp.
func (p *party) key(number uint8, timestamp uint32, payload ...byte) {
	packet := rtpPacket(number, p.head.sequence, timestamp, p.head.ssrc, payload...)
	if timestamp != p.keyed {
		packet[1] |= 0x80
	}
	p.keyed = timestamp
	p.send(packet)
	p.head.sequence++
}

// talk lets parties send a packet each 20 ms, for a time.
func talk(d time.Duration, parties ...*party) {
	for ; d >= framePeriod; d -= framePeriod {
		for _, p := range parties {
			p.send(p.next())
		}
		<-time.After(framePeriod)
	}
	synctest.Wait()
}

// heard decodes what the party was sent since the last call, gaps being silence, and
// checks that it is one stream.
func (p *party) heard() (pcm []int16, sent []sentFrame) {
	p.t.Helper()
	sent = p.taken()
	for i, s := range sent {
		if s.header.number != p.payload.Number {
			continue
		}
		at := p.decoder.Shape().Values(s.header.timestamp - sent[0].header.timestamp)
		if i > 0 && (s.header.ssrc != sent[0].header.ssrc || s.header.sequence != sent[i-1].header.sequence+1) {
			p.t.Fatalf("packet %d: %+v after %+v", i, s.header, sent[i-1].header)
		}
		if at < len(pcm) || at > len(pcm)+3600*p.rate {
			p.t.Fatalf("packet %d begins at %d of %d samples: %+v", i, at, len(pcm), s.header)
		}
		frame := make([]int16, p.decoder.Length(s.payload))
		if _, err := p.decoder.Decode(frame, s.payload); err != nil {
			p.t.Fatalf("packet %d: %v", i, err)
		}
		pcm = append(append(pcm, make([]int16, at-len(pcm))...), frame...)
	}
	return pcm, sent
}

// silence is the longest time without sound there is, in a tone that goes on.
func silence(pcm []int16, rate int) time.Duration {
	longest, run := 0, 0
	for _, x := range pcm {
		if run++; x > 300 || x < -300 {
			run = 0
		}
		longest = max(longest, run)
	}
	return time.Duration(longest) * time.Second / time.Duration(rate)
}

// hears lets a table be in force over parties, numbered from 1, and other ends.
func (r *rehearsal) hears(table Table, more map[int]End, parties ...*party) {
	r.Helper()
	ends := make(map[int]End)
	for i, p := range parties {
		ends[i+1] = p.Session
	}
	for number, e := range more {
		ends[number] = e
	}
	swap(r, table, ends)
}

// both is a call of two.
func both() Table { return Table{1: {{Source: 2}}, 2: {{Source: 1}}} }

// everybody is a conference.
func everybody(n int) Table {
	t := make(Table, n)
	for i := 1; i <= n; i++ {
		for k := 1; k <= n; k++ {
			if k != i {
				t[i] = append(t[i], Heard{Source: k})
			}
		}
	}
	return t
}

// keyPayload is a telephone-event.
func keyPayload(event uint8, end bool, duration uint16) []byte {
	b := []byte{event, 10, 0, 0}
	if end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], duration)
	return b
}

// after leaves out the beginning of a sound.
func after(pcm []int16, rate int, d time.Duration) []int16 {
	return pcm[min(len(pcm), int(d*time.Duration(rate)/time.Second)):]
}
