package rtp

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	mathrand "math/rand/v2"
	"net/netip"
	"time"

	"github.com/tandem-gateway/tandem/rtp/quality"
	"github.com/tandem-gateway/tandem/rtp/srtp"
)

// reportInterval is the mean time between two reports of ours.
//
// RFC 3550 s6.2 has 5 s as the fixed minimum. With two members and the 5 % of a call's
// bandwidth that are RTCP's, the interval that s6.3.1 computes is far below that.
const reportInterval = 5 * time.Second

// reporter makes RTCP for a far end whose sound is made here: nobody else's reports would
// fit what it hears. Where it is relayed, those of the other side pass, and there is none
// of ours.
//
//	        heard by a transcoder, a room, a player      time is up: report
//	resting ------------------------------------> running -----+
//	   ^                                           |   ^       |
//	   +--------- relayed again, closed -----------+   +-------+
//
// It has a timer of the runtime and no goroutine; Close ends it.
type reporter struct {
	timer   *time.Timer
	running bool
	// name is our CNAME, ssrc who we are while nothing has been sent.
	name string
	ssrc uint32
	// rate is the clock of what was sent last.
	rate uint32
	// sent is how many packets had been sent at the last report and at the one before.
	sent [2]uint64
	// expected and lost are those of the last report; since is how many reports there were.
	expected, lost uint64
	since          uint64
}

// newReporter makes one for a session.
//
// RFC 7022 s4.2: a CNAME that nobody can follow from call to call is at least 96 random
// bits, in base 64.
func newReporter(report func()) *reporter {
	var name [12]byte
	_, _ = rand.Read(name[:]) // it never fails
	r := &reporter{name: base64.StdEncoding.EncodeToString(name[:]), ssrc: mathrand.Uint32(), rate: 8000}
	r.timer = time.AfterFunc(time.Hour, report)
	return r
}

// pause is how long to wait for the next report.
//
// RFC 3550 s6.3.1: the interval is "distributed uniformly over the range [0.5,1.5] times"
// the computed one, divided by e-3/2; half the minimum for the first report (s6.2).
func (r *reporter) pause() time.Duration {
	const compensation = 1.21828
	d := float64(reportInterval) * (0.5 + mathrand.Float64()) / compensation
	if r.since == 0 {
		d /= 2
	}
	return time.Duration(d)
}

// carried tells whether anything has come or gone.
func (s *Session) carried() bool { return s.in.packets > 0 || s.counters.sent.Packets > 0 }

// restReports ends our reports, with the lock. Who has made none is forgotten.
func (s *Session) restReports() {
	r := s.reporter
	if r == nil || !r.running {
		return
	}
	r.running = false
	r.timer.Stop()
	if r.since == 0 {
		s.reporter = nil
	}
}

// reportsItself tells whether reports to the far end are ours to make, with the lock.
func (s *Session) reportsItself() bool {
	return !s.closed && (s.heard == nil || s.heard.from.maker != nil)
}

// settleReports starts or stops our reports, with the lock, when what is heard has changed.
func (s *Session) settleReports() {
	if !s.reportsItself() {
		s.restReports()
		return
	}
	if s.reporter == nil && s.heard == nil && !s.carried() {
		return // nobody is there yet
	}
	if s.reporter == nil {
		s.reporter = newReporter(s.report)
	}
	if r := s.reporter; !r.running {
		r.running = true
		r.timer.Reset(r.pause())
	}
}

// report is what happens when the time is up.
func (s *Session) report() {
	s.mu.Lock()
	if !s.reportsItself() || s.reporter == nil {
		s.restReports()
		s.mu.Unlock()
		return
	}
	now := time.Now()
	packet := s.compound(now)
	s.sendReport(now, packet)
	s.reportAgain()
}

func (s *Session) reportAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.reporter; r != nil && r.running {
		r.timer.Reset(r.pause())
	}
}

// sendReport sends a report of ours; nil is none. It is called with the lock, and gives it
// back.
func (s *Session) sendReport(now time.Time, packet []byte) {
	out, to := s.reportsGo()
	if packet == nil || !to.IsValid() || s.secured.mute() {
		s.mu.Unlock()
		return
	}
	s.counters.rare().reportsSent.add(len(packet))
	s.departs(now, packet)
	sealed := s.secured.active()
	s.mu.Unlock()
	s.postReport(out, to, packet, sealed)
}

// reportsGo is by which socket and whereto reports leave.
func (s *Session) reportsGo() (Socket, netip.AddrPort) {
	if s.remote.Mux {
		return s.media, s.latch.destination()
	}
	return s.control, s.reports.destination()
}

// compound makes a compound packet; nil while there is nothing to report: nothing has
// come, and nothing went.
//
// RFC 3550 s6.1: each has a report first and a CNAME.
func (s *Session) compound(now time.Time) []byte {
	if !s.carried() {
		return nil
	}
	r := s.reporter
	to := make([]byte, 0, 128+srtp.Tailroom)
	blocks := s.blocks(now)
	if s.speaks3550() {
		to = quality.AppendSender(to, s.senderReport(now), blocks...)
	} else {
		to = quality.AppendReceiver(to, s.ourSSRC(), blocks...)
	}
	r.sent = [2]uint64{s.counters.sent.Packets, r.sent[0]}
	r.since++
	return quality.AppendName(to, s.ourSSRC(), r.name)
}

// speaks3550 tells whether we are a sender (RFC 3550 s6.4): something was sent since the
// report before the last.
func (s *Session) speaks3550() bool {
	return s.flow.state != continuitySilent && s.counters.sent.Packets > s.reporter.sent[1]
}

// ourSSRC is who the far end hears.
func (s *Session) ourSSRC() uint32 {
	if s.flow.state == continuitySilent {
		return s.reporter.ssrc
	}
	return s.flow.by.to
}

// senderReport says what was sent. The timestamp is that of a sound which would be sent
// now (RFC 3550 s6.4.1).
func (s *Session) senderReport(now time.Time) quality.Sender {
	if s.heard != nil && len(s.heard.rewrites) > 0 {
		s.reporter.rate = s.heard.rewrites[0].rate
	}
	sent := s.counters.sent
	since := max(0, now.Sub(s.flow.at))
	return quality.Sender{
		SSRC:    s.flow.by.to,
		NTP:     quality.NTP(now),
		RTP:     s.flow.timestamp + uint32(int64(since.Seconds()*float64(s.reporter.rate))),
		Packets: uint32(sent.Packets),
		Octets:  uint32(sent.Octets - headerSize*sent.Packets),
	}
}

// blocks says what has come; nothing does while nothing has.
func (s *Session) blocks(now time.Time) []quality.Block {
	if s.in.packets == 0 {
		return nil
	}
	r, lost := s.reporter, s.in.lostTotal()
	expected := lost + s.in.packets - s.in.duplicates
	b := quality.Block{
		SSRC:     s.in.ssrc,
		Fraction: fraction(lost-min(lost, r.lost), expected-min(expected, r.expected)),
		Lost:     int32(min(lost, 1<<23-1)),
		Highest:  uint32(s.in.highest - 1<<16), // base lies one cycle up
		Jitter:   uint32((s.in.jitter >> 4) * int64(s.sounds().Codec.Rate) / int64(time.Second)),
	}
	if m := s.measured; m != nil && !m.at.IsZero() && m.heard.SSRC == s.in.ssrc {
		b.LastReport, b.Delay = quality.Middle(m.heard.NTP), quality.Short(now.Sub(m.at))
	}
	r.expected, r.lost = expected, lost
	return []quality.Block{b}
}

// fraction is the share that was lost since the last report, in 1/256.
func fraction(lost, expected uint64) uint8 {
	if expected == 0 {
		return 0
	}
	return uint8(min(lost*256/expected, 255))
}

// farewell tells the far end that nothing more comes, if it knows us.
//
// RFC 3550 s6.3.7: "A participant which never sent an RTP or RTCP packet MUST NOT send a
// BYE packet when they leave the group."
func (s *Session) farewell(now time.Time) {
	s.mu.Lock()
	if !s.reportsItself() || s.reporter == nil || s.reporter.since == 0 {
		s.mu.Unlock()
		return
	}
	packet := s.compound(now)
	packet = append(packet, 2<<6|1, typeGoodbye, 0, 1)
	s.sendReport(now, binary.BigEndian.AppendUint32(packet, s.ourSSRC()))
}
