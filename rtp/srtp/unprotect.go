package srtp

import (
	"time"

	"github.com/pion/srtp/v3"
)

// How long former keys are believed, since packets and the answer that changes keys
// travel by different ways.
const (
	// Overlap is for how long former keys are believed once the new ones have been used.
	Overlap = 2 * time.Second
	// Patience is for how long they are believed when the new ones are not used: the
	// answer may be as late as a transaction lasts (timer B, RFC 3261 section 17.1.1.2).
	Patience = 32 * time.Second
)

// Inbound opens what is received: RTP and RTCP of any number of SSRCs, up to
// MaxSources. One goroutine at a time.
type Inbound struct {
	current, previous *cryptoContext
	until             time.Time // for how long previous is believed
	confirmed         bool      // current has been used
}

// NewInbound begins with keys of the other side. The error wraps ErrKeys.
func NewInbound(k Keys) (*Inbound, error) {
	c, err := newInboundContext(k)
	if err != nil {
		return nil, err
	}
	return &Inbound{current: c}, nil
}

// newInboundContext has the replay windows of RTCP in the library; those of RTP are
// ours.
func newInboundContext(k Keys) (*cryptoContext, error) {
	return newContext(k, srtp.SRTCPReplayProtection(windowSize))
}

// Suite is what is expected.
func (i *Inbound) Suite() Suite { return i.current.keys.Suite }

// Rekey expects other keys from now on; the former ones are believed for a while, see
// Overlap and Patience, so that nothing is lost on the way. Equal keys change nothing,
// and one may go back to the former ones. The error wraps ErrKeys; the keys in force
// stay.
func (i *Inbound) Rekey(now time.Time, k Keys) error {
	if k.Equal(i.current.keys) {
		return nil
	}
	next := i.previous
	if next == nil || !k.Equal(next.keys) {
		var err error
		if next, err = newInboundContext(k); err != nil {
			return err
		}
	}
	i.current, i.previous = next, i.current
	i.until, i.confirmed = now.Add(Patience), false
	return nil
}

// Unprotect turns an SRTP packet into the RTP packet where it lies; what is returned
// begins where the packet does and is shorter. Nothing is allocated but for the first
// packet of an SSRC, and nothing but an authentic packet changes anything. now is for
// the end of former keys.
//
// The errors are ErrMalformed, ErrAuthentication, ErrReplayed, ErrSources and
// ErrUsedUp: drop the packet, count it, and answer nothing. The packet is then as it
// was.
func (i *Inbound) Unprotect(now time.Time, packet []byte) ([]byte, error) {
	h, ok := readHeader(packet)
	if !ok {
		return nil, ErrMalformed
	}
	previous := i.believed(now)
	plain, err := i.current.open(packet, h, previous)
	switch {
	case previous == nil:
		return plain, err
	case err == nil:
		i.confirm(now)
		return plain, nil
	}
	late, failed := previous.open(packet, h, nil)
	return late, worse(failed, err)
}

// UnprotectRTCP is Unprotect for RTCP.
func (i *Inbound) UnprotectRTCP(now time.Time, packet []byte) ([]byte, error) {
	ssrc, ok := readRTCP(packet)
	if !ok {
		return nil, ErrMalformed
	}
	previous := i.believed(now)
	plain, err := i.current.openRTCP(packet, ssrc)
	switch {
	case previous == nil:
		return plain, err
	case err == nil:
		i.confirm(now)
		return plain, nil
	}
	late, failed := previous.openRTCP(packet, ssrc)
	return late, worse(failed, err)
}

// worse is what to say of a packet that was tried with two keys: what the former one
// says, unless it only says that it is not its.
func worse(former, current error) error {
	if former == ErrAuthentication {
		return current
	}
	return former
}

// believed is the former key while it is believed.
func (i *Inbound) believed(now time.Time) *cryptoContext {
	if i.previous != nil && now.After(i.until) {
		i.previous = nil
	}
	return i.previous
}

// confirm notes that the new key is in use.
func (i *Inbound) confirm(now time.Time) {
	if end := now.Add(Overlap); !i.confirmed && end.Before(i.until) {
		i.until = end
	}
	i.confirmed = true
}
