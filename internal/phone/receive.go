package phone

import (
	"net/netip"
	"time"
)

// Arrival is one packet as it came in.
type Arrival struct {
	*Message
	// Again tells that the same message came before.
	Again bool
	// Dialog is the dialog it belongs to, or nil.
	Dialog *Dialog
	// From is where it came from, At when.
	From netip.AddrPort
	At   time.Time
}

// Receive takes one packet. It updates the dialogs, ends the repeats that the
// packet answers and, when Reliable, repeats our answer to one that came again.
// What it means is the caller's to decide.
func (a *Agent) Receive(now time.Time, packet []byte, from netip.AddrPort) (Arrival, error) {
	m, err := Parse(packet)
	if err != nil {
		return Arrival{}, err
	}
	at := Arrival{Message: m, From: from, At: now, Again: a.again(now, m)}
	if m.IsRequest() {
		at.Dialog = a.receiveRequest(now, m, from, at.Again)
	} else {
		at.Dialog = a.receiveResponse(m, at.Again)
	}
	return at, nil
}

func (a *Agent) receiveRequest(now time.Time, m *Message, from netip.AddrPort, again bool) *Dialog {
	if m.Method == "ACK" {
		number, _ := m.CSeq()
		delete(a.repeats, finalKey(m.Get("Call-ID"), number, m.Tag("To")))
		return a.answering(m)
	}
	if again {
		a.repeatReply(transactionKey(m))
		return a.answering(m)
	}
	a.keepRequest(now, m, from)
	if m.Method == "INVITE" {
		return a.invited(m)
	}
	return a.answering(m)
}

func (a *Agent) receiveResponse(m *Message, again bool) *Dialog {
	a.repeatAnswered(m)
	_, method := m.CSeq()
	if again && m.Status >= 200 {
		a.repeatReply(ackKey(m))
	}
	if method == "INVITE" {
		if d := a.answered(m); d != nil {
			return d
		}
	}
	return a.Find(m.Get("Call-ID"), m.Tag("From"), m.Tag("To"))
}

// again tells whether a message came before.
func (a *Agent) again(now time.Time, m *Message) bool {
	key := identity(m)
	_, before := a.seen[key]
	if a.seen == nil {
		a.seen = map[string]kept{}
	}
	a.seen[key] = kept{until: now.Add(lifetime)}
	return before
}

// identity is what makes a message the same as another one. A request is known by
// its branch and method. A transaction has one final failure (RFC 3261 section
// 17.1.1.2, Completed), but a 2xx of each fork; a provisional response is known by
// its whole text, for two 183 may differ in nothing but what they describe.
func identity(m *Message) string {
	switch {
	case m.IsRequest():
		return m.Branch() + " " + m.Method
	case m.Status >= 300:
		return transactionKey(m) + " failed"
	case m.Status >= 200:
		return transactionKey(m) + " " + m.Tag("To")
	}
	return m.String()
}

// Invited is the INVITE that a CANCEL is about, or nil.
func (a *Agent) Invited(cancel *Message) *Message {
	return a.requests[cancel.Branch()+" INVITE"].message
}

// Original is the request that a response answers, or nil.
func (a *Agent) Original(response *Message) *Message {
	return a.requests[transactionKey(response)].message
}

// SentTo is where the request went that a response answers; invalid when there is none.
func (a *Agent) SentTo(response *Message) netip.AddrPort {
	return a.requests[transactionKey(response)].from
}
