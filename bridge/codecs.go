package bridge

import (
	"slices"
	"strings"

	"github.com/tandem-gateway/tandem/rtp/codec"
	"github.com/tandem-gateway/tandem/sdp"
)

// Which codecs a party is offered, and answered with. What the other side has comes first:
// where both share a codec the gateway only relays. Behind it stands what the gateway can
// turn into that, for parties that share none. Nothing is turned into another codec that
// need not be: once a party has agreed on something that the other side has too, it is
// offered no more than that.

// allows says whether a party may be offered a codec: by its list, where it has one.
func (p *participant) allows(c sdp.Codec) bool {
	return len(p.codecs) == 0 || c.Auxiliary() ||
		slices.ContainsFunc(p.codecs, func(name string) bool { return strings.EqualFold(name, c.Name) })
}

// offerable are the codecs to offer a party in the name of another one that has these.
func (m *Machine) offerable(p *participant, theirs []sdp.Codec) []sdp.Codec {
	list := make([]sdp.Codec, 0, len(theirs)+len(m.limits.Codecs))
	for _, c := range theirs {
		if p.allows(c) {
			list = append(list, c)
		}
	}
	if !slices.ContainsFunc(theirs, transcodable) {
		return list
	}
	if p.shares(theirs) {
		return m.withKeys(list)
	}
	for _, c := range m.limits.Codecs {
		if p.allows(c) && !slices.ContainsFunc(list, c.Same) {
			list = append(list, numbered(c, list))
		}
	}
	slices.SortStableFunc(list, func(a, b sdp.Codec) int { return accompanying(a) - accompanying(b) })
	return m.withKeys(list)
}

// accompanying puts speech before what goes along with it.
func accompanying(c sdp.Codec) (rank int) {
	if c.Auxiliary() {
		rank = 1
	}
	return rank
}

// shares says whether a party speaks one of these codecs already.
func (p *participant) shares(codecs []sdp.Codec) bool {
	return slices.ContainsFunc(p.stream.Formats, func(f sdp.Format) bool {
		return !f.Send.Auxiliary() && slices.ContainsFunc(codecs, f.Send.Same)
	})
}

// transcodable says whether the gateway can turn a codec into another one.
func transcodable(c sdp.Codec) bool {
	return !c.Auxiliary() && codec.Known(codec.Format{
		Name: c.Name, Clock: uint32(c.ClockRate), Channels: uint8(c.Channels), Parameters: c.Fmtp,
	})
}

// spareTranscode has a party that has answered with several codecs, and prefers one that
// the other one does not have, offered what both have.
func (m *Machine) spareTranscode(with, to *participant) {
	a, b := with.stream.Formats, to.stream.Formats
	if len(m.limits.Codecs) > 0 && len(a) > 0 && len(b) > 0 && !a[0].Send.Same(b[0].Send) && common(with, to) {
		m.align(with.id, to.id)
	}
}

// numbered gives a codec a payload number that none of a list has. RFC 3551 s6: the
// dynamic ones are 96 to 127.
func numbered(c sdp.Codec, list []sdp.Codec) sdp.Codec {
	taken := func(n uint8) bool {
		return slices.ContainsFunc(list, func(d sdp.Codec) bool { return d.PayloadType == n })
	}
	for n := uint8(96); taken(c.PayloadType) && n < 128; n++ {
		c.PayloadType = n
	}
	return c
}

// turned is what a party is answered with that shares no codec with the other side: the
// first of its offer that the gateway can turn into another, with what accompanies it.
func turned(offered []sdp.Codec) (list []sdp.Codec) {
	if i := slices.IndexFunc(offered, transcodable); i >= 0 {
		list = append(list, offered[i])
	}
	for _, c := range offered {
		if c.Auxiliary() {
			list = append(list, c)
		}
	}
	return list
}

// restricted is a description without the codecs that its party may not use.
func restricted(d *sdp.Description, names []string) *sdp.Description {
	if d == nil || len(names) == 0 {
		return d
	}
	p := participant{codecs: names}
	less := *d
	less.Media = slices.Clone(d.Media)
	for i := range less.Media {
		m := &less.Media[i]
		m.Codecs = slices.DeleteFunc(slices.Clone(m.Codecs), func(c sdp.Codec) bool { return !p.allows(c) })
	}
	return &less
}
