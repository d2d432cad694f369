package bridge

import (
	"slices"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sdp"
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

// tellOffer offers a party something of ours. Whom it has come to talk with by the same step
// it learns by that, and not by a request of its own.
func (m *Machine) tellOffer(p *participant, s *sdp.Description) {
	o := Offer{SDP: s}
	m.out = slices.DeleteFunc(m.out, func(a Action) bool {
		t, told := a.(Tell)
		who, identifies := t.Command.(Identify)
		if !told || !identifies || t.Participant != p.id {
			return false
		}
		o.Connected = who.Connected
		return true
	})
	m.tell(p, o)
}

// shown is who a party is for another one that may know.
func (p *participant) shown() dialplan.Shown {
	private := p.request != nil && p.request.Privacy != "" && p.request.Privacy != "none"
	if p.identity.User != "" {
		return dialplan.Shown{User: p.identity.User, Private: private}
	}
	return dialplan.Shown{Number: dialplan.Number(p.identity.Phone), User: p.identity.Phone, Private: private}
}
