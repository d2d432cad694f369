package wire

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// magicCookie begins a branch that identifies its transaction, RFC 3261 s8.1.1.7.
const magicCookie = "z9hG4bK"

// parseVia reads one via-parm up to a comma or the end, where rest begins. A Via
// with a flaw is usable (for the answer that names the flaw) when it has a host.
func parseVia(s string, v *sip.ViaHeader) (rest string, err error) {
	if s, err = parseSentProtocol(s, v); err != nil {
		return s, err
	}
	end := strings.IndexAny(s, ";,")
	if end < 0 {
		end = len(s)
	}
	if err = parseSentBy(trim(s[:end]), v); err != nil {
		v.Host = ""
		return s[end:], err
	}
	if rest, err = parseParams(s[end:], &v.Params); err != nil {
		return rest, err
	}
	return rest, normalVia(v)
}

// parseSentProtocol reads protocol-name SLASH protocol-version SLASH transport LWS.
func parseSentProtocol(s string, v *sip.ViaHeader) (rest string, err error) {
	for i, part := range []*string{&v.ProtocolName, &v.ProtocolVersion, &v.Transport} {
		s = trimLeft(s)
		n := run(s, tokenChar)
		if *part = s[:n]; n == 0 {
			return s, flaw("no protocol/version/transport")
		}
		s = s[n:]
		if i == 2 {
			break
		}
		if s = trimLeft(s); s == "" || s[0] != '/' {
			return s, flaw("no protocol/version/transport")
		}
		s = s[1:]
	}
	if s == "" || !isBlank(s[0]) {
		return s, flaw("no blank after the transport")
	}
	v.Transport = strings.ToUpper(v.Transport)
	return s, nil
}

// parseSentBy reads sent-by = host [ COLON port ]; COLON may have blanks around it.
func parseSentBy(s string, v *sip.ViaHeader) error {
	if i := strings.LastIndexByte(s, ':'); i > 0 && strings.IndexAny(s, " \t") >= 0 {
		s = trimRight(s[:i]) + ":" + trimLeft(s[i+1:])
	}
	if err := parseHostPort(s, &v.Host, &v.Port); err != nil {
		return err
	}
	v.Host = strings.Trim(v.Host, "[]")
	return nil
}

// normalVia checks the parameters that decide where a response goes and which
// transaction it belongs to.
func normalVia(v *sip.ViaHeader) error {
	for i := range v.Params {
		p := &v.Params[i]
		switch p.K {
		case "branch":
			// RFC 4475 s3.2.1: the cookie without an identifier.
			if strings.EqualFold(p.V, magicCookie) {
				return flaw("branch has no identifier")
			}
		case "received":
			// RFC 5118 s4.5: with brackets it breaks the grammar, "robust
			// implementations must nonetheless be able to parse" it.
			p.V = strings.Trim(p.V, "[]")
		}
	}
	return nil
}

// StampVia writes into the top Via of a request where it came from: received
// (RFC 3261 s18.2.1, when the sent-by is a name or another address) and, when the
// sender asked for it, rport (RFC 3581 s4, then received in any case). Values that
// the sender put there itself are replaced: they would choose whom we answer.
func StampVia(via *sip.ViaHeader, source netip.AddrPort) {
	address := source.Addr().Unmap().WithZone("")
	_, asked := Param(via.Params, "rport")
	if asked {
		setParam(&via.Params, "rport", strconv.Itoa(int(source.Port())))
	}
	if asked || HostAddr(via.Host).Unmap() != address {
		setParam(&via.Params, "received", address.String())
		return
	}
	via.Params.Remove("received")
}

// setParam sets the value of a parameter, whatever its value was.
func setParam(params *sip.HeaderParams, name, value string) {
	for i := range *params {
		if (*params)[i].K == name {
			(*params)[i].V = value
			return
		}
	}
	*params = append(*params, sip.HeaderKV{K: name, V: value})
}

// reliable reports whether a Via's transport keeps a connection for the response.
func reliable(transport string) bool { return transport != "UDP" && transport != "DTLS-UDP" }

// defaultPort is RFC 3261 s19.1.2's for a transport as a Via names it.
func defaultPort(transport string) uint16 {
	switch transport {
	case "TLS", "WSS", "DTLS-UDP":
		return 5061
	}
	return 5060
}

// ResponseDestination returns where the response to a request goes: via is the
// request's top Via after StampVia, transport the one it came over ("UDP", "TCP",
// "TLS"), source where it came from.
//
// RFC 3261 s18.2.2 in its order. A reliable transport: "the response MUST be sent
// using the existing connection to the source of the original request"; source
// names that connection, and when it is gone a new one goes to received and the
// sent-by's port (ResponseFallback). maddr: "the response MUST be forwarded to the
// address listed there"; a maddr that is a name is not looked up, the rules below
// apply to it. Else to received, and to rport (RFC 3581 s4) or the sent-by's port.
func ResponseDestination(via *sip.ViaHeader, transport string, source netip.AddrPort) netip.AddrPort {
	transport = strings.ToUpper(transport)
	if reliable(transport) {
		return source
	}
	if maddr, ok := Param(via.Params, "maddr"); ok {
		if address := HostAddr(maddr); address.IsValid() {
			return netip.AddrPortFrom(address, sentByPort(via, transport))
		}
	}
	return ResponseFallback(via, transport, source)
}

// ResponseFallback returns the address that the Via and the source's address make:
// for a datagram's response without maddr, and for a stream whose connection is gone
// (RFC 3261 s18.2.2: "the server SHOULD open a connection to the IP address in the
// "received" parameter, if present, using the port in the "sent-by" value, or the
// default port for that transport").
func ResponseFallback(via *sip.ViaHeader, transport string, source netip.AddrPort) netip.AddrPort {
	transport = strings.ToUpper(transport)
	port := sentByPort(via, transport)
	if rport, ok := Param(via.Params, "rport"); ok && !reliable(transport) {
		if n, err := strconv.ParseUint(rport, 10, 16); err == nil && n > 0 {
			port = uint16(n)
		}
	}
	return netip.AddrPortFrom(source.Addr(), port)
}

func sentByPort(via *sip.ViaHeader, transport string) uint16 {
	if via.Port > 0 && via.Port <= 65535 {
		return uint16(via.Port)
	}
	return defaultPort(transport)
}
