package sdp

import (
	"strconv"
	"strings"
	"time"
)

// How a good m= line looks, for errors.
const mediaFix = `write "m=audio <port> RTP/AVP <payload numbers>"`

// mediaLine reads "m=<media> <port>[/<count>] <proto> <fmt> ..." (RFC 8866 section
// 5.14) and begins its section with what it inherits.
func (p *parser) mediaLine(value string) error {
	if err := p.endMedia(); err != nil {
		return err
	}
	if len(p.session.Media) == MaxMedia {
		return p.fault("more than "+strconv.Itoa(MaxMedia)+" m= lines", "send fewer")
	}
	kind, rest := cut(value)
	port, rest := cut(rest)
	proto, formats := cut(rest)
	if proto == "" {
		return p.fault("the m= line has fewer than four fields", mediaFix)
	}
	m := Media{
		Kind:      known(mediaKinds, kind),
		Proto:     known(rtpProfiles, proto),
		Host:      p.session.Host,
		Direction: p.session.Direction,
		Ptime:     p.ptime,
		Security:  p.session.Security,
	}
	if err := p.mediaPort(&m, port); err != nil {
		return err
	}
	if err := p.mediaFormats(&m, formats); err != nil {
		return err
	}
	p.session.Media = append(p.session.Media, m)
	p.media = &p.session.Media[len(p.session.Media)-1]
	p.mLine, p.mText = p.number, p.text
	p.given, p.mapped = 0, numbers{}
	return nil
}

// mediaPort reads "<port>" or "<port>/<number of ports>".
func (p *parser) mediaPort(m *Media, field string) error {
	port, count, counted := strings.Cut(field, "/")
	n, ok := number(port, 65535)
	if !ok {
		return p.fault("the port is no number from 0 to 65535", mediaFix)
	}
	m.Port, m.PortCount = uint16(n), 1
	if counted {
		if n, ok = number(count, 65535); !ok {
			return p.fault("the number of ports is none", `write "<port>/<count>" or the port alone`)
		}
		m.PortCount = max(int(n), 1)
	}
	return nil
}

// mediaFormats reads the formats: of an RTP stream the payload numbers, each once and
// what is none left out, unless none is one; of another stream the words as they are.
func (p *parser) mediaFormats(m *Media, formats string) error {
	n := 0
	for rest := formats; rest != ""; n++ {
		_, rest = cut(rest)
	}
	switch {
	case n > MaxFormats:
		return p.fault("more than "+strconv.Itoa(MaxFormats)+" formats", "send fewer")
	case n == 0 && m.Port == 0: // of a refused stream nobody needs them
		return nil
	case n == 0:
		return p.fault("the m= line lists no format", mediaFix)
	}
	if m.RTP() {
		m.Codecs = payloadNumbers(formats, n)
	}
	if len(m.Codecs) == 0 {
		m.Codecs, m.Formats = nil, fields(make([]string, 0, n), formats)
	}
	return nil
}

// payloadNumbers reads up to n numbers of 0 to 127, with the codecs that the static
// ones mean.
func payloadNumbers(formats string, n int) []Codec {
	codecs := make([]Codec, 0, n)
	var seen numbers
	for formats != "" {
		var field string
		field, formats = cut(formats)
		if pt, ok := number(field, 127); ok && seen.add(uint8(pt)) {
			codecs = append(codecs, Static(uint8(pt)))
		}
	}
	return codecs
}

// endMedia checks a section that is complete: who wants RTP must say where.
//
// "A session description MUST contain either at least one "c=" line in each media
// description or a single "c=" line at the session level" (RFC 8866 section 5.7).
func (p *parser) endMedia() error {
	bad := p.badHost
	if p.media != nil {
		p.badHost = nil
	}
	if p.media == nil || p.media.Host != "" {
		return nil
	}
	if p.media.Port == 0 || !p.media.RTP() {
		p.media.Host = p.session.Host // it needs none of its own: one that is bad is passed over
		return nil
	}
	if bad != nil {
		return bad
	}
	return fault(p.mLine, p.mText, "the stream has no address", `add "c=IN IP4 <address>" to the session or to this stream`)
}

// attributeLine reads "a=<name>[:<value>]" (RFC 8866 section 5.13). What has a meaning
// here goes to its field; everything else, also a known name with a value that cannot
// be read, is kept as it is.
func (p *parser) attributeLine(line string) {
	name, value, _ := strings.Cut(line, ":")
	name, value = trim(name), trim(value)
	if name == "" || p.direction(name, value) || p.security(strings.ToLower(name), value) {
		return
	}
	to := &p.session.Attributes
	if p.media != nil {
		to = &p.media.Attributes
		if p.mediaAttribute(strings.ToLower(name), value) {
			return
		}
	} else if strings.EqualFold(name, "ptime") && p.ptime == 0 {
		p.ptime, _ = milliseconds(value) // misplaced, but meant for the streams below
	}
	if *to == nil {
		*to = make([]Attribute, 0, 4)
	}
	*to = append(*to, Attribute{Name: name, Value: value})
}

// direction takes a direction attribute: of a stream, or the default of the session.
//
// "We refer to a stream as being marked with a certain direction if a direction
// attribute was present as either a media stream attribute or a session attribute"
// (RFC 3264 section 5.1).
func (p *parser) direction(name, value string) bool {
	d, ok := parseDirection(name)
	if !ok || value != "" {
		return false
	}
	if p.first(gaveDirection) {
		if p.media != nil {
			p.media.Direction = d
		} else {
			p.session.Direction = d
		}
	}
	return true
}

// mediaAttribute takes an attribute that has a field; name is in lower case.
func (p *parser) mediaAttribute(name, value string) bool {
	switch name {
	case "rtpmap":
		return p.rtpmap(value)
	case "fmtp":
		return p.fmtp(value)
	case "ptime":
		return p.packetTime(&p.media.Ptime, gavePtime, value)
	case "maxptime":
		return p.packetTime(&p.media.MaxPtime, gaveMaxPtime, value)
	case "rtcp":
		return p.rtcp(value)
	case "rtcp-mux":
		p.media.RTCPMux = p.media.RTCPMux || value == ""
		return value == ""
	}
	return false
}

// rtpmap reads "<payload> <name>/<rate>[/<channels>]" (RFC 8866 section 6.6). A static
// number may be given another meaning; a rate that is left out is 8000.
func (p *parser) rtpmap(value string) bool {
	codec, rest := p.codec(value)
	encoding, _ := cut(rest)
	name, rest, _ := strings.Cut(encoding, "/")
	rate, channels, _ := strings.Cut(rest, "/")
	if codec == nil || name == "" {
		return false
	}
	hertz := uint64(8000)
	if rate != "" {
		var ok bool
		if hertz, ok = number(rate, 1<<31-1); !ok || hertz == 0 {
			return false
		}
	}
	if p.mapped.add(codec.PayloadType) {
		n, _ := number(channels, 255)
		codec.Name, codec.ClockRate, codec.Channels = name, clockRate(name, int(hertz)), max(int(n), 1)
	}
	return true
}

// fmtp reads "<payload> <parameters>" (RFC 8866 section 6.15). Several lines for one
// payload, which that section forbids, are joined as if they were one.
func (p *parser) fmtp(value string) bool {
	codec, params := p.codec(value)
	if codec == nil || params == "" {
		return false
	}
	if codec.Fmtp != "" {
		params = codec.Fmtp + ";" + params
	}
	codec.Fmtp = params
	return true
}

// codec finds the codec of this stream whose number begins the value; nil for none.
func (p *parser) codec(value string) (codec *Codec, rest string) {
	field, rest := cut(value)
	payloadType, ok := number(field, 127)
	if !ok {
		return nil, ""
	}
	for i := range p.media.Codecs {
		if c := &p.media.Codecs[i]; c.PayloadType == uint8(payloadType) {
			return c, rest
		}
	}
	return nil, ""
}

// packetTime reads a=ptime or a=maxptime (RFC 8866 sections 6.4 and 6.5).
func (p *parser) packetTime(to *time.Duration, g given, value string) bool {
	d, ok := milliseconds(value)
	if ok && p.first(g) {
		*to = d
	}
	return ok
}

// milliseconds reads a time of more than 0 and at most 10 s, to the nanosecond:
// "ptime-value = non-zero-int-or-real" (RFC 8866 section 9).
func milliseconds(value string) (time.Duration, bool) {
	whole, fraction, _ := strings.Cut(value, ".")
	ms, ok := number(whole, 10_000)
	if !ok {
		return 0, false
	}
	d := time.Duration(ms) * time.Millisecond
	unit := time.Millisecond
	for i := range len(fraction) {
		if !isDigit(fraction[i]) {
			return 0, false
		}
		unit /= 10
		d += time.Duration(fraction[i]-'0') * unit
	}
	return d, 0 < d && d <= 10*time.Second
}

// rtcp reads "<port> [IN <addrtype> <address>]" (RFC 3605 section 2.1).
func (p *parser) rtcp(value string) bool {
	var space [4]string
	f := fields(space[:0], value)
	if len(f) == 0 {
		return false
	}
	port, ok := number(f[0], 65535)
	if !ok || port == 0 {
		return false
	}
	r := RTCP{Port: uint16(port)}
	if len(f) > 1 {
		if len(f) < 4 {
			return false
		}
		if r.Host = hostOf(f[3]); r.Host == "" {
			return false
		}
	}
	if p.first(gaveRTCP) {
		p.media.RTCP = r
	}
	return true
}
