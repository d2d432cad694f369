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
	payloads := []Payload{{0, pcmu}, {101, events}}
	mux := plain(alicesAddress, payloads...)
	mux.Mux = true
	a = r.leg(mux)
	b = r.leg(plain(bobsAddress, Payload{0, pcmu}, Payload{96, events}))
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
