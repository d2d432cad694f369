package dialplan

// TransferCallerID says whose number the target of a transfer is shown.
type TransferCallerID uint8

const (
	// TransferAsTransferor shows who transfers: "transferor".
	TransferAsTransferor TransferCallerID = iota
	// TransferAsTransferee shows who is transferred, or the transferor where that asks for
	// a caller ID which is not its own: "transferee".
	TransferAsTransferee
)

// String gives the spelling in a configuration.
func (t TransferCallerID) String() string {
	return nameOf([]string{TransferAsTransferor: "transferor", TransferAsTransferee: "transferee"}, int(t))
}

// Transfer is a party's wish that the other one be connected with somebody else (RFC
// 5589).
type Transfer struct {
	// Request is what the transferor asks for: its Origin, and in To the target.
	Request Request
	// Transferee is what the party that is transferred would ask with: its Origin and who
	// it is in FromURI and AssertedIdentity.
	Transferee Request
	// Show is whose number the target sees.
	Show TransferCallerID
}

// Transfer says where a transfer leads. It is decided as if the transferor had dialled
// the target: what it may not call, it may not transfer to. A route with a caller ID of
// its own shows that, and an emergency call its caller, who is the transferor.
func (p *Plan) Transfer(t Transfer) Decision {
	if t.Show == TransferAsTransferor {
		return p.Decide(t.Request)
	}
	shown := p.callerOf(&t.Transferee)
	return p.decide(t.Request, &shown)
}

// Recall says how a party is called back that has transferred a call which nobody took:
// the phones of a user, or the number of a trunk over that trunk.
func (p *Plan) Recall(to Party, number string, transferee Request) Decision {
	d := Decision{Dialled: number}
	rt := &route{}
	c := p.callerOf(&transferee)
	a := asking{request: &transferee, from: transferee.Origin, caller: &c}
	switch {
	case to.Kind == PartyUser && p.users[to.Name] != nil:
		u := *p.users[to.Name]
		u.Forwards = Forwards{} // it is this party that is wanted
		rt.user, d.Dialled = &u, to.Name
	case to.Kind == PartyTrunk && p.trunks[to.Name] != nil && number != "":
		rt.trunks = []*Trunk{p.trunks[to.Name]}
		d.Callee = Number(number)
	default:
		d.Refusal = p.notFound(causeNoRoute, "nobody can call back %s %s", to.Kind, quoted(to.Name))
		return d
	}
	d.RingingTimeout = rt.ringing()
	p.ring(&d, rt)
	p.recallAttempts(&d, rt, &a)
	return d
}

// recallAttempts are made with whatever caller ID the party may be shown: a call that
// comes back must not fail for that.
func (p *Plan) recallAttempts(d *Decision, rt *route, a *asking) {
	if rt.user != nil {
		s, _ := a.caller.shown("", CallerIDReplace, true)
		d.Attempts = []Attempt{p.toUser(rt.user, s, d.Callee, a)}
		return
	}
	s, _ := a.caller.shown("", CallerIDReplace, false)
	d.Attempts = []Attempt{toTrunk(rt.trunks[0], string(d.Callee), s, a)}
}
