package bridge

import (
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/sdp"
)

// media holds the media session of each participant, by its number.
type media map[int]*rtp.Session

// open opens the media of a participant on an address, and gives the address for its
// description.
func (m media) open(ports *rtp.Engine, participant int, on netip.Addr) (netip.AddrPort, error) {
	s, err := ports.Open(on)
	if err != nil {
		return netip.AddrPort{}, err
	}
	m[participant] = s
	return s.LocalRTP(), nil
}

// connect tells a participant's media what was agreed.
func (m media) connect(a Connect, security *rtp.Security) error {
	session, s := m[a.Participant], a.Stream
	if session == nil {
		return nil
	}
	return session.SetRemote(rtp.Remote{
		RTP: s.Remote, Also: a.Branches, RTCP: s.RemoteRTCP, Mux: s.RTCPMux,
		Send: payloads(a.Digits.sendable(s.Formats), sending), Receive: append(payloads(s.Formats, receiving), misnumbered(s.Formats)...),
		Direction: rtp.Direction(s.Direction.Reverse()), Hint: a.Hint, Ptime: packetTime(s), Security: security,
		Keys: a.Digits == KeysInfo,
	})
}

func sending(f sdp.Format) sdp.Codec   { return f.Send }
func receiving(f sdp.Format) sdp.Codec { return f.Receive }

// packetTime is what a party asks to be sent: its a=ptime, which may not exceed what it
// takes (RFC 8866 s6.4, s6.5).
func packetTime(s sdp.Stream) time.Duration {
	if s.MaxPtime > 0 {
		return min(s.Ptime, s.MaxPtime)
	}
	return s.Ptime
}

func payloads(formats []sdp.Format, side func(sdp.Format) sdp.Codec) []rtp.Payload {
	list := make([]rtp.Payload, len(formats))
	for i, f := range formats {
		c := side(f)
		list[i] = rtp.Payload{
			Number:     c.PayloadType,
			Parameters: c.Fmtp,
			Codec:      rtp.Codec{Name: c.Name, Rate: uint32(c.ClockRate), Channels: uint8(max(c.Channels, 1))},
		}
	}
	return list
}

// misnumbered are the numbers that a party has answered with in place of ours, and may send
// with. RFC 3264 s6.1 has it send with those that were offered; there are phones that give
// a codec one number whatever is offered.
func misnumbered(formats []sdp.Format) (list []rtp.Payload) {
	for _, f := range formats {
		taken := slices.ContainsFunc(formats, func(g sdp.Format) bool { return g.Receive.PayloadType == f.Send.PayloadType })
		if !taken {
			f.Receive.PayloadType = f.Send.PayloadType
			list = append(list, payloads([]sdp.Format{f}, receiving)...)
		}
	}
	return list
}

// lastHeard is when audio last came from each participant.
func (m media) lastHeard() map[int]time.Time {
	last := make(map[int]time.Time, len(m))
	for id, s := range m {
		last[id] = s.LastReceived()
	}
	return last
}

// shut closes a participant's media and gives what was counted.
func (m media) shut(now time.Time, participant int) (event.Stream, bool) {
	s := m[participant]
	if s == nil {
		return event.Stream{}, false
	}
	delete(m, participant)
	q := s.Quality(now)
	_ = s.Close() // it only fails when it was closed before
	n := s.Stats()
	return event.Stream{
		Packets: n.Received.Packets, Bytes: n.Received.Octets,
		Lost: int64(n.Received.Lost), Jitter: n.Received.Jitter,
		Relayed: n.Sent.Packets, Strangers: n.Dropped.Strangers,
		Quality: qualityOf(q.Quality), Told: toldBy(q),
	}, true
}

func (m media) closeAll() {
	for id := range m {
		m.shut(time.Now(), id)
	}
}
