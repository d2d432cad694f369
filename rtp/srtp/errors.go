package srtp

import "errors"

// What can be wrong with a packet. They are returned as they are: nothing is allocated
// for a packet that is refused.
var (
	// ErrMalformed: what was given is no RTP or RTCP packet.
	ErrMalformed = errors.New("srtp: no RTP or RTCP packet")
	// ErrAuthentication: the tag is not what the key makes of the packet: another key,
	// a changed packet, or no SRTP at all.
	ErrAuthentication = errors.New("srtp: the packet is not from who has the key")
	// ErrReplayed: the packet was received before, or is older than can be told.
	ErrReplayed = errors.New("srtp: the packet came before, or far too late")
	// ErrSequence: a sequence number that was protected before, or is older than can be
	// told; see Outbound.Protect.
	ErrSequence = errors.New("srtp: the sequence number was used before: renumber the stream or give it a new SSRC")
	// ErrSources: more than MaxSources synchronisation sources under one key.
	ErrSources = errors.New("srtp: too many SSRCs under one key")
	// ErrUsedUp: as many packets as one key is good for; rekey.
	ErrUsedUp = errors.New("srtp: the key is used up: rekey")
	// ErrTailroom: the buffer ends too close behind the packet.
	ErrTailroom = errors.New("srtp: no room behind the packet: give its slice a capacity of Tailroom bytes more, and the MKI")
)

// What can be wrong with keys and handshakes.
var (
	// ErrKeys: keys that do not fit their suite.
	ErrKeys = errors.New("srtp: unfit keys")
	// ErrDTLS: a handshake that cannot begin, or that failed.
	ErrDTLS = errors.New("srtp: DTLS")
	// ErrFingerprint: the other side's certificate is not that of its description.
	ErrFingerprint = errors.New("srtp: the certificate is not the one that a=fingerprint names: end the call")
	// ErrSuites: the two sides share no suite.
	ErrSuites = errors.New("srtp: no crypto suite in common")
	// ErrClosed: ended by Close before it was done.
	ErrClosed = errors.New("srtp: closed")
)
