package dialog

import (
	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Leftover answers the retransmissions that may still come after a usage has
// ended: what timers D, I, J and L of RFC 3261 s17 wait for. It is worth keeping for
// 64*T1. A usage that is told of a message after its end answers from its leftovers
// itself.
type Leftover struct {
	// Request is the key of a request that may be repeated; zero when this is
	// about a response.
	Request transaction.ServerKey
	// Response is the key of a final failure that may be repeated. A 2xx with the
	// same key is another fork's, or of a call that was withdrawn: see Disown.
	Response transaction.ClientKey
	// Answer is sent for each repetition; nil swallows it.
	Answer []byte
	// Flow and Hop say where to, as in Action.
	Flow transport.Flow
	Hop  string
}

// leftovers collects what is left when the usage ends.
func (u *Usage) leftovers() (list []Leftover) {
	for _, s := range u.servers {
		l := Leftover{Request: s.key, Flow: s.flow}
		if s.key.Method != string(sip.INVITE) {
			l.Answer = s.last // a repeated INVITE was acknowledged and needs nothing
		}
		list = append(list, l)
	}
	for _, c := range u.clients {
		if c.status >= 300 && c.ack != nil {
			list = append(list, Leftover{
				Response: transaction.NewClientKey(c.message.branch, c.message.method),
				Answer:   c.ack, Hop: c.ackHop, Flow: c.flow,
			})
		}
	}
	return list
}

// receiveLate answers what comes after the end.
func (u *Usage) receiveLate(msg sip.Message, flow transport.Flow) {
	switch m := msg.(type) {
	case *sip.Request:
		if key := Key(m); !u.answerLate(func(l *Leftover) bool { return l.Request == key }) && m.Method != sip.ACK {
			u.turnAway(m, flow, 481)
		}
	case *sip.Response:
		key := transaction.NewClientKey(wire.Branch(m), string(m.CSeq().MethodName))
		if m.StatusCode < 300 || !u.answerLate(func(l *Leftover) bool { return l.Response == key }) {
			u.straggler(m)
		}
	}
}

// answerLate gives a repetition the answer that is left for it.
func (u *Usage) answerLate(about func(*Leftover) bool) bool {
	for i := range u.rest {
		if l := &u.rest[i]; about(l) {
			if l.Answer != nil {
				u.act(Action{Send: l.Answer, Flow: l.Flow, Hop: l.Hop})
			}
			return true
		}
	}
	return false
}
