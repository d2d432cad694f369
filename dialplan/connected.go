package dialplan

import "strings"

// Answerer is who has answered a call, in the word of the trunk that it was sent to:
// the P-Asserted-Identity and the Privacy of its 2xx. Only a trusted trunk is
// believed; the zero Shown says that nobody knows.
//
// RFC 3325 s5 is for responses as for requests: a node that is trusted is believed
// "as if it had authenticated the user itself".
func (p *Plan) Answerer(trunk, asserted, privacy string) Shown {
	t := p.trunks[trunk]
	if t == nil || !t.Trusted || asserted == "" {
		return Shown{}
	}
	id, display, ok := p.asserted(asserted)
	if !ok {
		return Shown{}
	}
	return Shown{Number: id.number, User: id.raw, Display: printable(display), Private: wantsPrivacy(privacy)}
}

// Connected writes who has answered for the party that called, to stand in its 2xx:
// in P-Asserted-Identity for a user, in the header that a trunk looks at for a
// trusted trunk. Others learn nothing, nor does a user of who wants privacy. A trunk
// that looks at From alone cannot be told: RFC 3261 s8.2.6.2 has the From and To of a
// response equal those of its request.
func (p *Plan) Connected(caller Party, s Shown) Identity {
	t := p.trunks[caller.Name]
	switch {
	case s.User == "":
	case caller.Kind == PartyUser && !s.Private:
		return Identity{AssertedDisplay: s.Display, AssertedUser: s.User}
	case caller.Kind == PartyTrunk && t != nil && t.Trusted && s.Number != "":
		return s.connected(t.CallerID)
	}
	return Identity{}
}

// connected is Identity for the called party, without From.
func (s Shown) connected(style CallerID) Identity {
	id := s.Identity(style, true)
	id.FromDisplay, id.FromUser, id.FromHost = "", "", HostOwn
	switch style {
	case CallerIDFrom:
		return Identity{}
	case CallerIDRPID:
		id.RemotePartyParams = strings.Replace(id.RemotePartyParams, "calling", "called", 1)
	}
	return id
}

// answers is who the caller is told has answered, when it is a phone of the user:
// the number that was called where it is the user's, else the user's name within the
// house and its first number outside.
func (p *Plan) answers(u *User, called Number, caller PartyKind) Shown {
	ids := p.callerIDs[u.Name]
	switch {
	case called != "" && p.owners[called] == u:
		return Shown{Number: called, User: string(called)}
	case caller == PartyUser || len(ids) == 0:
		return Shown{User: u.Name}
	}
	return Shown{Number: ids[0], User: string(ids[0])}
}
