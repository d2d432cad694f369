package dialog

import (
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// Leftover answers the retransmissions that may still come after a usage has
// ended: what timers D, I, J, L and M of RFC 3261 s17 wait for. It is worth
// keeping for 64*T1.
type Leftover struct {
	// Request is the key of a request that may be repeated; zero when this is
	// about a response.
	Request transaction.ServerKey
	// Response is the key of a final failure that may be repeated.
	Response transaction.ClientKey
	// Answer is sent for each repetition; nil swallows it.
	Answer []byte
	// Flow and Hop say where to, as in Action.
	Flow transport.Flow
	Hop  string
}

// leftovers collects what is left when the usage ends.
func (u *Usage) leftovers() []Leftover {
	list := u.invite.owed
	for _, s := range u.servers {
		l := Leftover{Request: s.key, Flow: s.flow}
		if s.method != "INVITE" {
			l.Answer = s.last // a repeated INVITE was acknowledged and needs nothing
		}
		list = append(list, l)
	}
	for _, c := range u.clients {
		if c.ack != nil && !c.ended {
			list = append(list, c.leftover())
		}
	}
	return list
}

// owe keeps the ACK of a request that was sent anew after a challenge.
func (u *Usage) owe(c *client) {
	if c.ack != nil {
		u.invite.owed = append(u.invite.owed, c.leftover())
	}
}

func (c *client) leftover() Leftover {
	return Leftover{
		Response: transaction.NewClientKey(c.message.branch, c.message.method),
		Answer:   c.ack, Hop: c.message.hop,
	}
}
