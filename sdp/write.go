package sdp

import (
	"strconv"
	"strings"
	"time"
)

// String is the description as it goes on the wire, but for the keys of a=crypto lines:
// digests stand in their place (see Secret), so that it may be logged, and two
// descriptions are still the same where their strings are.
func (s *Description) String() string {
	return string(s.append(make([]byte, 0, 512), inDigest))
}

// Append writes the description behind dst: lines in the order that RFC 8866 section 9
// prescribes, each ended by CRLF. Every codec with a name gets its a=rtpmap, static
// ones too, and every active RTP stream its direction. No text can break out of its
// line: CR, LF and NUL in a field are left out.
func (s *Description) Append(dst []byte) []byte { return s.append(dst, inBase64) }

// append is Append; secret writes a key.
func (s *Description) append(dst []byte, secret func([]byte, Secret) []byte) []byte {
	dst = append(dst, "v=0\r\n"...)
	dst = s.Origin.append(dst)
	dst = appendLine(dst, "s=", orElse(s.Name, "-"))
	if s.Host != "" {
		dst = appendConnection(dst, s.Host)
	}
	dst = appendBandwidth(dst, s.Bandwidth)
	dst = appendLine(dst, "t=", orElse(s.Timing, unbounded))
	if s.Direction != SendRecv {
		dst = appendLine(dst, "a=", s.Direction.String())
	}
	dst = s.Security.append(dst, nil, secret)
	dst = appendAttributes(dst, s.Attributes)
	for i := range s.Media {
		dst = s.Media[i].append(dst, s, secret)
	}
	return dst
}

func (o Origin) append(dst []byte) []byte {
	dst = append(dst, "o="...)
	user := orElse(o.Username, "-")
	if strings.ContainsAny(user, " \t") { // "username = non-ws-string" (RFC 8866 section 9)
		user = strings.Join(fields(nil, user), "_")
	}
	dst = appendText(dst, user)
	dst = strconv.AppendUint(append(dst, ' '), o.ID, 10)
	dst = strconv.AppendUint(append(dst, ' '), o.Version, 10)
	dst = appendAddress(append(dst, ' '), orElse(o.Host, "0.0.0.0"))
	return append(dst, "\r\n"...)
}

// append writes one section of s; what it inherits from s is not repeated.
func (m *Media) append(dst []byte, s *Description, secret func([]byte, Secret) []byte) []byte {
	dst = m.appendMediaLine(dst)
	if m.Host != "" && (m.Host != s.Host || len(m.MoreHosts) > 0) {
		dst = appendConnection(dst, m.Host)
	}
	for _, host := range m.MoreHosts {
		dst = appendConnection(dst, host)
	}
	dst = appendBandwidth(dst, m.Bandwidth)
	for i := range m.Codecs {
		dst = m.Codecs[i].append(dst)
	}
	dst = appendTime(dst, "a=ptime:", m.Ptime)
	dst = appendTime(dst, "a=maxptime:", m.MaxPtime)
	dst = m.RTCP.append(dst)
	if m.RTCPMux {
		dst = append(dst, "a=rtcp-mux\r\n"...)
	}
	dst = m.Security.append(dst, s.Security, secret)
	dst = appendAttributes(dst, m.Attributes)
	if m.Direction != s.Direction || m.Port != 0 && m.RTP() {
		dst = appendLine(dst, "a=", m.Direction.String())
	}
	return dst
}

func (m *Media) appendMediaLine(dst []byte) []byte {
	dst = appendText(append(dst, "m="...), m.Kind)
	dst = strconv.AppendUint(append(dst, ' '), uint64(m.Port), 10)
	if m.PortCount > 1 {
		dst = strconv.AppendInt(append(dst, '/'), int64(m.PortCount), 10)
	}
	dst = appendText(append(dst, ' '), m.Proto)
	for i := range m.Codecs {
		dst = strconv.AppendUint(append(dst, ' '), uint64(m.Codecs[i].PayloadType), 10)
	}
	for _, f := range m.Formats {
		dst = appendText(append(dst, ' '), f)
	}
	return append(dst, "\r\n"...)
}

// append writes what there is to say of a codec: a=rtpmap when it has a name, a=fmtp
// when it has parameters.
func (c *Codec) append(dst []byte) []byte {
	if c.Name != "" {
		dst = append(dst, "a=rtpmap:"...)
		dst = strconv.AppendUint(dst, uint64(c.PayloadType), 10)
		dst = c.appendEncoding(append(dst, ' '))
		dst = append(dst, "\r\n"...)
	}
	if c.Fmtp != "" {
		dst = append(dst, "a=fmtp:"...)
		dst = strconv.AppendUint(dst, uint64(c.PayloadType), 10)
		dst = appendLine(dst, " ", c.Fmtp)
	}
	return dst
}

// appendEncoding writes "<name>/<rate>[/<channels>]".
func (c *Codec) appendEncoding(dst []byte) []byte {
	dst = appendText(dst, c.Name)
	dst = strconv.AppendInt(append(dst, '/'), int64(c.ClockRate), 10)
	if c.Channels > 1 {
		dst = strconv.AppendInt(append(dst, '/'), int64(c.Channels), 10)
	}
	return dst
}

func (r RTCP) append(dst []byte) []byte {
	if r.Port == 0 {
		return dst
	}
	dst = strconv.AppendUint(append(dst, "a=rtcp:"...), uint64(r.Port), 10)
	if r.Host != "" {
		dst = appendAddress(append(dst, ' '), r.Host)
	}
	return append(dst, "\r\n"...)
}

func appendConnection(dst []byte, host string) []byte {
	dst = appendAddress(append(dst, "c="...), host)
	return append(dst, "\r\n"...)
}

// appendAddress writes "IN <addrtype> <address>". A host name goes as IP4, the type
// that everybody reads; Parse does not believe it either way.
func appendAddress(dst []byte, host string) []byte {
	if strings.IndexByte(host, ':') >= 0 {
		dst = append(dst, "IN IP6 "...)
	} else {
		dst = append(dst, "IN IP4 "...)
	}
	return appendText(dst, host)
}

func appendBandwidth(dst []byte, lines []Bandwidth) []byte {
	for _, b := range lines {
		dst = appendText(append(dst, "b="...), b.Type)
		dst = strconv.AppendUint(append(dst, ':'), b.Value, 10)
		dst = append(dst, "\r\n"...)
	}
	return dst
}

func appendAttributes(dst []byte, attributes []Attribute) []byte {
	for _, a := range attributes {
		dst = appendText(append(dst, "a="...), a.Name)
		if a.Value != "" {
			dst = appendText(append(dst, ':'), a.Value)
		}
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// appendTime writes a time in milliseconds with as many decimals as it needs.
func appendTime(dst []byte, prefix string, d time.Duration) []byte {
	if d <= 0 {
		return dst
	}
	dst = strconv.AppendInt(append(dst, prefix...), int64(d/time.Millisecond), 10)
	if rest := d % time.Millisecond; rest != 0 {
		dst = append(dst, '.')
		for unit := time.Millisecond / 10; rest > 0; unit /= 10 {
			dst = append(dst, '0'+byte(rest/unit))
			rest %= unit
		}
	}
	return append(dst, "\r\n"...)
}

func appendLine(dst []byte, prefix, text string) []byte {
	dst = appendText(append(dst, prefix...), text)
	return append(dst, "\r\n"...)
}

// appendText writes text that stays within its line.
func appendText(dst []byte, text string) []byte {
	if strings.IndexAny(text, "\r\n\x00") < 0 {
		return append(dst, text...)
	}
	for i := range len(text) {
		if c := text[i]; c != '\r' && c != '\n' && c != 0 {
			dst = append(dst, c)
		}
	}
	return dst
}
