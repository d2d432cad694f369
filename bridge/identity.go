package bridge

import (
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// identityOf is who a party is, as the call resource has it: a user, or a number that is
// reached over a trunk.
func identityOf(p dialplan.Party, number string) event.Identity {
	if p.Kind == dialplan.PartyUser {
		return event.Identity{User: p.Name}
	}
	return event.Identity{Phone: number}
}

// asks is what a party would ask of the dialplan with. One that was called is who was
// dialled.
func (p *participant) asks() dialplan.Request {
	switch {
	case p.request != nil:
		return *p.request
	case p.party.Kind == dialplan.PartyUser:
		return dialplan.Request{Origin: p.party}
	}
	uri := "tel:" + p.identity.Phone
	return dialplan.Request{Origin: p.party, FromURI: uri, AssertedIdentity: "<" + uri + ">"}
}

// identified passes on who a party is now, to the one that talks with it.
func (m *Machine) identified(p *participant, who dialplan.Shown) {
	q := m.counterpart(p)
	if who.User == "" || q == nil || !p.inTalk() || m.transfer.hunts() {
		return
	}
	m.tell(q, Identify{Connected: who})
}

// introduce tells two parties of a transfer whom they have come to talk with. RFC 5589 s5
// leaves it to identity; a phone would go on showing the transferor.
func (m *Machine) introduce(p, q *participant) {
	for _, pair := range [...][2]*participant{{p, q}, {q, p}} {
		if who := pair[1].shown(); who.User != "" {
			m.tell(pair[0], Identify{Connected: who})
		}
	}
}

// shown is who a party is for another one that may know.
func (p *participant) shown() dialplan.Shown {
	private := p.request != nil && p.request.Privacy != "" && p.request.Privacy != "none"
	if p.identity.User != "" {
		return dialplan.Shown{User: p.identity.User, Private: private}
	}
	return dialplan.Shown{Number: dialplan.Number(p.identity.Phone), User: p.identity.Phone, Private: private}
}
