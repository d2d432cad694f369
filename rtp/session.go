package rtp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Remote is the far end of a session, as offer and answer left it.
type Remote struct {
	// RTP is where SDP says that media goes. It is not valid, or has port 0, when
	// SDP names none; packets then go nowhere until a source is latched.
	RTP netip.AddrPort
	// Also are addresses that early dialogs of the same INVITE have announced before, the
	// oldest first (RFC 3261 s12.1: a fork has one for each branch). Who is heard is
	// whoever sends, the newest where several do. The slice is the session's from now on.
	Also []netip.AddrPort
	// RTCP is where reports go (a=rtcp, RFC 3605). Not valid: the port above
	// RTP's (RFC 3550 s11).
	RTCP netip.AddrPort
	// Mux: RTP and RTCP share RTP's port (a=rtcp-mux, RFC 5761).
	Mux bool
	// Direction is what the far end does. RTCP flows in all of them (RFC 3264
	// s5.1: "RTCP is still sent and received" on hold).
	Direction Direction
	// Keys: somebody wants to know all keys in what the far end hears, since it is told of
	// them in another way. So do those whose far end takes telephone-event.
	Keys bool
	// Send are the payloads that the far end takes, with its numbers; Receive
	// those that it may send, with the numbers that we gave it (RFC 3264 s5.1).
	// The slices must not be changed afterwards.
	Send, Receive []Payload
	// Ptime is how long the packets are to be that the far end is sent (a=ptime); 0 when
	// it does not say so. A relay leaves packets as they are.
	Ptime time.Duration
	// Security is how its packets are protected; nil is plain RTP. Equal keys and
	// fingerprints disturb nothing, others take their place without a gap.
	Security *Security
	// Hint is where the far end's signalling comes from: the address that media
	// is most likely to come from when SDP's is wrong. Not valid: unknown.
	Hint netip.Addr
}

// Session is the media of one leg: an RTP port and an RTCP port, and the far end
// that they talk to. In a Table it is a source, what the far end sends, and a
// listener, what the far end is sent. Its methods may be called at any time.
type Session struct {
	source source
	// media and control are the sockets of RTP and RTCP.
	media, control Socket

	mu     sync.Mutex
	closed bool
	keying bool
	pair   pair
	// toned is set while a key sounds in what the far end sends.
	toned atomic.Bool
	// agreed are the clocks of the payloads that the far end may send.
	agreed clocks
	latch  latch
	in     reception
	// heard is the path by which this session hears, flow what has come over it.
	heard    *path
	flow     continuity
	counters counters
	remote   Remote
	reports  reportLatch
	// secured is its SRTP; nil while it has had none.
	secured *secured
	// measured is how well the far end is heard, reporter makes RTCP for it; nil while there
	// is no need.
	measured *measured
	// measuredFrom is when it was first to be measured, in Unix nanoseconds; until something
	// comes that is all there is.
	measuredFrom int64
	reporter     *reporter
	// tellKey is told of the far end's keys, which keyEar hears; nil before it must. speaker
	// tells the far end keys, while keying is set in place of what it hears.
	tellKey func(now time.Time, k Key)
	keyEar  *keyEar
	speaker atomic.Pointer[keyer]

	engine *Engine
}

// counters are those that reception does not keep.
type counters struct {
	sent Traffic
	// seldom is nil while there was nothing to count: most calls have none of it, and an idle
	// one is the smaller.
	seldom *rareCounters
}

type rareCounters struct {
	reportsSent, reportsReceived Traffic
	dropped                      Dropped
}

// rare gives the rare ones, to count.
func (c *counters) rare() *rareCounters {
	if c.seldom == nil {
		c.seldom = new(rareCounters)
	}
	return c.seldom
}

// read gives the rare ones as they are.
func (c *counters) read() (r rareCounters) {
	if c.seldom != nil {
		r = *c.seldom
	}
	return r
}

// Traffic counts packets, and their octets without UDP's.
type Traffic struct{ Packets, Octets uint64 }

func (t *Traffic) add(octets int) {
	t.Packets++
	t.Octets += uint64(octets)
}

// Dropped counts packets that went no further, by the reason.
type Dropped struct {
	// Malformed were no RTP or RTCP.
	Malformed uint64
	// Strangers came from somebody who is not, or not yet, believed.
	Strangers uint64
	// Unauthentic were not protected with the far end's key, or came again (SRTP).
	Unauthentic uint64
	// Unnegotiated came with a payload number that was not agreed on, or, on the
	// way to the far end, with a codec that it does not take.
	Unnegotiated uint64
	// Held came or were to go against the negotiated direction.
	Held uint64
	// Late belonged to a source that has been replaced, or to a place in the
	// stream that another source has filled.
	Late uint64
	// Unsent had nowhere to go, or the network did not take them.
	Unsent uint64
}

// Stats is a reading of a session's counters.
type Stats struct {
	// Received is the far end's RTP.
	Received Stream
	// Sent is RTP to the far end.
	Sent Traffic
	// ReportsReceived and ReportsSent are RTCP compound packets.
	ReportsReceived, ReportsSent Traffic
	Dropped                      Dropped
}

// openSession binds both ports of a pair.
func openSession(e *Engine, local netip.Addr, p pair) (*Session, error) {
	s := &Session{engine: e, pair: p}
	var err error
	s.media, err = e.network.Open(netip.AddrPortFrom(local, p.rtp()), s.receiveMedia)
	if err != nil {
		return nil, err
	}
	s.control, err = e.network.Open(netip.AddrPortFrom(local, p.rtcp()), s.receiveControl)
	if err != nil {
		return nil, errors.Join(err, s.media.Close())
	}
	return s, nil
}

// LocalRTP is where RTP is received: what SDP's c= and m= lines say.
func (s *Session) LocalRTP() netip.AddrPort { return s.media.Local() }

// LocalRTCP is where RTCP is received.
func (s *Session) LocalRTCP() netip.AddrPort { return s.control.Local() }

// SetRemote says who the far end is, first and after each offer and answer. An
// RTP address that differs from the last one has to be latched anew; the same
// one keeps what was latched. Before the first call nothing is received.
func (s *Session) SetRemote(r Remote) error {
	r = r.normal()
	if err := s.check(r); err != nil {
		return err
	}
	over, err := s.follow(r)
	over.close()
	return err
}

// follow is SetRemote with a remote that is one.
func (s *Session) follow(r Remote) (over *handshake, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if over, err = s.secure(time.Now(), r.Security); err != nil {
		return nil, err
	}
	s.remote = r
	s.agreed.set(r.Receive)
	s.latch.expect(r.RTP, r.Hint, r.Also)
	s.reports.expect(r.RTCP)
	return over, nil
}

// normal completes the addresses and makes equal ones equal values.
func (r Remote) normal() Remote {
	r.Hint = r.Hint.Unmap().WithZone("")
	if slices.Equal(r.Send, r.Receive) {
		r.Receive = r.Send // as nearly always: one list for each idle call
	}
	r.RTP = usable(r.RTP)
	for i := range r.Also {
		r.Also[i] = usable(r.Also[i])
	}
	r.RTCP = usable(r.RTCP)
	if !r.RTCP.IsValid() && r.RTP.IsValid() && r.RTP.Port() < 65535 {
		r.RTCP = netip.AddrPortFrom(r.RTP.Addr(), r.RTP.Port()+1)
	}
	return r
}

// usable is an address, or the zero value when nothing can be sent there: port 0
// and 0.0.0.0 mean that nothing should be (RFC 3264 s5.1, s8.4).
func usable(a netip.AddrPort) netip.AddrPort {
	if !a.IsValid() || a.Port() == 0 || a.Addr().Unmap().IsUnspecified() {
		return netip.AddrPort{}
	}
	return unmapped(a)
}

func (s *Session) check(r Remote) error {
	v4 := s.LocalRTP().Addr().Is4()
	for _, a := range []netip.AddrPort{r.RTP, r.RTCP} {
		if a.IsValid() && a.Addr().Is4() != v4 {
			return fmt.Errorf("rtp: far end %s is of another address family than our %s: open the session on an address of that family", a, s.LocalRTP())
		}
	}
	return errors.Join(checkPayloads("send", r.Send), checkPayloads("receive", r.Receive))
}

// Stats reads the counters. They stay after Close.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	rare := s.counters.read()
	return Stats{
		Received:        s.in.stream(),
		Sent:            s.counters.sent,
		ReportsReceived: rare.reportsReceived,
		ReportsSent:     rare.reportsSent,
		Dropped:         rare.dropped,
	}
}

// LastReceived is when the far end's last RTP packet came; zero when none has.
func (s *Session) LastReceived() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.in.last
}

// Latched is the address that media is received from and sent to; not valid
// while nobody is believed yet.
func (s *Session) Latched() netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latch.source
}

// Close closes both ports and gives them back. ErrClosed when it was called
// before.
func (s *Session) Close() error {
	s.farewell(time.Now())
	s.mu.Lock()
	closed, heard := s.closed, s.heard
	s.closed, s.heard = true, nil
	s.restReports()
	if !closed {
		s.keyEar.hush(time.Now())
	}
	var over *handshake
	if s.secured != nil {
		over, s.secured.handshake = s.secured.handshake, nil
	}
	s.mu.Unlock()
	if closed {
		return ErrClosed
	}
	over.close()
	if heard != nil {
		heard.retire(nil)
	}
	s.source.paths.Store(nil)
	err := errors.Join(s.media.Close(), s.control.Close())
	s.engine.put(s.pair)
	return err
}

func (s *Session) speaks() (*source, []Payload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &s.source, s.remote.Receive
}

func (s *Session) hears() listener { return s }
