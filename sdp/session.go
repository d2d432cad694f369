package sdp

import (
	"net/netip"
	"strings"
	"time"
)

// Description is one session description (RFC 8866 section 5).
type Description struct {
	Origin     Origin
	Name       string      // s=; "" for none, written as "-"
	Host       string      // the session's c= address or name; "" for none
	Bandwidth  []Bandwidth // the session's b= lines
	Timing     string      // first t= line's value; "" is written as "0 0"
	Direction  Direction   // the default that streams inherit: SendRecv when the session says nothing
	Security   *Security   // the session's fingerprints and setup, which streams inherit, without Cryptos; nil for none
	Attributes []Attribute // the session's other a= lines, in order
	Media      []Media     // the m= sections, in order
}

// Origin is the o= line (RFC 8866 section 5.2). Origins are compared with ==: equal
// ones name the same version of the same description.
//
// ID and Version "MUST be representable with a 64 bit signed integer" (RFC 3264
// section 5). Something else that a peer puts there is folded into such a number,
// so that what one may ask of a peer's origin, has it changed, keeps its answer.
type Origin struct {
	Username string // "" for none, written as "-"; blanks become "_"
	ID       uint64
	Version  uint64
	Host     string // as it came; nobody may send anything there
}

// Media is one m= section (RFC 8866 section 5.14).
type Media struct {
	Kind      string // "audio", "video", "image" …; lower case when it is a registered one
	Port      uint16 // 0: the stream is refused or gone (RFC 3264 section 6)
	PortCount int    // of "port/count"; 0 and 1 are one pair
	Proto     string // "RTP/AVP" …; upper case when it is an RTP profile
	// Host is where the describer receives: an IP literal or a legal host name, the
	// session's unless the stream has its own, "" when neither has one. The TTL of a
	// multicast address is not kept.
	Host      string
	MoreHosts []string // further c= lines of this stream, which nothing here uses
	// Codecs are the RTP formats in order of preference. One without a Name is a
	// dynamic payload number that no a=rtpmap explains.
	Codecs     []Codec
	Formats    []string // the formats as they came when they are no payload numbers
	Direction  Direction
	Ptime      time.Duration // packet time that the describer wants to receive; 0 for none
	MaxPtime   time.Duration // longest packet that it takes; 0 for none
	RTCP       RTCP          // a=rtcp (RFC 3605); zero when absent
	RTCPMux    bool          // a=rtcp-mux (RFC 5761)
	Security   *Security     // its keys, nil for none; fingerprints and setup are the session's unless it has its own
	Bandwidth  []Bandwidth
	Attributes []Attribute // the other a= lines, in order
}

// RTCP is where RTCP is wanted when that is not the next port (RFC 3605). Host is ""
// when it is the stream's own.
type RTCP struct {
	Port uint16
	Host string
}

// Bandwidth is one b= line (RFC 8866 section 5.8). The unit belongs to the type:
// kbit/s for AS and CT, bit/s for TIAS, RS and RR.
type Bandwidth struct {
	Type  string
	Value uint64
}

// Attribute is one a= line that this package gives no meaning to. Value is "" for a
// flag such as a=rtcp-rsize.
type Attribute struct {
	Name  string
	Value string
}

// rtpProfiles are the transports that carry RTP, for which formats are payload
// numbers (RFC 8866 section 5.14).
var rtpProfiles = []string{
	"RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF",
	"UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF", "TCP/RTP/AVP", "TCP/TLS/RTP/SAVP",
}

// mediaKinds are the registered media types of RFC 8866 section 8.2.2.
var mediaKinds = []string{"audio", "video", "text", "application", "message", "image"}

// known returns the entry of names that s spells in some case, else s.
func known(names []string, s string) string {
	for _, n := range names {
		if len(n) == len(s) && strings.EqualFold(n, s) {
			return n
		}
	}
	return s
}

// RTP reports whether the stream is carried by an RTP profile.
func (m *Media) RTP() bool {
	for _, p := range rtpProfiles {
		if len(p) == len(m.Proto) && strings.EqualFold(p, m.Proto) {
			return true
		}
	}
	return false
}

// Audio reports whether the stream is audio over RTP that is not refused.
func (m *Media) Audio() bool {
	return m.Port != 0 && strings.EqualFold(m.Kind, "audio") && m.RTP()
}

// Audio is the first active audio stream over RTP, nil when there is none.
func (s *Description) Audio() *Media {
	for i := range s.Media {
		if s.Media[i].Audio() {
			return &s.Media[i]
		}
	}
	return nil
}

// Addr is Host when it is an IP literal (an IPv4-mapped one as IPv4), else the zero
// Addr: a name has to be resolved by the caller.
func (m *Media) Addr() netip.Addr { return literal(m.Host) }

// AddrPort is where RTP is wanted; not valid when Host is a name or absent.
func (m *Media) AddrPort() netip.AddrPort {
	return addrPort(m.Addr(), m.Port)
}

// RTCPAddrPort is where RTCP is wanted when it is not multiplexed: a=rtcp where
// present, else the next port. Not valid when the host is no literal or no port is left.
//
// "Unless there is an explicit indication otherwise, reports are sent to the port
// number one higher than the number indicated" (RFC 3264 section 5.1).
func (m *Media) RTCPAddrPort() netip.AddrPort {
	host, port := m.Host, m.Port+1 // 65535 wraps to 0: there is no next port
	if m.RTCP.Port != 0 {
		port = m.RTCP.Port
	}
	if m.RTCP.Host != "" {
		host = m.RTCP.Host
	}
	return addrPort(literal(host), port)
}

// Held reports the hold of RFC 2543: an address to which nothing can be sent.
//
// "An agent MUST be capable of receiving SDP with a connection address of 0.0.0.0,
// in which case it means that neither RTP nor RTCP should be sent to the peer"
// (RFC 3264 section 8.4). The unspecified IPv6 address and a name under .invalid,
// which never resolves (RFC 6761 section 6.4), are read the same way.
func (m *Media) Held() bool { return unreachable(m.Host) }

// unreachable reports whether a host says that there is none.
func unreachable(host string) bool {
	if addr := literal(host); addr.IsValid() {
		return addr.IsUnspecified()
	}
	const invalid = ".invalid"
	name := strings.TrimSuffix(host, ".")
	return len(name) > len(invalid) && strings.EqualFold(name[len(name)-len(invalid):], invalid)
}

// EffectiveDirection is the one direction that the section states, seen from its
// describer: its a= line, without receiving when it is held by its address, and
// Inactive when its port is 0.
func (m *Media) EffectiveDirection() Direction {
	switch {
	case m.Port == 0:
		return Inactive
	case m.Held():
		return m.Direction.And(SendOnly)
	}
	return m.Direction.And(SendRecv)
}

// Attribute returns the value of the stream's first attribute of that name, in any
// case; ok is false when there is none.
func (m *Media) Attribute(name string) (value string, ok bool) {
	for _, a := range m.Attributes {
		if strings.EqualFold(a.Name, name) {
			return a.Value, true
		}
	}
	return "", false
}

// literal reads an IP literal; the zero Addr for anything else, zones included.
func literal(host string) netip.Addr {
	if host == "" || !(isDigit(host[0]) || strings.IndexByte(host, ':') >= 0) {
		return netip.Addr{} // a name: spare the parser's error
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// addrPort joins the two, or gives the zero value unless both are there.
func addrPort(addr netip.Addr, port uint16) netip.AddrPort {
	if !addr.IsValid() || port == 0 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr, port)
}
