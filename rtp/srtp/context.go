package srtp

import (
	"errors"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// MaxSources is how many SSRCs one key may be used for, of RTP and of RTCP each. A
// phone takes a new one now and then; a thousand is somebody who fills our memory.
const MaxSources = 1024

// maxProbes is how many SSRCs may be looked for beyond the first roll-over counter
// before one packet of theirs has been authentic.
const maxProbes = 64

// The most that one key may protect (RFC 3711 section 9.2): 2^48 SRTP packets and 2^31
// SRTCP packets.
const (
	maxPackets     = 1 << 48
	maxRTCPPackets = 1 << 31
)

// cryptoContext is one direction under one key. Indices are ours (stream); the library is
// told the roll-over counter of each packet, so that it never guesses one.
type cryptoContext struct {
	keys     Keys
	srtp     *srtp.Context
	streams  map[uint32]*stream
	reports  map[uint32]struct{} // SSRCs of RTCP
	left     uint64              // packets that the key is still good for
	leftRTCP uint64
	probes   int
	scratch  []byte // where AEAD packets are opened, see try
	header   rtp.Header
	rtcp     rtcp.Header
}

// newContext derives the session keys (RFC 3711 section 4.3). The error wraps ErrKeys.
func newContext(k Keys, options ...srtp.ContextOption) (*cryptoContext, error) {
	if err := k.check(); err != nil {
		return nil, err
	}
	sizes := k.Suite.sizes()
	if len(k.MKI) > 0 {
		options = append(options, srtp.MasterKeyIndicator(k.MKI))
	}
	master := k.Master()
	c, err := srtp.CreateContext(master[:sizes.key], master[sizes.key:], sizes.profile, options...)
	if err != nil {
		return nil, errors.Join(ErrKeys, err)
	}
	return &cryptoContext{
		keys: k, srtp: c, streams: map[uint32]*stream{}, reports: map[uint32]struct{}{},
		left: lifetime(k.Lifetime, maxPackets), leftRTCP: lifetime(k.Lifetime, maxRTCPPackets), probes: maxProbes,
	}, nil
}

// lifetime is how many packets a key is good for.
func lifetime(stated, most uint64) uint64 {
	if stated == 0 || stated > most {
		return most
	}
	return stated
}

// overhead is how much longer an RTP packet becomes.
func (c *cryptoContext) overhead() int { return c.keys.Suite.sizes().tag + len(c.keys.MKI) }

// overheadRTCP is how much longer an RTCP packet becomes: index, MKI and tag.
func (c *cryptoContext) overheadRTCP() int {
	const index = 4
	return c.keys.Suite.sizes().tagRTCP + len(c.keys.MKI) + index
}

// report notes an SSRC of RTCP; false when there are too many.
func (c *cryptoContext) report(ssrc uint32) bool {
	if _, known := c.reports[ssrc]; known {
		return true
	}
	if len(c.reports) >= MaxSources {
		return false
	}
	c.reports[ssrc] = struct{}{}
	return true
}

// open opens a packet in place. older is what came before this key, nil for nothing:
// its streams go on.
func (c *cryptoContext) open(packet []byte, h header, older *cryptoContext) ([]byte, error) {
	switch {
	case len(packet) < h.size+c.overhead():
		return nil, ErrAuthentication
	case c.left == 0:
		return nil, ErrUsedUp
	}
	s := c.stream(h.ssrc)
	if s == nil {
		return c.begin(packet, h, older)
	}
	index := s.estimate(h.sequence)
	fresh := s.fresh(index)
	if !fresh && index > s.highest-windowSize && index >= 0 {
		return nil, ErrReplayed
	}
	// The second guess is for a stream that went on out of our sight for more than 2^15
	// packets, such as a long hold, or that jumped.
	for _, guess := range [...]int64{index, index + 1<<16} {
		if !s.fresh(guess) {
			continue
		}
		if plain, ok := c.try(packet, h, guess); ok {
			s.accept(guess)
			return plain, nil
		}
	}
	if !fresh {
		return nil, ErrReplayed
	}
	return nil, ErrAuthentication
}

// begin opens the first packet of an SSRC under this key.
//
// "After a re-keying occurs (changing to a new master key), the rollover counter always
// maintains its sequence of values, i.e., it MUST NOT be reset to zero" (RFC 3711
// section 3.3.1). Devices that make a new context for a new key do reset it: that is
// the second guess. Without a past, the second guess is a stream whose packets from
// before its first wrap were lost.
func (c *cryptoContext) begin(packet []byte, h header, older *cryptoContext) ([]byte, error) {
	if len(c.streams) >= MaxSources {
		return nil, ErrSources
	}
	guesses := [...]int64{int64(h.sequence), 1<<16 | int64(h.sequence)}
	if h.sequence >= 1<<15 {
		guesses[1] = -1
	}
	if past := older.stream(h.ssrc); past != nil {
		guesses[0], guesses[1] = past.estimate(h.sequence), guesses[0]
		if !past.fresh(guesses[0]) && guesses[0] == guesses[1] {
			return nil, ErrReplayed // should the key be one that was in use before
		}
	}
	for _, guess := range guesses {
		if plain, ok := c.try(packet, h, guess); ok {
			s := &stream{highest: guess}
			s.accept(guess)
			c.streams[h.ssrc] = s
			return plain, nil
		}
	}
	return nil, ErrAuthentication
}

// stream is where an SSRC stands under this key; nil for no such SSRC, and no such key.
func (c *cryptoContext) stream(ssrc uint32) *stream {
	if c == nil {
		return nil
	}
	return c.streams[ssrc]
}

// try opens a packet as one of an index. When it fails the packet is as it was: an AEAD
// cipher overwrites what it fails to open, so it gets another place to write to.
func (c *cryptoContext) try(packet []byte, h header, index int64) ([]byte, bool) {
	if index < 0 || index > maxIndex || !c.point(h.ssrc, uint32(index>>16)) {
		return nil, false
	}
	plain, err := c.srtp.DecryptRTP(c.target(packet), packet, &c.header)
	if err != nil {
		return nil, false
	}
	c.left--
	return c.settle(packet, plain), true
}

// point tells the library a roll-over counter. What it has never heard of it begins at
// 0 by itself, and forgets again when the packet turns out to be a stranger's.
func (c *cryptoContext) point(ssrc, roc uint32) bool {
	if _, known := c.srtp.ROC(ssrc); !known {
		if roc == 0 {
			return true
		}
		if c.probes == 0 {
			return false
		}
		c.probes--
	}
	c.srtp.SetROC(ssrc, roc)
	return true
}

// target is where a packet is to be opened: where it lies, or apart from it.
func (c *cryptoContext) target(packet []byte) []byte {
	if !c.keys.Suite.aead() {
		return packet
	}
	if cap(c.scratch) < len(packet) {
		c.scratch = make([]byte, max(2048, len(packet)))
	}
	return c.scratch[:0]
}

// settle puts an opened packet where the closed one was.
func (c *cryptoContext) settle(packet, plain []byte) []byte {
	if c.keys.Suite.aead() {
		copy(packet, plain)
	}
	return packet[:len(plain):cap(packet)]
}

// openRTCP opens an RTCP packet in place. Its index stands in it (RFC 3711 section
// 3.4), so that there is nothing to guess.
func (c *cryptoContext) openRTCP(packet []byte, ssrc uint32) ([]byte, error) {
	const least = 8
	switch {
	case len(packet) < least+c.overheadRTCP():
		return nil, ErrAuthentication
	case c.leftRTCP == 0:
		return nil, ErrUsedUp
	}
	if _, known := c.reports[ssrc]; !known && len(c.reports) >= MaxSources {
		return nil, ErrSources
	}
	plain, err := c.srtp.DecryptRTCP(c.target(packet), packet, &c.rtcp)
	switch {
	case err == nil:
		c.leftRTCP--
		c.report(ssrc)
		return c.settle(packet, plain), nil
	case errors.Is(err, srtp.ErrFailedToVerifyAuthTag), errors.Is(err, srtp.ErrMKINotFound):
		return nil, ErrAuthentication
	}
	return nil, ErrReplayed // it says so by an error without a name
}
