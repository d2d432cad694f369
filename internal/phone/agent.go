package phone

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Agent is one party's SIP side as a plain value: who it is, its dialogs, and
// what it repeats. One goroutine at a time may use it.
type Agent struct {
	// Name is the user part of From and Contact.
	Name string
	// Domain is the host part of From and To.
	Domain string
	// Local is the address that Via and Contact show.
	Local netip.AddrPort
	// Proxy is where a request goes whose target is no address: the gateway.
	Proxy netip.AddrPort
	// Transport is what Via says: "UDP" when empty, or "TCP" or "TLS".
	Transport string
	// SIPS has Contact show a SIPS URI, which goes with TLS.
	SIPS bool
	// Credentials answer challenges.
	Credentials Credentials
	// MD5Only makes it a phone that does not know SHA-256 yet.
	MD5Only bool
	// Reliable makes the agent a user by the RFC: it retransmits, repeats its
	// responses and its ACKs. Without it, only what is asked for is sent.
	Reliable bool
	// Unique goes into every identifier, so that two agents of one name differ.
	Unique string
	// Write sends one packet. It must not call the agent back.
	Write func(packet []byte, to netip.AddrPort)

	made     int
	nonces   int
	dialogs  []*Dialog
	repeats  map[string]*repeat
	replies  map[string]kept
	seen     map[string]kept
	requests map[string]request
}

// kept is a packet that may be needed once more, until a time.
type kept struct {
	packet string
	to     netip.AddrPort
	until  time.Time
}

// request is a message that started a transaction, and where its other side is.
type request struct {
	message *Message
	from    netip.AddrPort
	until   time.Time
}

// Send puts a message on the wire and remembers what must be repeated. A request
// goes to its Route, else to its Request-URI, else to the proxy; a response goes
// where its request's Via says (RFC 3261 section 18.2.2, RFC 3581).
func (a *Agent) Send(now time.Time, m *Message) {
	to := a.destination(m)
	packet := m.String()
	if m.IsRequest() {
		a.rememberRequest(now, m, to)
		a.repeatRequest(now, m, packet, to)
	} else {
		a.rememberReply(now, m, packet, to)
		a.repeatFinal(now, m, packet, to)
	}
	a.Write([]byte(packet), to)
}

// SendRaw puts bytes on the wire as they are and remembers nothing.
func (a *Agent) SendRaw(packet []byte, to netip.AddrPort) { a.Write(packet, to) }

func (a *Agent) destination(m *Message) netip.AddrPort {
	if !m.IsRequest() {
		if r, ok := a.requests[transactionKey(m)]; ok {
			return replyTo(r.message.Get("Via"), r.from)
		}
		return replyTo(m.Get("Via"), a.Proxy)
	}
	next := m.URI
	if m.Has("Route") {
		next = URI(m.Get("Route"))
	}
	if at, ok := Address(next); ok {
		return at
	}
	return a.Proxy
}

// replyTo is the source when Via asks for it with rport, else the source's
// address with the port that Via shows.
func replyTo(via string, from netip.AddrPort) netip.AddrPort {
	first, _, _ := strings.Cut(via, ",")
	if strings.Contains(first, ";rport") || !from.IsValid() {
		return from
	}
	if at, ok := Address("sip:" + SentBy(first)); ok {
		return netip.AddrPortFrom(from.Addr(), at.Port())
	}
	return from
}

// SentBy is where a Via's sender says that it is.
func SentBy(via string) string {
	_, sentBy, _ := strings.Cut(via, " ")
	sentBy, _, _ = strings.Cut(sentBy, ";")
	return strings.TrimSpace(sentBy)
}

// Address is the network address that a SIP URI names, when its host is one; the
// port is 5060 when it has none, and 5061 for TLS.
func Address(uri string) (netip.AddrPort, bool) {
	scheme, rest, _ := strings.Cut(uri, ":")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	hostport, _, _ := strings.Cut(rest, ";")
	hostport, _, _ = strings.Cut(hostport, "?")
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = strings.Trim(hostport, "[]"), "5060"
		if scheme == "sips" || strings.Contains(rest, ";transport=tls") {
			port = "5061"
		}
	}
	ip, err := netip.ParseAddr(host)
	n, bad := strconv.ParseUint(port, 10, 16)
	return netip.AddrPortFrom(ip, uint16(n)), err == nil && bad == nil
}

// identify makes the next identifier of this agent: the same in every run.
func (a *Agent) identify(kind string) string {
	a.made++
	return fmt.Sprintf("%s%s-%s%d", a.Name, a.Unique, kind, a.made)
}

func (a *Agent) newBranch() string { return "z9hG4bK-" + a.identify("b") }

func (a *Agent) transport() string {
	if a.Transport == "" {
		return "UDP"
	}
	return a.Transport
}

func (a *Agent) via(branch string) string {
	return fmt.Sprintf("%s/%s %s;branch=%s;rport", version, a.transport(), a.Local, branch)
}

// Contact is the address that this agent asks to be reached at.
func (a *Agent) Contact() string {
	suffix := ""
	if a.SIPS {
		return fmt.Sprintf("<sips:%s@%s>", a.Name, a.Local)
	}
	if a.transport() != "UDP" {
		suffix = ";transport=" + strings.ToLower(a.Transport)
	}
	return fmt.Sprintf("<sip:%s@%s%s>", a.Name, a.Local, suffix)
}

// transactionKey names a transaction as both sides see it: RFC 3261 section
// 17.2.3, "the ACK ... uses the method of the INVITE".
func transactionKey(m *Message) string {
	_, method := m.CSeq()
	if method == "ACK" {
		method = "INVITE"
	}
	return m.Branch() + " " + method
}
