package phone

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Frame is the sound of one packet: 20 ms, 160 samples of 8 kHz.
const (
	Frame   = 20 * time.Millisecond
	samples = 160
)

// remembered is how many frames of what was heard are kept: two seconds.
const remembered = 100

// Audio is the media of one party as a plain value: it sends a tone and keeps
// what it heard last. It speaks and understands G.711, sends to where it is told
// and takes packets from anywhere, for who may send is what tests look at.
type Audio struct {
	// Local is the address that it receives on.
	Local netip.AddrPort
	// Pitch is the tone that it sends, in Hz.
	Pitch float64
	// Write sends one packet.
	Write func(packet []byte, to netip.AddrPort)

	to       netip.AddrPort
	codec    string
	kind     byte
	due      time.Time
	sequence uint16
	stamp    uint32
	tone     oscillator
	heard    []heard
	report   Report
	stream   stream
	types    map[byte]string
	secured  *protection
	shaken   *association
	keys     keypad
}

// heard is one frame and when it came.
type heard struct {
	at    time.Time
	sound []int16
}

// Report counts the packets of one party's audio.
type Report struct {
	// Sent and Received count RTP packets.
	Sent, Received int
	// Lost is how many of the other side's sequence numbers never came.
	Lost int
	// Sources is how many different SSRCs were received.
	Sources int
	// Unopened is how many packets came that the keys of SRTP do not fit; they count for
	// nothing else.
	Unopened int
}

// stream follows the sequence numbers of what is received.
type stream struct {
	ssrc    uint32
	first   uint16
	highest uint16
	count   int
	begun   bool
}

// Start sends the tone, every 20 ms from now, as the other side's description
// wants it: to its address, in its first codec that is G.711 and that we have
// described too. Nothing is sent while its direction forbids it or its port is 0.
func (a *Audio) Start(now time.Time, theirs Description) error {
	a.Stop()
	a.keys.kind = 0
	if i := slices.Index(theirs.Codecs, "telephone-event"); i >= 0 {
		a.keys.kind = byte(theirs.Types[i])
	}
	for i, c := range theirs.Codecs {
		if !a.speaks(c) {
			continue
		}
		if theirs.Direction == SendRecv || theirs.Direction == RecvOnly {
			a.to, a.codec, a.kind, a.due = theirs.Address, c, byte(theirs.Types[i]), now
		}
		if theirs.Address.Port() == 0 {
			a.Stop()
		}
		return nil
	}
	return fmt.Errorf("no G.711 that we have described among the codecs %v", theirs.Codecs)
}

func (a *Audio) speaks(codec string) bool {
	if codec != "PCMU" && codec != "PCMA" {
		return false
	}
	for _, ours := range a.types {
		if ours == codec {
			return true
		}
	}
	return a.types == nil
}

// Expect takes the payload types that come in from our own description: RFC 3264
// section 5.1, they are those that the describer wants to receive. Without one,
// they are RFC 3551's.
func (a *Audio) Expect(ours Description) {
	a.types = map[byte]string{}
	for i, c := range ours.Codecs {
		a.types[byte(ours.Types[i])] = c
	}
}

func (a *Audio) encoding(kind byte) string {
	if a.types != nil {
		return a.types[kind]
	}
	return map[byte]string{0: "PCMU", 8: "PCMA"}[kind]
}

// Stop ends the tone.
func (a *Audio) Stop() { a.to, a.due = netip.AddrPort{}, time.Time{} }

// Sending tells whether the tone is on.
func (a *Audio) Sending() bool { return a.to.IsValid() }

// Next is when the next packet is due; zero when none is.
func (a *Audio) Next() time.Time { return a.due }

// Tick sends the packets that are due.
func (a *Audio) Tick(now time.Time) {
	for !a.due.IsZero() && !a.due.After(now) {
		a.send(a.packet())
		a.report.Sent++
		a.due = a.due.Add(Frame)
	}
}

// packet is RFC 3550 section 5.1 without padding, extension or CSRC.
func (a *Audio) packet() []byte {
	if b, pressed := a.keyPacket(); pressed {
		return b
	}
	return encode(a.head(), a.codec, a.tone.next(a.Pitch))
}

// head is the header of the next packet.
func (a *Audio) head() []byte {
	b := make([]byte, 12, 12+samples)
	b[0], b[1] = 0x80, a.kind
	if a.report.Sent == 0 {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], a.sequence)
	binary.BigEndian.PutUint32(b[4:], a.stamp)
	binary.BigEndian.PutUint32(b[8:], a.source())
	a.sequence++
	a.stamp += samples
	return b
}

// source is this party's SSRC: its own, and the same in every run.
func (a *Audio) source() uint32 {
	ip := a.Local.Addr().As16()
	return binary.BigEndian.Uint32(ip[12:]) ^ uint32(a.Local.Port())<<16
}

// Receive takes one packet; what is no RTP is an error, RTCP (RFC 5761 section
// 4) is passed over.
func (a *Audio) Receive(now time.Time, packet []byte) error {
	if len(packet) > 1 && packet[1] >= 192 && packet[1] <= 223 {
		return nil
	}
	if a.handshook(packet) {
		return nil
	}
	if len(packet) < 12 || packet[0]>>6 != 2 {
		return fmt.Errorf("%d bytes that are no RTP", len(packet))
	}
	packet, opened := a.open(now, packet)
	if !opened {
		return nil
	}
	begin := 12 + 4*int(packet[0]&0x0f)
	if packet[0]&0x30 != 0 || begin > len(packet) {
		return fmt.Errorf("RTP with padding, extension or a short list of sources: % x", packet[:12])
	}
	a.count(binary.BigEndian.Uint16(packet[2:]), binary.BigEndian.Uint32(packet[8:]))
	encoding := a.encoding(packet[1] & 0x7f)
	a.hearKeys(encoding, binary.BigEndian.Uint32(packet[4:]), packet[begin:])
	if sound, ok := decode(encoding, packet[begin:]); ok {
		a.heard = append(a.heard, heard{now, sound})
		a.heard = a.heard[max(0, len(a.heard)-remembered):]
	}
	return nil
}

// count is RFC 3550 appendix A.3 as far as a test needs it.
func (a *Audio) count(sequence uint16, ssrc uint32) {
	a.report.Received++
	s := &a.stream
	if !s.begun || s.ssrc != ssrc {
		a.report.Lost += s.lost()
		a.report.Sources++
		*s = stream{ssrc: ssrc, first: sequence, highest: sequence, begun: true}
	}
	s.count++
	if int16(sequence-s.highest) > 0 {
		s.highest = sequence
	}
}

func (s stream) lost() int {
	if !s.begun {
		return 0
	}
	return max(0, int(s.highest-s.first)+1-s.count)
}

// Report is the counts so far.
func (a *Audio) Report() Report {
	r := a.report
	r.Lost += a.stream.lost()
	return r
}

// Level is how loud a pitch was in what came within the last while, in dBm0;
// very low (-100) when that is less than half of the while.
func (a *Audio) Level(now time.Time, while time.Duration, pitch float64) float64 {
	var sound []int16
	for _, h := range a.heard {
		if h.at.After(now.Add(-while)) {
			sound = append(sound, h.sound...)
		}
	}
	if len(sound) < samples*int(while/Frame)/2 {
		return silence
	}
	return level(sound, pitch)
}
