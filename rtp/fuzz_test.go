package rtp

import (
	"bytes"
	"testing"

	"github.com/pion/rtcp"
)

// fuzzCall is a call whose bob hears a source that was swapped, so that all that
// rewrites is at work.
func fuzzCall(t testing.TB) (r *rig, a, b *Session) {
	r = newRig(t)
	payloads := []Payload{{Number: 0, Codec: pcmu}, {Number: 101, Codec: events}}
	mux := plain(alicesAddress, payloads...)
	mux.Mux = true
	a = r.leg(mux)
	b = r.leg(plain(bobsAddress, Payload{Number: 0, Codec: pcmu}, Payload{Number: 96, Codec: events}))
	feed, err := NewFeed(pcmu)
	if err != nil {
		t.Fatal(err)
	}
	r.hear(Table{2: {{Source: 3}}}, map[int]End{1: a, 2: b, 3: feed})
	if err := feed.Send(start, Frame{Codec: pcmu}); err != nil {
		t.Fatal(err)
	}
	r.bridge(a, b)
	r.take()
	return r, a, b
}

// FuzzRTP: whatever comes to an RTP port, what goes out is RTP with a payload
// number that bob takes, or RTCP; the size is the same and so is the payload.
func FuzzRTP(f *testing.F) {
	f.Add(rtpPacket(0, 1, 2, 3, 4, 5))
	f.Add(rtpPacket(101, 1, 2, 3, 4, 5, 6, 7))
	f.Add([]byte{2<<6 | 0x30 | 1, 0x80, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0xBE, 0xDE, 0, 0, 7, 1})
	f.Add(marshal(f, &rtcp.ReceiverReport{SSRC: 1}))
	f.Fuzz(func(t *testing.T, packet []byte) {
		r, a, b := fuzzCall(t)
		r.deliver(start, addr("203.0.113.9:7000"), a.LocalRTP(), packet)
		if sent := r.take(); len(sent) != 0 {
			t.Fatalf("a stranger's %x was sent on", packet)
		}
		r.deliver(start, addr(alicesAddress), a.LocalRTP(), packet)
		for _, p := range r.take() {
			checkSent(t, b, p, packet)
		}
	})
}

func checkSent(t *testing.T, b *Session, p sentPacket, original []byte) {
	if len(p.bytes) != len(original) {
		t.Fatalf("%x became %x", original, p.bytes)
	}
	if p.from == b.LocalRTCP() {
		if !validReports(p.bytes) {
			t.Fatalf("sent as RTCP: %x", p.bytes)
		}
		return
	}
	h := parsed(t, p.bytes)
	if h.number != 0 && h.number != 96 || !bytes.Equal(p.bytes[headerSize:], original[headerSize:]) {
		t.Fatalf("%x became %x", original, p.bytes)
	}
}

// FuzzRTCP: whatever comes to an RTCP port, what goes out is valid and as long.
func FuzzRTCP(f *testing.F) {
	f.Add(marshal(f, compound(1, 2, 3, 4)...))
	f.Add(marshal(f, &rtcp.ReceiverReport{SSRC: 1}))
	f.Add([]byte{2<<6 | 31, typeGoodbye, 0, 1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, packet []byte) {
		r, a, b := fuzzCall(t)
		r.deliver(start, addr(bobsAddress), b.LocalRTP(), rtpPacket(0, 1, 1, 2))
		r.deliver(start, addr(alicesAddress), a.LocalRTP(), rtpPacket(0, 1, 1, 1))
		r.take()
		r.deliver(start, addr("192.0.2.2:4001"), b.LocalRTCP(), packet)
		for _, p := range r.take() {
			if p.to != addr(alicesAddress) || len(p.bytes) != len(packet) || !validReports(p.bytes) || !validReports(packet) {
				t.Fatalf("%x became %x", packet, p.bytes)
			}
		}
		r.deliver(start, addr(bobsAddress), a.LocalRTCP(), packet)
		if sent := r.take(); len(sent) != 0 {
			t.Fatalf("a stranger's %x was sent on", packet)
		}
	})
}

// FuzzMadeSound: whatever the far end of a transcoded and mixed call sends, others are
// sent packets of theirs, each no more than is due.
func FuzzMadeSound(f *testing.F) {
	needs(f, opus)
	f.Add(uint8(96), uint16(1), uint32(160), []byte{1, 2, 3, 4}, uint8(3))
	f.Add(uint8(97), uint16(9), uint32(0), []byte{5, 0x8A, 3, 0xC0}, uint8(1))
	f.Add(uint8(98), uint16(65535), uint32(1<<31), []byte{40, 1, 2, 3}, uint8(9))
	f.Add(uint8(99), uint16(2), uint32(960), []byte{0x78, 0xFF, 3}, uint8(70))
	f.Fuzz(func(t *testing.T, number uint8, sequence uint16, timestamp uint32, payload []byte, often uint8) {
		payload = payload[:min(len(payload), 1500)]
		w := newWire()
		e, err := New(Config{Network: w, Address: loopback, First: 20000, Last: 20005})
		if err != nil {
			t.Fatal(err)
		}
		e.clock.empty = make(chan struct{}, 1) // the test is the clock
		ends := map[int]End{}
		for i, codecs := range [][]Codec{{g722, events, cn, opus}, {pcma, events}, {opus, events}} {
			s := sessionTo(t, e, addr(alicesAddress))
			list := numbered(codecs)
			if err := s.SetRemote(plain(alicesAddress, list...)); err != nil {
				t.Fatal(err)
			}
			ends[i+1] = s
		}
		a, now := ends[1].(*Session), start
		for _, table := range []Table{{2: {{Source: 1}}, 3: {{Source: 1, Gain: 3}}}, everybody(3)} {
			swap(t, table, ends)
			for i := range uint16(often) {
				packet := rtpPacket(number&127, sequence+i*i, timestamp+uint32(i)*timestamp, 7, payload...)
				w.deliver(now, addr(alicesAddress), a.LocalRTP(), packet)
				e.clock.pull(now, now)
				now = now.Add(framePeriod)
			}
			sent := w.take()
			if len(sent) > 30*(int(often)+1) {
				t.Fatalf("%d packets in, %d out", often, len(sent))
			}
			for _, p := range sent {
				if h := parsed(t, p.bytes); h.number != 8 && h.number < 96 || len(p.bytes) > headerSize+maxPayload {
					t.Fatalf("sent %+v, %d octets", h, len(p.bytes))
				}
			}
		}
		swap(t, Table{}, ends)
	})
}
