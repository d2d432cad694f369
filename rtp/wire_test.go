package rtp

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

// wire is a network without time: what is sent is noted, what arrives is
// delivered by the test. It refuses the ports that are taken.
type wire struct {
	sockets map[netip.AddrPort]*wireSocket
	taken   map[uint16]bool
	fails   error
	sent    []sentPacket
}

type sentPacket struct {
	from, to netip.AddrPort
	bytes    []byte
}

type wireSocket struct {
	wire    *wire
	local   netip.AddrPort
	receive Receive
	closed  bool
}

func newWire() *wire {
	return &wire{sockets: make(map[netip.AddrPort]*wireSocket), taken: make(map[uint16]bool)}
}

func (w *wire) Open(local netip.AddrPort, receive Receive) (Socket, error) {
	switch {
	case w.fails != nil:
		return nil, w.fails
	case w.taken[local.Port()] || w.sockets[local] != nil:
		return nil, syscall.EADDRINUSE
	}
	s := &wireSocket{wire: w, local: local, receive: receive}
	w.sockets[local] = s
	return s, nil
}

func (s *wireSocket) Send(packet []byte, to netip.AddrPort) error {
	if s.closed {
		return ErrClosed
	}
	s.wire.sent = append(s.wire.sent, sentPacket{s.local, to, append([]byte(nil), packet...)})
	return nil
}

func (s *wireSocket) Local() netip.AddrPort { return s.local }

func (s *wireSocket) Close() error {
	if s.closed {
		return ErrClosed
	}
	s.closed = true
	delete(s.wire.sockets, s.local)
	return nil
}

// deliver brings a packet to a local address.
func (w *wire) deliver(now time.Time, from, to netip.AddrPort, packet []byte) {
	if s := w.sockets[to]; s != nil {
		s.receive(now, append([]byte(nil), packet...), from)
	}
}

// take gives what was sent since the last call.
func (w *wire) take() []sentPacket {
	sent := w.sent
	w.sent = nil
	return sent
}

// The parties of most tests.
var (
	pcmu   = Codec{Name: "PCMU", Rate: 8000}
	pcma   = Codec{Name: "PCMA", Rate: 8000}
	opus   = Codec{Name: "opus", Rate: 48000, Channels: 2}
	events = Codec{Name: "telephone-event", Rate: 8000}

	start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// rtpPacket builds a packet of the fixed header and a payload.
func rtpPacket(number uint8, sequence uint16, timestamp, ssrc uint32, payload ...byte) []byte {
	b := make([]byte, headerSize, headerSize+len(payload))
	b[0] = 2 << 6
	header{number: number, sequence: sequence, timestamp: timestamp, ssrc: ssrc}.write(b)
	return append(b, payload...)
}

// parsed reads a packet that must be one.
func parsed(t interface{ Fatalf(string, ...any) }, b []byte) header {
	h, ok := parseHeader(b)
	if !ok {
		t.Fatalf("no RTP: %x", b)
	}
	return h
}

// speaker is a far end that sends one stream.
type speaker struct {
	wire      *wire
	at, to    netip.AddrPort
	number    uint8
	sequence  uint16
	timestamp uint32
	ssrc      uint32
}

// say sends n packets of 20 ms, and gives the time after the last.
func (s *speaker) say(now time.Time, n int) time.Time {
	for range n {
		s.wire.deliver(now, s.at, s.to, rtpPacket(s.number, s.sequence, s.timestamp, s.ssrc, 1, 2, 3))
		s.sequence++
		s.timestamp += 160
		now = now.Add(20 * time.Millisecond)
	}
	return now
}

// rig is an engine over a wire.
type rig struct {
	testing.TB
	*wire
	engine *Engine
}

func newRig(t testing.TB) *rig {
	t.Helper()
	w := newWire()
	e, err := New(Config{Network: w, Address: netip.MustParseAddr("10.0.0.1"), First: 20000, Last: 20099})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n := e.InUse(); n != 0 || len(w.sockets) != 0 {
			t.Errorf("left: %d pairs in use, %d sockets", n, len(w.sockets))
		}
	})
	return &rig{t, w, e}
}

// leg opens a session that is closed with the test.
func (r *rig) leg(remote Remote) *Session {
	r.Helper()
	s, err := r.engine.Open(netip.Addr{})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { s.Close() })
	if err := s.SetRemote(remote); err != nil {
		r.Fatal(err)
	}
	return s
}

// plain is a far end that sends and takes the given payloads.
func plain(at string, payloads ...Payload) Remote {
	return Remote{RTP: addr(at), Send: payloads, Receive: payloads, Direction: SendRecv}
}

// hear puts a table in force.
func (r *rig) hear(table Table, ends map[int]End) {
	r.Helper()
	paths, err := Compile(table, ends)
	if err != nil {
		r.Fatal(err)
	}
	paths.Swap()
}

// bridge lets two sessions hear each other.
func (r *rig) bridge(a, b *Session) {
	r.Helper()
	r.hear(Table{1: {{Source: 2}}, 2: {{Source: 1}}}, map[int]End{1: a, 2: b})
}

// speak makes the far end of a session, with a stream of its own.
func (r *rig) speak(s *Session, at string, number uint8, ssrc uint32) *speaker {
	return &speaker{wire: r.wire, at: addr(at), to: s.LocalRTP(), number: number, sequence: uint16(ssrc), timestamp: ssrc * 7, ssrc: ssrc}
}

func word(b []byte, at int) uint32 { return binary.BigEndian.Uint32(b[at:]) }
