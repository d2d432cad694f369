package srtp

// Tailroom is how many bytes must be free behind a packet that is to be protected: 16
// of the longest tag and 4 of the RTCP index. Keys with an MKI need its length more;
// nothing is written before the packet.
const Tailroom = 20

// Outbound protects what is sent: RTP and RTCP of any number of SSRCs, up to
// MaxSources. One goroutine at a time.
type Outbound struct {
	context *cryptoContext
}

// NewOutbound begins with keys of ours. The error wraps ErrKeys.
func NewOutbound(k Keys) (*Outbound, error) {
	c, err := newContext(k)
	if err != nil {
		return nil, err
	}
	return &Outbound{context: c}, nil
}

// Suite is what is protected with.
func (o *Outbound) Suite() Suite { return o.context.keys.Suite }

// Rekey goes on with other keys: all packets from now on. Indices go on from where they
// are, as RFC 3711 sections 3.3.1 and 3.4 want, which makes it safe to come back to a
// key. Equal keys change nothing. The error wraps ErrKeys; the old ones stay in force.
func (o *Outbound) Rekey(k Keys) error {
	old := o.context
	if k.Equal(old.keys) {
		return nil
	}
	c, err := newContext(k)
	if err != nil {
		return err
	}
	c.streams, c.reports = old.streams, old.reports
	for ssrc := range c.reports {
		// The index of SRTCP does not begin again after a re-key either (section 3.4).
		if index, ok := old.srtp.Index(ssrc); ok {
			c.srtp.SetIndex(ssrc, index)
		}
	}
	o.context = c
	return nil
}

// Protect turns an RTP packet into an SRTP packet where it lies. The slice must have
// Tailroom bytes of capacity behind its length (and the MKI's); what is returned begins
// where the packet does. Nothing is allocated but for the first packet of an SSRC.
//
// No index is used twice, since that would give both packets away, and with AEAD the
// key (RFC 3711 section 9.1, RFC 7714 section 8.1). So ErrSequence refuses a packet
// that was there before, or comes 128 or more packets late, and also a jump ahead of
// more than 2^15, which any receiver takes for one behind: whoever relays a source
// that jumps must renumber it, or give it a new SSRC. Other errors are ErrMalformed,
// ErrTailroom, ErrSources and ErrUsedUp. The packet is then as it was.
func (o *Outbound) Protect(packet []byte) ([]byte, error) {
	c := o.context
	h, ok := readHeader(packet)
	switch {
	case !ok:
		return nil, ErrMalformed
	case cap(packet)-len(packet) < c.overhead():
		return nil, ErrTailroom
	case c.left == 0:
		return nil, ErrUsedUp
	}
	s, err := o.stream(h)
	if err != nil {
		return nil, err
	}
	index := s.estimate(h.sequence)
	switch {
	case index > maxIndex:
		return nil, ErrUsedUp
	case !s.fresh(index):
		return nil, ErrSequence
	}
	c.srtp.SetROC(h.ssrc, uint32(index>>16))
	protected, err := c.srtp.EncryptRTP(packet, packet, &c.header)
	if err != nil {
		return nil, ErrMalformed // a header extension that cannot be read
	}
	s.accept(index)
	c.left--
	return protected, nil
}

// stream is where the SSRC of a packet stands. A new one begins with roll-over counter
// 0 and this packet.
func (o *Outbound) stream(h header) (*stream, error) {
	s := o.context.streams[h.ssrc]
	if s != nil {
		return s, nil
	}
	if len(o.context.streams) >= MaxSources {
		return nil, ErrSources
	}
	s = &stream{highest: int64(h.sequence)}
	o.context.streams[h.ssrc] = s
	return s, nil
}

// ProtectRTCP is Protect for a compound RTCP packet. The error is ErrMalformed,
// ErrTailroom, ErrSources or ErrUsedUp.
func (o *Outbound) ProtectRTCP(packet []byte) ([]byte, error) {
	c := o.context
	ssrc, ok := readRTCP(packet)
	switch {
	case !ok:
		return nil, ErrMalformed
	case cap(packet)-len(packet) < c.overheadRTCP():
		return nil, ErrTailroom
	case c.leftRTCP == 0:
		return nil, ErrUsedUp
	case !c.report(ssrc):
		return nil, ErrSources
	}
	protected, err := c.srtp.EncryptRTCP(packet, packet, &c.rtcp)
	if err != nil {
		return nil, ErrUsedUp // 2^31 of this SSRC; everything else has been looked at
	}
	c.leftRTCP--
	return protected, nil
}
