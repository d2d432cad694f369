package phone

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// RFC 3261 section 17.1.1.1 and table 4. A transaction is over after 64*T1.
const (
	T1       = 500 * time.Millisecond
	T2       = 4 * time.Second
	lifetime = 64 * T1
)

// repeat is one message on its way to be sent again.
type repeat struct {
	packet   string
	to       netip.AddrPort
	due      time.Time
	interval time.Duration
	ceiling  time.Duration
	end      time.Time
}

// repeatRequest arms timers A and B, or E and F: an INVITE doubles its interval
// without limit, others up to T2. An ACK is never repeated by a timer, and over a
// reliable transport nothing but a 2xx is.
func (a *Agent) repeatRequest(now time.Time, m *Message, packet string, to netip.AddrPort) {
	_, method := m.CSeq()
	switch {
	case method == "ACK" || a.transport() != "UDP":
		return
	case method == "INVITE":
		a.repeat(now, clientKey(m), packet, to, lifetime)
	default:
		a.repeat(now, clientKey(m), packet, to, T2)
	}
}

// repeatFinal arms timer G, or section 13.3.1.4's for a 2xx: both start at T1,
// double up to T2 and end with the ACK or after 64*T1.
func (a *Agent) repeatFinal(now time.Time, m *Message, packet string, to netip.AddrPort) {
	number, method := m.CSeq()
	if method == "INVITE" && m.Status >= 200 && (a.transport() == "UDP" || m.Status < 300) {
		a.repeat(now, finalKey(m.Get("Call-ID"), number, m.Tag("To")), packet, to, T2)
	}
}

func (a *Agent) repeat(now time.Time, key, packet string, to netip.AddrPort, ceiling time.Duration) {
	if !a.Reliable {
		return
	}
	if a.repeats == nil {
		a.repeats = map[string]*repeat{}
	}
	a.repeats[key] = &repeat{
		packet: packet, to: to, due: now.Add(T1), interval: T1, ceiling: ceiling, end: now.Add(lifetime),
	}
}

// repeatAnswered ends a request's repeats: an INVITE's with any response, others
// with a final one; "if a provisional response is received while in the Trying
// state ... retransmissions continue, but with an interval of T2".
func (a *Agent) repeatAnswered(m *Message) {
	_, method := m.CSeq()
	r, ok := a.repeats[clientKey(m)]
	switch {
	case !ok:
	case method == "INVITE" || m.Status >= 200:
		delete(a.repeats, clientKey(m))
	default:
		r.interval = r.ceiling
	}
}

// rememberRequest keeps a request for its CANCEL, its ACK and its retry, and an
// ACK under the response that it answers.
func (a *Agent) rememberRequest(now time.Time, m *Message, to netip.AddrPort) {
	if m.Method == "ACK" {
		number, _ := m.CSeq()
		key := "ack " + finalKey(m.Get("Call-ID"), number, m.Tag("To"))
		a.keepReply(key, kept{m.String(), to, now.Add(lifetime)})
		return
	}
	a.keepRequest(now, m, to)
}

func (a *Agent) keepRequest(now time.Time, m *Message, other netip.AddrPort) {
	if a.requests == nil {
		a.requests = map[string]request{}
	}
	a.requests[transactionKey(m)] = request{m, other, now.Add(4 * time.Hour)}
}

// rememberReply keeps the last response of a transaction for its request's next
// copy (section 17.2).
func (a *Agent) rememberReply(now time.Time, m *Message, packet string, to netip.AddrPort) {
	a.keepReply(transactionKey(m), kept{packet, to, now.Add(lifetime)})
}

func (a *Agent) keepReply(key string, k kept) {
	if a.replies == nil {
		a.replies = map[string]kept{}
	}
	a.replies[key] = k
}

func (a *Agent) repeatReply(key string) {
	if k, ok := a.replies[key]; ok && a.Reliable {
		a.Write([]byte(k.packet), k.to)
	}
}

// Next is when Tick has something to do; zero when nothing is due ever.
func (a *Agent) Next() time.Time {
	var next time.Time
	for _, r := range a.repeats {
		if next.IsZero() || r.due.Before(next) {
			next = r.due
		}
	}
	return next
}

// Tick sends what is due once more, in an order that is the same in every run,
// and forgets what nobody can ask for again.
func (a *Agent) Tick(now time.Time) {
	for _, key := range slices.Sorted(maps.Keys(a.repeats)) {
		r := a.repeats[key]
		switch {
		case r.due.After(now):
		case !r.end.After(now):
			delete(a.repeats, key)
		default:
			a.Write([]byte(r.packet), r.to)
			r.interval = min(2*r.interval, r.ceiling)
			r.due = earlier(r.due.Add(r.interval), r.end)
		}
	}
	over := func(_ string, k kept) bool { return now.After(k.until) }
	maps.DeleteFunc(a.replies, over)
	maps.DeleteFunc(a.seen, over)
	maps.DeleteFunc(a.requests, func(_ string, r request) bool { return now.After(r.until) })
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func clientKey(m *Message) string { return "client " + transactionKey(m) }

func ackKey(response *Message) string {
	number, _ := response.CSeq()
	return "ack " + finalKey(response.Get("Call-ID"), number, response.Tag("To"))
}

func finalKey(callID string, cseq uint32, tag string) string {
	return fmt.Sprintf("final %s %d %s", callID, cseq, tag)
}
